#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "guest_read.h"
#include "record.h"

static int no_kernel(struct ukvm *handle, const struct ukvm_config *config, const char *why)
{
    const char *path = json_string_value(json_object_get(config_object(config), "kernel"));

    return error_fail(handle->message, UKVM_E_NO_FILE, "kernel %s: %s (check 'kernel' in %s)", path,
                      why, config_name(config));
}

static int open_kernel(struct ukvm *handle, const struct ukvm_config *config, int *fd_out)
{
    const char *path = json_string_value(json_object_get(config_object(config), "kernel"));
    struct stat stat;

    if (path == NULL)
        return error_fail(handle->message, UKVM_E_CONFIG, "%s: 'kernel' is missing",
                          config_name(config));
    /* Not to wait for the other end of a FIFO that is no image anyway. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return no_kernel(handle, config, strerror(errno));
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        close(fd);
        return no_kernel(handle, config, "not a regular file");
    }
    *fd_out = fd;
    return 0;
}

/* On the wire the path is only for display, and at most as long as ukvm_guest can hold. */
static json_t *with_short_kernel(json_t *config)
{
    const size_t max = sizeof(((struct ukvm_guest *)0)->kernel) - 1;
    const char *kernel = json_string_value(json_object_get(config, "kernel"));
    size_t length = kernel != NULL ? strlen(kernel) : 0;
    char text[sizeof(((struct ukvm_guest *)0)->kernel)];

    if (length <= max)
        return json_incref(config);
    const char *tail = kernel + length - (max - 3);
    /* Not to start within a UTF-8 sequence. */
    while (((unsigned char)*tail & 0xc0) == 0x80)
        tail++;
    snprintf(text, sizeof(text), "...%s", tail);
    json_t *copy = json_copy(config);
    client_add_argument(&copy, "kernel", json_string(text));
    return copy;
}

static const char *path_name(enum ukvm_path path)
{
    switch (path) {
    case UKVM_PATH_COLD:
        return "cold";
    case UKVM_PATH_SHELL:
        return "shell";
    case UKVM_PATH_LOADED:
        return "loaded";
    default:
        return "any";
    }
}

/* count 0: one guest. */
static json_t *write_json(const struct ukvm_config *config,
                          const struct ukvm_create_options *options, uint32_t count)
{
    json_t *arguments = json_pack("{s:o}", "config", with_short_kernel(config_object(config)));

    if (options->no_wait)
        client_add_argument(&arguments, "wait", json_false());
    if (options->timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(options->timeout_ms));
    if (options->path != UKVM_PATH_ANY)
        client_add_argument(&arguments, "path", json_string(path_name(options->path)));
    if (options->phases != NULL)
        client_add_argument(&arguments, "timing", json_true());
    if (count > 0)
        client_add_argument(&arguments, "count", json_integer(count));
    return arguments;
}

/* As a record if one can say it. */
static int send_create(struct ukvm *handle, const struct ukvm_config *config,
                       const struct ukvm_create_options *options, uint32_t count)
{
    int fd = options->kernel_fd;
    bool opened = fd <= 0;
    int rc;

    if (json_object_get(config_object(config), "name") == NULL)
        return error_fail(handle->message, UKVM_E_CONFIG, "%s: 'name' is missing",
                          config_name(config));
    rc = opened ? open_kernel(handle, config, &fd) : 0;
    if (rc != 0)
        return rc;
    size_t length = record_write_create(config_object(config), options, count, handle->last_id + 1,
                                        handle->packet);
    if (length > 0) {
        handle->last_id++;
        rc = client_send_record(handle, "create", length, fd);
    } else {
        rc = client_send(handle, "create", write_json(config, options, count), fd);
    }
    if (opened)
        close(fd);
    return rc;
}

static void read_path(const json_t *path, struct ukvm_create_options *options)
{
    if (json_is_string(path))
        snprintf(options->path_taken, sizeof(options->path_taken), "%s", json_string_value(path));
}

static bool read_json_reply(const struct client_reply *reply, struct ukvm_guest *guest_out,
                            struct ukvm_create_options *options)
{
    if (!guest_read(json_object_get(reply->ok, "guest"), guest_out))
        return false;
    if (options->phases != NULL)
        guest_read_phases(json_object_get(reply->ok, "timing"), options);
    read_path(json_object_get(reply->ok, "path"), options);
    return true;
}

/* The guest of a reply, which ends here. number: as record_read_guest(). */
static int read_guest(struct ukvm *handle, struct client_reply *reply, size_t record_length,
                      uint32_t number, struct ukvm_guest *guest_out,
                      struct ukvm_create_options *options)
{
    bool good = record_length > 0 ? record_read_guest(handle->packet, record_length,
                                                      handle->last_id, number, guest_out, options)
                                  : read_json_reply(reply, guest_out, options);

    client_reply_fini(reply);
    return good ? 0 : client_malformed(handle, "create without a guest");
}

static int create_with(struct ukvm *handle, const struct ukvm_config *config,
                       struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    struct client_reply reply;
    struct ukvm_guest guest;
    size_t length;
    uint32_t number;
    int rc = send_create(handle, config, options, 0);

    if (rc == 0)
        rc = client_receive(handle, &reply, &length, &number);
    if (rc == 0)
        rc = read_guest(handle, &reply, length, 0, &guest, options);
    if (rc == 0 && guest_out != NULL)
        *guest_out = guest;
    return rc;
}

/* A caller built against another version has a shorter or longer struct. */
static struct ukvm_create_options take_options(const struct ukvm_create_options *options)
{
    struct ukvm_create_options full = {.size = sizeof(full)};

    if (options != NULL)
        memcpy(&full, options, options->size < sizeof(full) ? options->size : sizeof(full));
    return full;
}

static void give_options(struct ukvm_create_options *options,
                         const struct ukvm_create_options *full)
{
    if (options == NULL)
        return;
    if (full->phases != NULL)
        options->phase_count = full->phase_count;
    if (options->size >= sizeof(*full))
        memcpy(options->path_taken, full->path_taken, sizeof(full->path_taken));
}

int ukvm_create(struct ukvm *handle, struct ukvm_config *config,
                struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    struct ukvm_create_options full = take_options(options);
    int rc = create_with(handle, config, &full, guest_out);

    if (rc == 0)
        give_options(options, &full);
    return rc;
}

/* ---- many --------------------------------------------------------------------------- */

struct many {
    struct ukvm *handle;
    struct ukvm_create_options *options;
    uint32_t count, answered;
    ukvm_on_created *on_created;
    void *arg;
};

/* One of them was answered, with rc; reply and length are only of one that was created. */
static int on_answer(struct many *many, int rc, struct client_reply *reply, size_t length,
                     uint32_t number)
{
    struct ukvm_create_options full = take_options(many->options);
    struct ukvm_guest guest;
    struct ukvm_created created = {.number = number, .rc = rc};

    if (number > many->count || many->answered++ == many->count) {
        if (rc == 0)
            client_reply_fini(reply);
        return client_malformed(many->handle, "a guest that was not asked for");
    }
    if (rc == 0) {
        rc = read_guest(many->handle, reply, length, number, &guest, &full);
        if (rc != 0)
            return rc;
        give_options(many->options, &full);
        created.guest = &guest;
    }
    created.message = many->handle->message;
    if (many->on_created != NULL)
        many->on_created(many->arg, &created);
    return 0;
}

/* Until the answer to the whole. */
static int receive_all(struct many *many)
{
    struct client_reply reply;
    size_t length;
    uint32_t number;
    int rc;

    for (;;) {
        rc = client_receive(many->handle, &reply, &length, &number);
        if (number == 0)
            break;
        rc = on_answer(many, rc, &reply, length, number);
        if (rc != 0)
            return rc;
        many->handle->message[0] = '\0';
    }
    if (rc != 0)
        return rc;
    client_reply_fini(&reply);
    /* Every one of them was answered, or something else was said. */
    return length == 0 && many->answered == many->count
               ? 0
               : client_malformed(many->handle, "fewer guests than were asked for");
}

int ukvm_create_many(struct ukvm *handle, struct ukvm_config *config,
                     struct ukvm_create_options *options, uint32_t count,
                     ukvm_on_created *on_created, void *arg)
{
    struct ukvm_create_options full = take_options(options);
    struct many many = {
        .handle = handle, .options = options, .count = count, .on_created = on_created, .arg = arg};

    if (count == 0)
        return error_fail(handle->message, UKVM_E_USAGE, "no guest is asked for");
    int rc = send_create(handle, config, &full, count);
    return rc != 0 ? rc : receive_all(&many);
}

/* ---- define ------------------------------------------------------------------------- */

int ukvm_define(struct ukvm *handle, struct ukvm_config *config, int kernel_fd,
                struct ukvm_guest *guest_out)
{
    struct client_reply reply;
    struct ukvm_guest guest;
    bool opened = kernel_fd <= 0;
    int rc = opened ? open_kernel(handle, config, &kernel_fd) : 0;

    if (rc != 0)
        return rc;
    rc = client_call(handle, "define",
                     json_pack("{s:o}", "config", with_short_kernel(config_object(config))),
                     kernel_fd, &reply);
    if (opened)
        close(kernel_fd);
    if (rc != 0)
        return rc;
    if (!guest_read(json_object_get(reply.ok, "guest"), &guest))
        rc = client_malformed(handle, "define without a guest");
    client_reply_fini(&reply);
    if (rc == 0 && guest_out != NULL)
        *guest_out = guest;
    return rc;
}
