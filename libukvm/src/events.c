#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"

/* ---- the stream --------------------------------------------------------------------- */

int ukvm_events(struct ukvm *handle, const struct ukvm_events_options *options,
                uint64_t *cursor_out, int *fd_out)
{
    struct ukvm_events_options full = {.size = sizeof(full)};
    struct client_reply reply;

    if (options != NULL)
        memcpy(&full, options, options->size < sizeof(full) ? options->size : sizeof(full));
    if (full.since > INT64_MAX)
        return error_fail(handle->message, UKVM_E_USAGE, "since is no id of an event");
    json_t *arguments = json_pack("{s:b}", "follow", (int)full.follow);
    if (full.since != 0)
        client_add_argument(&arguments, "since", json_integer((json_int_t)full.since));
    if (full.only_new)
        client_add_argument(&arguments, "skip", json_true());
    int rc = client_call(handle, "events", arguments, -1, &reply);
    if (rc != 0)
        return rc;
    const json_t *since = json_object_get(reply.ok, "since");
    if (reply.fd < 0 || !json_is_integer(since) || json_integer_value(since) < 0) {
        rc = client_malformed(handle, "events without a descriptor or a cursor");
    } else {
        *fd_out = reply.fd;
        reply.fd = -1;
        if (cursor_out != NULL)
            *cursor_out = (uint64_t)json_integer_value(since);
    }
    client_reply_fini(&reply);
    return rc;
}

/* ---- one event ---------------------------------------------------------------------- */

enum field_type { TEXT, NUMBER64, NUMBER32 };

static const struct field {
    const char *name;
    enum field_type type;
    size_t offset, size;
} fields[] = {
#define FIELD(member, type)                                                                        \
    {                                                                                              \
#member, type, offsetof(struct ukvm_event, member),                                        \
            sizeof(((struct ukvm_event *)0)->member)                                               \
    }
    FIELD(id, NUMBER64),    FIELD(time_ns, NUMBER64), FIELD(monotonic_ns, NUMBER64),
    FIELD(kind, TEXT),      FIELD(guest, TEXT),       FIELD(uuid, TEXT),
    FIELD(domid, NUMBER32), FIELD(owner, NUMBER32),   FIELD(by, NUMBER32),
    FIELD(from, TEXT),      FIELD(to, TEXT),          FIELD(cause, TEXT),
#undef FIELD
};

/* A name that was cut would be another one; a cause is for people. */
static bool read_text(const struct field *field, const json_t *value, char *to)
{
    size_t length = json_string_length(value);

    if (!json_is_string(value) || (length >= field->size && strcmp(field->name, "cause") != 0))
        return false;
    if (length >= field->size)
        length = field->size - 1;
    memcpy(to, json_string_value(value), length);
    to[length] = '\0';
    return true;
}

/* What is null or not there stays as it is. */
static bool read_field(const struct field *field, const json_t *object, struct ukvm_event *event)
{
    const json_t *value = json_object_get(object, field->name);
    char *to = (char *)event + field->offset;

    if (value == NULL || json_is_null(value))
        return true;
    if (field->type == TEXT)
        return read_text(field, value, to);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    uint64_t number = (uint64_t)json_integer_value(value);
    if (field->type == NUMBER64) {
        memcpy(to, &number, sizeof(number));
        return true;
    }
    uint32_t small = (uint32_t)number;
    memcpy(to, &small, sizeof(small));
    return number <= UINT32_MAX;
}

static bool read_special(const json_t *object, struct ukvm_event *event)
{
    const json_t *lost = json_object_get(object, "lost");

    if (json_is_true(json_object_get(object, "end"))) {
        strcpy(event->kind, "end");
    } else if (lost != NULL) {
        strcpy(event->kind, "lost");
        event->lost = UKVM_LOST_UNKNOWN;
        if (json_is_integer(lost) && json_integer_value(lost) > 0)
            event->lost = (uint64_t)json_integer_value(lost);
        return json_is_null(lost) || event->lost != UKVM_LOST_UNKNOWN;
    }
    return true;
}

static bool read_event(const json_t *object, struct ukvm_event *event)
{
    if (!json_is_object(object) || !json_is_integer(json_object_get(object, "id")) ||
        !read_special(object, event))
        return false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!read_field(&fields[i], object, event))
            return false;
    return event->kind[0] != '\0';
}

/* The length of a packet, 0 at the end, or a negated errno. */
static ssize_t receive(int fd, char *packet, size_t room)
{
    struct iovec iov = {.iov_base = packet, .iov_len = room};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t length;

    do {
        length = recvmsg(fd, &message, MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length < 0)
        return errno == ECONNRESET ? 0 : -errno;
    return (message.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : length;
}

int ukvm_events_next(struct ukvm *handle, int fd, struct ukvm_event *event)
{
    struct ukvm_event full = {.by = UKVM_NO_UID};
    char packet[4096];
    ssize_t length = receive(fd, packet, sizeof(packet));

    handle->message[0] = '\0';
    if (length == -EAGAIN || length == -EWOULDBLOCK)
        return 0;
    if (length == 0)
        return error_fail(handle->message, UKVM_E_NO_DAEMON, "the stream of events has ended");
    json_t *object = length < 0 ? NULL : json_loadb(packet, (size_t)length, 0, NULL);
    bool is_event = read_event(object, &full);
    json_decref(object);
    if (!is_event)
        return error_fail(handle->message, UKVM_E_PROTOCOL,
                          "chaosd sent what is no event: are chaos and chaosd of one version?");
    full.size = event->size;
    memcpy(event, &full, event->size < sizeof(full) ? event->size : sizeof(full));
    return 1;
}
