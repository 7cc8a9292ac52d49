#include "ctl/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/guest_table.h"
#include "ctl/client.h"
#include "ctl/definition_json.h"
#include "ctl/ops.h"
#include "ctl/record.h"
#include "util/fd_closer.h"

/* ---- the end ------------------------------------------------------------------------ */

static void request_free(struct ctl_request *request)
{
    if (request->client != NULL) {
        list_remove(&request->node);
        request->client->request_count--;
    }
    fd_close_foreign(&request->fd, request->uid);
    if (request->terms != NULL)
        free(request->terms->text);
    free(request->terms);
    message_fini(&request->message);
    free(request);
}

void ctl_request_orphan(struct ctl_request *request)
{
    list_remove(&request->node);
    request->client = NULL;
    if (request->batch != NULL)
        ctl_batch_on_orphaned(request->batch);
    else if (request->wait != NULL)
        ctl_wait_on_orphaned(request);
}

static void send_and_free(struct ctl_request *request, json_t *message, int fd)
{
    if (request->client != NULL)
        ctl_client_send(request->client, message, fd);
    else
        json_decref(message);
    request_free(request);
}

void ctl_reply(struct ctl_request *request, json_t *ok, int fd)
{
    send_and_free(request, message_ok(&request->message, ok), fd);
}

void ctl_reply_bytes(struct ctl_request *request, const void *data, size_t size)
{
    if (request->client != NULL)
        ctl_client_send_bytes(request->client, data, size);
    request_free(request);
}

void ctl_fail(struct ctl_request *request, const struct error *error)
{
    send_and_free(request, message_error(&request->message, error), -1);
}

void ctl_drop(struct ctl_request *request)
{
    request_free(request);
}

void ctl_answer(struct ctl_request *request, uint32_t number, json_t *message)
{
    if (request->client == NULL) {
        json_decref(message);
        return;
    }
    if (message != NULL)
        json_object_set_new(message, "number", json_integer(number));
    ctl_client_send(request->client, message, -1);
}

void ctl_answer_bytes(struct ctl_request *request, const void *data, size_t size)
{
    if (request->client != NULL)
        ctl_client_send_bytes(request->client, data, size);
}

/* ---- the beginning ------------------------------------------------------------------ */

static bool may_use(const struct ctl_request *request, const struct ctl_op *op, uid_t owner)
{
    return op->privilege != CTL_OWNER || request->uid == 0 || request->uid == owner;
}

/*
 * By its whole name, whom the user may use: no guest of another, and no UUID, hides what is left
 * of theirs.
 */
static bool find_guest_or_dead(struct ctl_request *request, const struct ctl_op *op,
                               const char *name)
{
    struct guest *guest = guest_table_by_name(&request->core->guests, name);

    if (guest != NULL && may_use(request, op, guest->owner))
        request->guest = guest;
    else
        request->dead = dead_by_name(&request->core->iod.dead, name, request->uid);
    return request->guest != NULL || request->dead != NULL;
}

static int not_theirs(const char *name, uid_t owner, struct error *error)
{
    return error_set(error, UKVM_E_PERMISSION,
                     "%s: belongs to user %u; only they and root may do this", name,
                     (unsigned)owner);
}

/*
 * Of a guest its own, else by the name. The record of a crash, which has none, does not hide the
 * definition of that name from who starts it again; and no guest whose UUID begins like its name is
 * taken for it.
 */
static int find_definition(struct ctl_request *request, const struct ctl_op *op, const char *text,
                           struct error *error)
{
    struct definition *named = definition_by_name(request->core, text);
    const struct guest *guest = guest_table_by_name(&request->core->guests, text);
    int rc = 0;

    if (named == NULL || (op->subject != CTL_DEFINITION && guest != NULL))
        rc = guest_table_find(&request->core->guests, text, &request->guest, error);
    else
        request->guest = named->guest;
    if (request->guest != NULL)
        request->definition = request->guest->definition;
    else
        request->definition = named;
    const struct definition *definition = request->definition;
    if (request->guest == NULL && definition == NULL)
        return rc;
    uid_t owner = request->guest != NULL ? request->guest->owner : definition->owner;
    return may_use(request, op, owner) ? 0 : not_theirs(text, owner, error);
}

static int find_guest(struct ctl_request *request, const struct ctl_op *op, struct error *error)
{
    const json_t *name = json_object_get(request->message.object, "guest");

    if (op->subject == CTL_NOBODY && name != NULL)
        return error_set(error, UKVM_E_PROTOCOL, "%s: unknown member 'guest'", op->name);
    if (op->subject == CTL_NOBODY)
        return 0;
    if (!json_is_string(name))
        return error_set(error, UKVM_E_PROTOCOL, "%s: guest: must be a string", op->name);
    const char *text = json_string_value(name);
    if (op->subject == CTL_GUEST_OR_DEAD && find_guest_or_dead(request, op, text))
        return 0;
    if (op->subject == CTL_GUEST_OR_DEFINITION || op->subject == CTL_DEFINITION)
        return find_definition(request, op, text, error);
    int rc = guest_table_find(&request->core->guests, text, &request->guest, error);
    if (rc == -UKVM_E_NOT_FOUND && op->subject == CTL_GUEST_OR_GONE)
        return 0;
    if (rc < 0 || may_use(request, op, request->guest->owner))
        return rc;
    return not_theirs(request->guest->name, request->guest->owner, error);
}

static const char *fd_of(const struct ctl_op *op)
{
    if (op->fds == 0)
        return "";
    return op->handler == op_dump_core ? " (the file to write)" : " (the kernel image)";
}

/* Only what an operation has a use for is let in. */
static int take_fds(struct ctl_request *request, const struct ctl_op *op, struct fd_packet *packet,
                    struct error *error)
{
    if (packet->fd_count != op->fds)
        return error_set(error, UKVM_E_PROTOCOL, "%s: takes %u file descriptors, %zu came%s",
                         op->name, op->fds, packet->fd_count, fd_of(op));
    if (op->fds == 1) {
        request->fd = packet->fds[0];
        packet->fds[0] = -1;
    }
    return 0;
}

static int dispatch_record(struct ctl_request *request, const char *data, struct fd_packet *packet,
                           struct error *error)
{
    request->message.has_id = record_id(data, packet->size, &request->record_id);
    request->message.id = request->record_id;
    request->is_record = true;
    int rc = take_fds(request, ctl_op_find("create"), packet, error);
    return rc < 0 ? rc : op_create_record(request, data, packet->size, error);
}

static int dispatch(struct ctl_request *request, const char *data, struct fd_packet *packet,
                    struct error *error)
{
    if (packet->size > LIMIT_MESSAGE)
        return error_set(error, UKVM_E_PROTOCOL, "a message has at most %u bytes", LIMIT_MESSAGE);
    if (packet->truncated)
        return error_set(error, UKVM_E_PROTOCOL, "too many file descriptors");
    if (record_is(data, packet->size))
        return dispatch_record(request, data, packet, error);
    int rc = message_parse(data, packet->size, &request->message, error);
    if (rc < 0)
        return rc;
    const struct ctl_op *op = ctl_op_find(request->message.op);
    if (op == NULL)
        return error_set(error, UKVM_E_PROTOCOL, "unknown operation '%.40s'", request->message.op);
    if (op->privilege == CTL_ROOT && request->uid != 0)
        return error_set(error, UKVM_E_PERMISSION, "%s: only root may do this", op->name);
    rc = take_fds(request, op, packet, error);
    if (rc == 0)
        rc = find_guest(request, op, error);
    if (rc == 0)
        op->handler(request);
    return rc;
}

static struct ctl_request *request_create(struct ctl_client *client, uint64_t received_ns)
{
    struct ctl_request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        return NULL;
    request->client = client;
    request->core = client->server->core;
    request->uid = client->uid;
    request->received_ns = received_ns;
    request->fd = -1;
    list_append(&client->requests, &request->node);
    client->request_count++;
    return request;
}

void ctl_request_serve(struct ctl_client *client, const char *data, struct fd_packet *packet,
                       uint64_t received_ns)
{
    struct ctl_request *request = request_create(client, received_ns);
    struct error error;

    client->server->core->events.asker = client->uid;
    /* A handler that was reached has answered, or will. */
    if (request == NULL)
        ctl_client_send(client, NULL, -1);
    else if (dispatch(request, data, packet, &error) < 0)
        ctl_fail(request, &error);
    client->server->core->events.asker = EVENTS_NOBODY;
    fd_close_foreign_all(packet->fds, packet->fd_count, client->uid);
}

int ctl_request_args(const struct ctl_request *request, const struct arg *args, size_t count,
                     struct error *error)
{
    const struct args_context context = {
        .where = request->message.op, .code = UKVM_E_PROTOCOL, .skip = message_members};
    return args_read(request->message.object, &context, args, count, error);
}

int ctl_request_define(struct ctl_request *request, json_t *config, const struct spec_terms *terms,
                       struct error *error)
{
    request->terms = calloc(1, sizeof(*request->terms));
    if (request->terms == NULL)
        return error_from_errno(error, ENOMEM, "definition");
    request->terms->terms = *terms;
    request->terms->text = definition_json_text(config, request->uid);
    return request->terms->text == NULL ? error_from_errno(error, ENOMEM, "definition") : 0;
}
