#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "guest_read.h"
#include "json_text.h"

/* More pages than this would be more guests than Xen has domain ids. */
#define LIST_PAGES_MAX 1024

/* A request about one guest, given away to client_call. NULL: the name cannot be a guest's. */
static json_t *about(const char *guest)
{
    return json_pack("{s:s}", "guest", guest);
}

static int call(struct ukvm *handle, const char *op, const char *guest, json_t *arguments,
                struct client_reply *reply_out)
{
    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s'", guest);
    return client_call(handle, op, arguments, -1, reply_out);
}

static int call_no_reply(struct ukvm *handle, const char *op, const char *guest, json_t *arguments)
{
    struct client_reply reply;
    int rc = call(handle, op, guest, arguments, &reply);

    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}

int ukvm_destroy(struct ukvm *handle, const char *guest, bool wait)
{
    return call_no_reply(handle, "destroy", guest,
                         json_pack("{s:s, s:b}", "guest", guest, "wait", (int)wait));
}

int ukvm_info(struct ukvm *handle, const char *guest, struct ukvm_guest *guest_out)
{
    struct client_reply reply;
    int rc = call(handle, "info", guest, about(guest), &reply);

    if (rc != 0)
        return rc;
    if (!guest_read(json_object_get(reply.ok, "guest"), guest_out))
        rc = client_malformed(handle, "info without a guest");
    client_reply_fini(&reply);
    return rc;
}

int ukvm_pause(struct ukvm *handle, const char *guest)
{
    return call_no_reply(handle, "pause", guest, about(guest));
}

int ukvm_unpause(struct ukvm *handle, const char *guest)
{
    return call_no_reply(handle, "unpause", guest, about(guest));
}

static int ask_to_stop(struct ukvm *handle, const char *op, const char *guest, uint32_t timeout_ms,
                       bool force)
{
    json_t *arguments = json_pack("{s:s, s:b}", "guest", guest, "force", (int)force);

    if (timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(timeout_ms));
    return call_no_reply(handle, op, guest, arguments);
}

int ukvm_shutdown(struct ukvm *handle, const char *guest, uint32_t timeout_ms, bool force)
{
    return ask_to_stop(handle, "shutdown", guest, timeout_ms, force);
}

int ukvm_reboot(struct ukvm *handle, const char *guest, uint32_t timeout_ms, bool force)
{
    return ask_to_stop(handle, "reboot", guest, timeout_ms, force);
}

int ukvm_rename(struct ukvm *handle, const char *guest, const char *name)
{
    return call_no_reply(handle, "rename", guest,
                         json_pack("{s:s, s:s}", "guest", guest, "name", name));
}

int ukvm_undefine(struct ukvm *handle, const char *name)
{
    return call_no_reply(handle, "undefine", name, about(name));
}

static int start(struct ukvm *handle, const char *op, const char *guest,
                 const struct ukvm_start_options *options, struct ukvm_guest *guest_out)
{
    struct ukvm_start_options full = {.size = sizeof(full)};
    json_t *arguments = about(guest);
    struct client_reply reply;
    struct ukvm_guest started;

    if (options != NULL)
        memcpy(&full, options, options->size < sizeof(full) ? options->size : sizeof(full));
    if (full.no_wait)
        client_add_argument(&arguments, "wait", json_false());
    if (full.timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(full.timeout_ms));
    if (full.force)
        client_add_argument(&arguments, "force", json_true());
    int rc = call(handle, op, guest, arguments, &reply);
    if (rc != 0)
        return rc;
    if (!guest_read(json_object_get(reply.ok, "guest"), &started))
        rc = client_malformed(handle, "start without a guest");
    client_reply_fini(&reply);
    if (rc == 0 && guest_out != NULL)
        *guest_out = started;
    return rc;
}

int ukvm_start(struct ukvm *handle, const char *name, const struct ukvm_start_options *options,
               struct ukvm_guest *guest_out)
{
    return start(handle, "start", name, options, guest_out);
}

int ukvm_restart(struct ukvm *handle, const char *guest, const struct ukvm_start_options *options,
                 struct ukvm_guest *guest_out)
{
    return start(handle, "restart", guest, options, guest_out);
}

static int open_console(struct ukvm *handle, const char *guest, json_t *arguments, int *fd_out)
{
    struct client_reply reply;
    int rc = call(handle, "console", guest, arguments, &reply);

    if (rc != 0)
        return rc;
    if (reply.fd < 0) {
        rc = client_malformed(handle, "console without a descriptor");
    } else {
        *fd_out = reply.fd;
        reply.fd = -1;
    }
    client_reply_fini(&reply);
    return rc;
}

int ukvm_console(struct ukvm *handle, const char *guest, bool follow, int *fd_out)
{
    return open_console(handle, guest,
                        json_pack("{s:s, s:b}", "guest", guest, "follow", (int)follow), fd_out);
}

int ukvm_logs(struct ukvm *handle, const char *guest, const struct ukvm_logs_options *options,
              int *fd_out)
{
    struct ukvm_logs_options full = {.size = sizeof(full)};

    if (options != NULL)
        memcpy(&full, options, options->size < sizeof(full) ? options->size : sizeof(full));
    json_t *arguments =
        json_pack("{s:s, s:b, s:b}", "guest", guest, "follow", (int)full.follow, "input", 0);
    if (full.since_ms != 0)
        client_add_argument(&arguments, "since_ms", json_integer((json_int_t)full.since_ms));
    return open_console(handle, guest, arguments, fd_out);
}

/* ---- list ---- */

struct guest_array {
    struct ukvm_guest *guests;
    size_t count;
};

/* Guests by ascending domain id, then definitions, which have none, by name. */
static bool in_order(const struct ukvm_guest *before, const struct ukvm_guest *guest)
{
    if (guest->domid == 0)
        return before->domid != 0 || strcmp(guest->name, before->name) > 0;
    return before->domid != 0 && guest->domid > before->domid;
}

static int list_append(struct ukvm *handle, const json_t *page, struct guest_array *array)
{
    size_t count = json_array_size(page);

    if (count == 0)
        return 0;
    struct ukvm_guest *grown =
        realloc(array->guests, (array->count + count) * sizeof(array->guests[0]));
    if (grown == NULL)
        return error_fail(handle->message, UKVM_E_INTERNAL, "out of memory");
    array->guests = grown;
    for (size_t i = 0; i < count; i++) {
        struct ukvm_guest *guest = &grown[array->count];
        if (!guest_read(json_array_get(page, i), guest))
            return client_malformed(handle, "list with a bad guest");
        if (array->count > 0 && !in_order(&guest[-1], guest))
            return client_malformed(handle, "list out of order");
        array->count++;
    }
    return 0;
}

static json_t *page_after(const struct guest_array *array)
{
    const struct ukvm_guest *last = array->count > 0 ? &array->guests[array->count - 1] : NULL;

    if (last != NULL && last->domid == 0)
        return json_pack("{s:s}", "after_name", last->name);
    return json_pack("{s:I}", "after", (json_int_t)(last == NULL ? 0 : last->domid));
}

static int list_page(struct ukvm *handle, struct guest_array *array, bool *more_out)
{
    size_t before = array->count;
    struct client_reply reply;
    int rc = client_call(handle, "list", page_after(array), -1, &reply);

    if (rc != 0)
        return rc;
    const json_t *page = json_object_get(reply.ok, "guests");
    *more_out = json_is_true(json_object_get(reply.ok, "more"));
    if (!json_is_array(page))
        rc = client_malformed(handle, "list without guests");
    else
        rc = list_append(handle, page, array);
    if (rc == 0 && *more_out && array->count == before)
        rc = client_malformed(handle, "list promises more and gives none");
    client_reply_fini(&reply);
    return rc;
}

int ukvm_list(struct ukvm *handle, struct ukvm_guest **guests_out, size_t *count_out)
{
    struct guest_array array = {.guests = NULL, .count = 0};
    bool more = true;
    int rc = 0;

    for (int pages = 0; rc == 0 && more; pages++) {
        if (pages == LIST_PAGES_MAX)
            rc = client_malformed(handle, "list without end");
        else
            rc = list_page(handle, &array, &more);
    }
    if (rc != 0) {
        free(array.guests);
        return rc;
    }
    *guests_out = array.guests;
    *count_out = array.count;
    return 0;
}

/* ---- replies handed on as text ---- */

static int dump(struct ukvm *handle, const json_t *value, char **json_out)
{
    char *text = value != NULL ? json_text(value, 0) : NULL;

    if (text == NULL)
        return client_malformed(handle, "an empty answer");
    *json_out = text;
    return 0;
}

int ukvm_info_json(struct ukvm *handle, const char *guest, char **json_out)
{
    struct client_reply reply;
    int rc = call(handle, "info", guest, about(guest), &reply);

    if (rc != 0)
        return rc;
    rc = dump(handle, json_object_get(reply.ok, "guest"), json_out);
    client_reply_fini(&reply);
    return rc;
}

int ukvm_noxs_json(struct ukvm *handle, const char *guest, char **json_out)
{
    struct client_reply reply;
    int rc = call(handle, "noxs", guest, about(guest), &reply);

    if (rc != 0)
        return rc;
    rc = dump(handle, json_object_get(reply.ok, "page"), json_out);
    client_reply_fini(&reply);
    return rc;
}

int ukvm_pool_json(struct ukvm *handle, char **json_out)
{
    struct client_reply reply;
    int rc = client_call(handle, "pool", json_object(), -1, &reply);

    if (rc != 0)
        return rc;
    rc = dump(handle, reply.ok, json_out);
    client_reply_fini(&reply);
    return rc;
}

int ukvm_pool_set(struct ukvm *handle, const char *setting)
{
    json_t *arguments = json_pack("{s:s}", "setting", setting);
    struct client_reply reply;

    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_CONFIG, "the setting is not UTF-8");
    int rc = client_call(handle, "pool-set", arguments, -1, &reply);
    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}

int ukvm_version_json(struct ukvm *handle, char **json_out)
{
    struct client_reply reply;
    int rc = client_call(handle, "version", json_object(), -1, &reply);

    if (rc != 0)
        return rc;
    rc = dump(handle, reply.ok, json_out);
    client_reply_fini(&reply);
    return rc;
}

const char *ukvm_version(void)
{
    return UKVM_VERSION;
}
