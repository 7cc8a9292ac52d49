#include "ctl/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "ctl/request.h"
#include "util/fd.h"
#include "util/fd_closer.h"
#include "util/log.h"

/* Replies that a client may leave unread: beyond them it is no client any more. */
#define REPLY_BYTES_MAX ((size_t)512 * 1024)

struct reply {
    struct list node;
    int fd;
    size_t size;
    char data[];
};

static void reply_destroy(struct ctl_client *client, struct reply *reply)
{
    list_remove(&reply->node);
    client->reply_bytes -= reply->size;
    fd_close(&reply->fd);
    free(reply);
}

void ctl_client_destroy(struct ctl_client *client)
{
    client->server->loop->ops->watch_destroy(client->watch);
    LIST_FOR_EACH(node, &client->replies)
    reply_destroy(client, LIST_OWNER(node, struct reply, node));
    LIST_FOR_EACH(node, &client->requests)
    ctl_request_orphan(LIST_OWNER(node, struct ctl_request, node));
    list_remove(&client->node);
    client->server->client_count--;
    if (client->user != NULL)
        ctl_user_put(client->user);
    fd_close_connection(&client->fd, client->uid);
    free(client);
}

/* ---- sending ------------------------------------------------------------------------ */

/* Its end will be read as such: whoever is up the stack still uses the client. */
static void hang_up(const struct ctl_client *client)
{
    shutdown(client->fd, SHUT_RDWR);
}

static int enqueue(struct ctl_client *client, const char *data, size_t size, int fd)
{
    struct reply *reply;
    int rc = 0;

    if (client->reply_bytes + size > REPLY_BYTES_MAX)
        return -ENOBUFS;
    reply = malloc(sizeof(*reply) + size);
    if (reply == NULL)
        return -ENOMEM;
    *reply = (struct reply){.fd = -1, .size = size};
    memcpy(reply->data, data, size);
    if (fd >= 0)
        rc = fd_dup(fd, &reply->fd);
    if (rc < 0) {
        free(reply);
        return rc;
    }
    list_append(&client->replies, &reply->node);
    client->reply_bytes += size;
    /* A client that does not read is not read from either. */
    client->server->loop->ops->watch_set(client->watch, LOOP_WRITE);
    return 0;
}

static void send_or_keep(struct ctl_client *client, const char *data, size_t size, int fd)
{
    int rc = -EAGAIN;

    if (list_empty(&client->replies))
        rc = fd_send(client->fd, data, size, &fd, fd >= 0 ? 1 : 0);
    if (rc == -EAGAIN)
        rc = enqueue(client, data, size, fd);
    if (rc < 0) {
        log_debug("process %d is hung up on: %s", (int)client->pid, strerror(-rc));
        hang_up(client);
    }
}

void ctl_client_send(struct ctl_client *client, json_t *message, int fd)
{
    char *buffer = client->server->buffer;
    size_t size = message == NULL ? 0 : json_dumpb(message, buffer, LIMIT_MESSAGE, JSON_COMPACT);

    json_decref(message);
    if (size == 0 || size > LIMIT_MESSAGE) {
        log_error("a reply to process %d is lost: %s", (int)client->pid,
                  size == 0 ? "out of memory" : "too long");
        hang_up(client);
        return;
    }
    send_or_keep(client, buffer, size, fd);
}

void ctl_client_send_bytes(struct ctl_client *client, const void *data, size_t size)
{
    send_or_keep(client, data, size, -1);
}

static int flush(struct ctl_client *client)
{
    while (!list_empty(&client->replies)) {
        struct reply *reply = LIST_OWNER(client->replies.next, struct reply, node);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is destroyed is off the list */
        int rc = fd_send(client->fd, reply->data, reply->size, &reply->fd, reply->fd >= 0 ? 1 : 0);
        if (rc < 0)
            return rc;
        reply_destroy(client, reply);
    }
    client->server->loop->ops->watch_set(client->watch, LOOP_READ);
    LIST_FOR_EACH(node, &client->requests)
    {
        struct ctl_request *request = LIST_OWNER(node, struct ctl_request, node);
        if (request->batch != NULL)
            ctl_batch_on_flushed(request->batch);
    }
    return 0;
}

/* ---- receiving ---------------------------------------------------------------------- */

static void refuse(struct ctl_client *client, struct fd_packet *packet)
{
    struct message nameless = {0};
    struct error error;

    fd_close_foreign_all(packet->fds, packet->fd_count, client->uid);
    limit_used_up(&error, LIMIT_ID_REQUESTS, client->request_count, 1);
    ctl_client_send(client, message_error(&nameless, &error), -1);
}

/* Returns 0 when a request was served, or -errno: -EAGAIN, or the connection's end. */
static int serve_one(struct ctl_client *client)
{
    struct ctl_server *server = client->server;
    struct fd_packet packet;
    /* One byte more than may come, so that a message that is too long shows. */
    int rc = fd_receive(client->fd, server->buffer, LIMIT_MESSAGE + 1, &packet);

    if (rc < 0)
        return rc;
    if (packet.size == 0 && packet.fd_count == 0)
        return -EPIPE;
    if (packet.fd_count > 0 && client->uid != 0 &&
        fd_closer_pending(client->uid) >= LIMIT_USER_CLOSING) {
        fd_close_foreign_all(packet.fds, packet.fd_count, client->uid);
        return -ENOBUFS;
    }
    if (client->request_count >= LIMIT_REQUESTS)
        refuse(client, &packet);
    else
        ctl_request_serve(client, server->buffer, &packet, core_now_ns(server->core));
    return 0;
}

/* Over its user's rate it is left alone: what it sends stays in its socket. */
static bool may_read(struct ctl_client *client)
{
    if (client->user == NULL)
        return true;
    client->waits = !ctl_user_may_send(client->user, core_now_ns(client->server->core));
    if (client->waits)
        client->server->loop->ops->watch_set(client->watch, 0);
    return !client->waits;
}

void ctl_client_resume(struct ctl_client *client)
{
    if (!client->waits)
        return;
    client->waits = false;
    /* With replies that it has not read it is watched for that, and later for the rest. */
    if (list_empty(&client->replies))
        client->server->loop->ops->watch_set(client->watch, LOOP_READ);
}

static void on_ready(void *arg, int fd, unsigned ready)
{
    struct ctl_client *client = arg;
    int rc = 0;

    (void)fd;
    if (ready & LOOP_WRITE)
        rc = flush(client);
    /* One request: most clients wait for its reply, so that another look would be in vain. */
    if (rc == 0 && (ready & LOOP_READ) && list_empty(&client->replies) && may_read(client))
        rc = serve_one(client);
    if (rc < 0 && rc != -EAGAIN)
        ctl_client_destroy(client);
}

void ctl_client_create(struct ctl_server *server, int fd, uid_t uid, pid_t pid)
{
    struct ctl_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        fd_close_connection(&fd, uid);
        return;
    }
    *client = (struct ctl_client){.server = server, .fd = fd, .uid = uid, .pid = pid};
    list_init(&client->replies);
    list_init(&client->requests);
    if (uid != 0)
        client->user = ctl_user_get(server, uid, core_now_ns(server->core));
    client->watch = server->loop->ops->watch_create(server->loop, fd, LOOP_READ, on_ready, client);
    list_append(&server->clients, &client->node);
    server->client_count++;
    if (client->watch == NULL || (uid != 0 && client->user == NULL))
        ctl_client_destroy(client);
}
