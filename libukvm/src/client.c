#include "client.h"
#include "record.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A reply carries one descriptor; room for more, so that a surplus is seen and closed. */
#define REPLY_FDS_MAX 4

static void disconnect(struct ukvm *handle)
{
    if (handle->fd >= 0)
        close(handle->fd);
    handle->fd = -1;
}

static int lost(struct ukvm *handle)
{
    disconnect(handle);
    return error_fail(handle->message, UKVM_E_NO_DAEMON,
                      "chaosd closed the connection: see its log, or start it with 'chaosd -d'");
}

int client_malformed(struct ukvm *handle, const char *what)
{
    disconnect(handle);
    return error_fail(handle->message, UKVM_E_PROTOCOL,
                      "malformed reply from chaosd (%s): are chaos and chaosd of one version?",
                      what);
}

static int connect_failed(const char *path, int error, char *message)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
    case EPROTOTYPE:
        return error_fail(message, UKVM_E_NO_DAEMON,
                          "chaosd is not running (%s: %s): start it with 'chaosd -d'", path,
                          strerror(error));
    case EACCES:
    case EPERM:
        return error_fail(message, UKVM_E_PERMISSION,
                          "no permission to use %s: run as root or as a member of its group", path);
    default:
        return error_fail(message, UKVM_E_INTERNAL, "cannot connect to %s: %s", path,
                          strerror(error));
    }
}

static int connect_daemon(struct ukvm *handle, char *message)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return error_fail(message, UKVM_E_INTERNAL, "cannot open a socket: %s", strerror(errno));
    do {
        rc = connect(fd, (const struct sockaddr *)&handle->address, sizeof(handle->address));
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        rc = connect_failed(handle->address.sun_path, errno, message);
        close(fd);
        return rc;
    }
    handle->fd = fd;
    return 0;
}

int ukvm_open(const char *path, struct ukvm **handle_out, char *message)
{
    struct ukvm *handle;

    if (path == NULL)
        path = getenv("CHAOS_SOCKET");
    if (path == NULL || path[0] == '\0')
        path = UKVM_SOCKET;
    size_t length = strlen(path);
    if (length >= sizeof(handle->address.sun_path))
        return error_fail(message, UKVM_E_NO_DAEMON, "socket path of %zu bytes, limit %zu", length,
                          sizeof(handle->address.sun_path) - 1);
    handle = malloc(sizeof(*handle));
    if (handle == NULL)
        return error_fail(message, UKVM_E_INTERNAL, "out of memory");
    /* The packet buffer needs no clearing, and clearing it would touch all its pages. */
    memset(handle, 0, offsetof(struct ukvm, packet));
    handle->fd = -1;
    handle->address.sun_family = AF_UNIX;
    memcpy(handle->address.sun_path, path, length);
    int rc = connect_daemon(handle, message);
    if (rc != 0) {
        free(handle);
        return rc;
    }
    *handle_out = handle;
    return 0;
}

void ukvm_close(struct ukvm *handle)
{
    if (handle == NULL)
        return;
    disconnect(handle);
    free(handle);
}

const char *ukvm_error_message(const struct ukvm *handle)
{
    return handle->message;
}

/* 0 or an errno. */
static int send_packet(struct ukvm *handle, size_t length, int send_fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = handle->packet, .iov_len = length};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;

    if (send_fd >= 0) {
        memset(&control, 0, sizeof(control));
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&control.header), &send_fd, sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
    }
    do {
        sent = sendmsg(handle->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/* Keeps the first descriptor of a message and closes the others. */
static int take_fd(struct msghdr *message)
{
    int kept = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (kept < 0)
                kept = fd;
            else
                close(fd);
        }
    }
    return kept;
}

/* The length of a packet, 0 at the end of the connection, or a negated errno. */
static ssize_t receive_packet(struct ukvm *handle, int *fd_out)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(REPLY_FDS_MAX * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = handle->packet, .iov_len = sizeof(handle->packet)};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    bool reset_seen = false;
    ssize_t length;

    for (;;) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
        length = recvmsg(handle->fd, &message, MSG_CMSG_CLOEXEC);
        if (length >= 0)
            break;
        /* A reset is reported once, before packets that arrived ahead of it. */
        if (errno == ECONNRESET && !reset_seen)
            reset_seen = true;
        else if (errno != EINTR)
            return -errno;
    }
    int fd = take_fd(&message);
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        if (fd >= 0)
            close(fd);
        return -EMSGSIZE;
    }
    *fd_out = fd;
    return length;
}

/* Sends the request in handle->packet; a connection that ended since the last call is renewed. */
static int send_request(struct ukvm *handle, const char *op, size_t length, int send_fd)
{
    bool renewed = handle->fd < 0;

    for (;;) {
        int rc = handle->fd < 0 ? connect_daemon(handle, handle->message) : 0;
        if (rc != 0)
            return rc;
        int error = send_packet(handle, length, send_fd);
        if (error == 0)
            return 0;
        if (error != EPIPE && error != ECONNRESET)
            return error_fail(handle->message, UKVM_E_INTERNAL, "cannot send '%s' to chaosd: %s",
                              op, strerror(error));
        /* Not delivered, so sending it again is safe. chaosd may have said why it hung up. */
        if (renewed)
            return 0;
        disconnect(handle);
        renewed = true;
    }
}

static int reply_error(struct ukvm *handle, const json_t *error)
{
    const char *name = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));

    if (name == NULL || message == NULL)
        return client_malformed(handle, "an error without code or message");
    return error_fail(handle->message, error_code(name), "%s", message);
}

static uint32_t reply_number(const json_t *reply)
{
    json_int_t number = json_integer_value(json_object_get(reply, "number"));

    return number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

static int reply_parse(struct ukvm *handle, size_t length, json_t **ok_out, uint32_t *number_out)
{
    json_t *reply = json_loadb(handle->packet, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *error = json_object_get(reply, "error");
    const json_t *id = json_object_get(reply, "id");
    json_t *ok = json_object_get(reply, "ok");
    int rc = 0;

    if (reply == NULL)
        rc = client_malformed(handle, "not JSON");
    else if (id != NULL && json_integer_value(id) != handle->last_id)
        rc = client_malformed(handle, "it answers another request");
    else if (json_is_object(error) && ok == NULL)
        rc = reply_error(handle, error);
    else if (!json_is_object(ok) || error != NULL)
        rc = client_malformed(handle, "neither ok nor error");
    else
        *ok_out = json_incref(ok);
    /* A connection that was dropped answers nobody. */
    *number_out = handle->fd >= 0 ? reply_number(reply) : 0;
    json_decref(reply);
    return rc;
}

int client_receive(struct ukvm *handle, struct client_reply *reply_out, size_t *record_length_out,
                   uint32_t *number_out)
{
    struct client_reply reply = {.ok = NULL, .fd = -1};
    ssize_t length = receive_packet(handle, &reply.fd);
    int rc = 0;

    *record_length_out = 0;
    *number_out = 0;
    if (length == -EMSGSIZE)
        return client_malformed(handle, "too long");
    if (length <= 0) {
        client_reply_fini(&reply);
        return lost(handle);
    }
    if (record_is(handle->packet, (size_t)length)) {
        *record_length_out = (size_t)length;
        *number_out = record_number(handle->packet, (size_t)length);
    } else {
        rc = reply_parse(handle, (size_t)length, &reply.ok, number_out);
    }
    if (rc != 0)
        client_reply_fini(&reply);
    else
        *reply_out = reply;
    return rc;
}

int client_send(struct ukvm *handle, const char *op, json_t *arguments, int send_fd)
{
    size_t length = 0;

    handle->message[0] = '\0';
    handle->last_id++;
    if (arguments != NULL && json_object_set_new(arguments, "op", json_string(op)) == 0 &&
        json_object_set_new(arguments, "id", json_integer(handle->last_id)) == 0)
        length = json_dumpb(arguments, handle->packet, sizeof(handle->packet), JSON_COMPACT);
    json_decref(arguments);
    if (length == 0)
        return error_fail(handle->message, UKVM_E_INTERNAL, "cannot build the '%s' request", op);
    if (length > sizeof(handle->packet))
        return error_fail(handle->message, UKVM_E_LIMIT,
                          "the '%s' request has %zu bytes, the limit of a packet is %u", op, length,
                          CLIENT_PACKET_MAX);
    return send_request(handle, op, length, send_fd);
}

int client_send_record(struct ukvm *handle, const char *op, size_t length, int send_fd)
{
    handle->message[0] = '\0';
    return send_request(handle, op, length, send_fd);
}

int client_call(struct ukvm *handle, const char *op, json_t *arguments, int send_fd,
                struct client_reply *reply_out)
{
    struct client_reply reply;
    size_t record_length;
    uint32_t number;
    int rc = client_send(handle, op, arguments, send_fd);

    if (rc == 0)
        rc = client_receive(handle, &reply, &record_length, &number);
    if (rc != 0)
        return rc;
    if (record_length > 0) {
        client_reply_fini(&reply);
        return client_malformed(handle, "not JSON");
    }
    *reply_out = reply;
    return 0;
}

void client_reply_fini(struct client_reply *reply)
{
    json_decref(reply->ok);
    reply->ok = NULL;
    if (reply->fd >= 0)
        close(reply->fd);
    reply->fd = -1;
}

void client_add_argument(json_t **arguments, const char *name, json_t *value)
{
    if (json_object_set_new(*arguments, name, value) != 0) {
        json_decref(*arguments);
        *arguments = NULL;
    }
}
