#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "guest_read.h"

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

static int create_request(struct ukvm *handle, const struct ukvm_config *config,
                          const struct ukvm_create_options *options, struct client_reply *reply_out)
{
    int fd = options->kernel_fd;
    bool opened = fd <= 0;
    int rc = opened ? open_kernel(handle, config, &fd) : 0;

    if (rc != 0)
        return rc;
    json_t *arguments = json_pack("{s:o}", "config", with_short_kernel(config_object(config)));
    if (options->no_wait)
        client_add_argument(&arguments, "wait", json_false());
    if (options->timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(options->timeout_ms));
    if (options->phases != NULL)
        client_add_argument(&arguments, "timing", json_true());
    rc = client_call(handle, "create", arguments, fd, reply_out);
    if (opened)
        close(fd);
    return rc;
}

static int create_with(struct ukvm *handle, const struct ukvm_config *config,
                       struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    struct client_reply reply;
    struct ukvm_guest guest;

    if (json_object_get(config_object(config), "name") == NULL)
        return error_fail(handle->message, UKVM_E_CONFIG, "%s: 'name' is missing",
                          config_name(config));
    int rc = create_request(handle, config, options, &reply);
    if (rc != 0)
        return rc;
    if (!guest_read(json_object_get(reply.ok, "guest"), &guest)) {
        rc = client_malformed(handle, "create without a guest");
    } else {
        if (guest_out != NULL)
            *guest_out = guest;
        if (options->phases != NULL)
            guest_read_phases(json_object_get(reply.ok, "timing"), options);
    }
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
    if (rc == 0 && full.phases != NULL)
        options->phase_count = full.phase_count;
    return rc;
}
