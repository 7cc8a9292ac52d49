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

static int call_with_json(struct ukvm *handle, const struct ukvm_config *config,
                          const struct ukvm_create_options *options, int fd,
                          struct client_reply *reply_out)
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
    return client_call(handle, "create", arguments, fd, reply_out);
}

/* A reply as a record is left in the handle's packet, of *record_length_out bytes; else 0. */
static int create_request(struct ukvm *handle, const struct ukvm_config *config,
                          const struct ukvm_create_options *options, struct client_reply *reply_out,
                          size_t *record_length_out)
{
    int fd = options->kernel_fd;
    bool opened = fd <= 0;
    int rc = opened ? open_kernel(handle, config, &fd) : 0;

    *record_length_out = 0;
    if (rc != 0)
        return rc;
    size_t length =
        record_write_create(config_object(config), options, handle->last_id + 1, handle->packet);
    if (length > 0) {
        handle->last_id++;
        rc = client_call_record(handle, "create", length, fd, reply_out, record_length_out);
    } else {
        rc = call_with_json(handle, config, options, fd, reply_out);
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

static int create_with(struct ukvm *handle, const struct ukvm_config *config,
                       struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    struct client_reply reply;
    struct ukvm_guest guest;
    size_t length;

    if (json_object_get(config_object(config), "name") == NULL)
        return error_fail(handle->message, UKVM_E_CONFIG, "%s: 'name' is missing",
                          config_name(config));
    int rc = create_request(handle, config, options, &reply, &length);
    if (rc != 0)
        return rc;
    bool good = length > 0
                    ? record_read_guest(handle->packet, length, handle->last_id, &guest, options)
                    : read_json_reply(&reply, &guest, options);
    if (!good)
        rc = client_malformed(handle, "create without a guest");
    else if (guest_out != NULL)
        *guest_out = guest;
    client_reply_fini(&reply);
    return rc;
}

int ukvm_create(struct ukvm *handle, struct ukvm_config *config,
                struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    struct ukvm_create_options full = {.size = sizeof(full)};
    size_t size = options != NULL ? options->size : 0;

    /* A caller built against another version has a shorter or longer struct. */
    if (options != NULL)
        memcpy(&full, options, size < sizeof(full) ? size : sizeof(full));
    int rc = create_with(handle, config, &full, guest_out);
    if (rc == 0 && options != NULL && full.phases != NULL)
        options->phase_count = full.phase_count;
    if (rc == 0 && options != NULL && size >= sizeof(full))
        memcpy(options->path_taken, full.path_taken, sizeof(full.path_taken));
    return rc;
}
