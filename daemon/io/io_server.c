#include "io/io_server.h"

#include "io/frame.h"
#include "io/io_fd.h"
#include "io/io_guest.h"
#include "io/io_packet.h"
#include "util/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct io_reply {
    struct io_reply *next;
    size_t size;
    uint8_t bytes[];
};

static void drop_first_reply(struct io_server *server)
{
    struct io_reply *first = server->replies;
    server->replies = first->next;
    if (server->replies == NULL)
        server->replies_end = &server->replies;
    free(first);
}

static void disconnect(struct io_server *server)
{
    if (server->connection < 0)
        return;
    server->loop->ops->watch_destroy(server->connection_watch);
    close(server->connection);
    server->connection = -1;
    server->connection_watch = NULL;
    server->greeted = false;
    while (server->replies != NULL)
        drop_first_reply(server);
}

static bool keep_reply(struct io_server *server, const void *message, size_t size)
{
    struct io_reply *reply = malloc(sizeof(*reply) + size);
    if (reply == NULL)
        return false;
    reply->next = NULL;
    reply->size = size;
    memcpy(reply->bytes, message, size);
    *server->replies_end = reply;
    server->replies_end = &reply->next;
    /* Backpressure: orders wait until the answers to earlier ones are gone. */
    server->loop->ops->watch_set(server->connection_watch, LOOP_WRITE);
    return true;
}

/* An answer that cannot be kept ends the connection: chaosd starts over with HELLO. */
static void reply(struct io_server *server, const void *message, size_t size)
{
    if (server->connection < 0)
        return;
    int rc =
        server->replies != NULL ? -EAGAIN : fd_send(server->connection, message, size, NULL, 0);
    if (rc == 0 || (rc == -EAGAIN && keep_reply(server, message, size)))
        return;
    /* Not here: the connection may be in use up the stack. Its end will be read as such. */
    shutdown(server->connection, SHUT_RDWR);
}

static void tell_fault(struct io_server *server, const struct io_guest *guest)
{
    struct io_msg_fault fault = {
        .header = {.type = IO_MSG_FAULT, .size = sizeof(fault), .guest = guest->by_id.key},
    };
    memcpy(fault.text, guest->fault, sizeof(fault.text));
    if (server->greeted)
        reply(server, &fault, sizeof(fault));
}

static void on_fault(void *arg, struct io_guest *guest)
{
    tell_fault(arg, guest);
}

/* To a chaosd that is another than the one which had them attached. */
static void tell_served(struct io_server *server)
{
    LIST_FOR_EACH(node, &server->io->guests)
    {
        const struct io_guest *guest = LIST_OWNER(node, struct io_guest, node);
        struct io_msg_serves serves = {
            .header = {.type = IO_MSG_SERVES, .size = sizeof(serves), .guest = guest->by_id.key},
        };
        reply(server, &serves, sizeof(serves));
    }
}

/* This chaosd may be another than the one that was told. */
static void tell_old_faults(struct io_server *server)
{
    LIST_FOR_EACH(node, &server->io->guests)
    {
        struct io_guest *guest = LIST_OWNER(node, struct io_guest, node);
        if (guest->sm.state == IO_GUEST_STOPPED)
            tell_fault(server, guest);
    }
}

static void do_hello(struct io_server *server, struct io_packet *packet)
{
    const struct io_msg_hello *hello = &packet->msg.hello;
    struct io_msg_hello answer = {
        .header = {.type = IO_MSG_HELLO, .size = sizeof(answer)},
        .version = IO_MSG_VERSION,
    };
    if (hello->version == IO_MSG_VERSION) {
        int fd = packet->from.fd_count > 0 ? packet->from.fds[0] : -1;
        packet->from.fds[0] = -1;
        if (uplink_set(&server->io->uplink, server->loop, fd, frame_mac(hello->uplink_mac),
                       frame_ip(hello->uplink_ip)) < 0) {
            shutdown(server->connection, SHUT_RDWR);
            return;
        }
        if (!server->greeted) {
            console_forget_all(&server->io->lingering);
            tell_served(server);
        }
        server->greeted = true;
    }
    answer.has_uplink = uplink_is_set(&server->io->uplink);
    reply(server, &answer, sizeof(answer));
    if (server->greeted)
        tell_old_faults(server);
}

static void do_attach(struct io_server *server, struct io_packet *packet)
{
    struct io_msg_attached answer = {
        .header = {.type = IO_MSG_ATTACHED,
                   .size = sizeof(answer),
                   .guest = packet->msg.header.guest},
    };
    answer.status = io_guest_attach(server->io, &packet->msg.attach, packet->from.fds,
                                    packet->from.fd_count, answer.text);
    packet->from.fd_count = 0;
    reply(server, &answer, sizeof(answer));
}

static void do_detach(struct io_server *server, struct io_packet *packet)
{
    struct io_guest *guest = io_find(server->io, packet->msg.header.guest);
    struct console *old = console_find(&server->io->lingering, packet->msg.detach.forget);
    if (old != NULL)
        console_forget(old);
    if (guest != NULL)
        io_guest_detach(guest, packet->msg.detach.keep != 0);
    struct io_msg_detached answer = {
        .header = {.type = IO_MSG_DETACHED,
                   .size = sizeof(answer),
                   .guest = packet->msg.header.guest},
    };
    reply(server, &answer, sizeof(answer));
}

static void do_console(struct io_server *server, struct io_packet *packet)
{
    uint64_t id = packet->msg.header.guest;
    const struct io_guest *guest = io_find(server->io, id);
    struct console *console =
        guest != NULL ? guest->console : console_find(&server->io->lingering, id);
    if (console == NULL)
        return;
    const struct console_want want = {.follow = packet->msg.console.follow != 0,
                                      .input = packet->msg.console.input != 0,
                                      .age_ns = packet->msg.console.since_ms * 1000000};
    /* What cannot be served is closed, and its reader sees the end. */
    console_add_client(console, packet->from.fds[0], &want);
    packet->from.fds[0] = -1;
}

static void do_order(struct io_server *server, struct io_packet *packet)
{
    static void (*const orders[])(struct io_server *, struct io_packet *) = {
        [IO_MSG_HELLO] = do_hello,
        [IO_MSG_ATTACH] = do_attach,
        [IO_MSG_DETACH] = do_detach,
        [IO_MSG_CONSOLE] = do_console,
    };
    uint32_t type = packet->msg.header.type; /* io_packet_receive lets only these through */
    if (type == IO_MSG_HELLO || server->greeted)
        orders[type](server, packet);
    else
        shutdown(server->connection, SHUT_RDWR);
}

/* Returns false when there are no more orders for now. */
static bool take_order(struct io_server *server)
{
    struct io_packet packet;
    int rc = io_packet_receive(server->connection, &packet);
    if (rc < 0) {
        if (rc != -EAGAIN)
            disconnect(server);
        return false;
    }
    do_order(server, &packet);
    fd_close_all(packet.from.fds, packet.from.fd_count);
    return server->replies == NULL;
}

static void send_replies(struct io_server *server)
{
    while (server->replies != NULL) {
        int rc =
            fd_send(server->connection, server->replies->bytes, server->replies->size, NULL, 0);
        if (rc == -EAGAIN)
            return;
        if (rc < 0) {
            disconnect(server);
            return;
        }
        drop_first_reply(server);
    }
    server->loop->ops->watch_set(server->connection_watch, LOOP_READ);
}

static void on_connection(void *arg, int fd, unsigned ready)
{
    struct io_server *server = arg;
    (void)fd;
    if (ready & LOOP_WRITE)
        send_replies(server);
    if (server->connection < 0 || !(ready & LOOP_READ))
        return;
    for (unsigned i = 0; i < IO_SERVER_TURN_ORDERS; i++)
        if (!take_order(server))
            break;
}

static bool is_peer(const struct io_server *server, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == server->peer;
}

static void on_listener(void *arg, int fd, unsigned ready)
{
    struct io_server *server = arg;
    (void)ready;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0)
        return;
    /* A new chaosd may be seen before the death of the old one. */
    if (server->connection >= 0 && io_fd_hung_up(server->connection))
        disconnect(server);
    if (server->connection >= 0 || !is_peer(server, connection)) {
        close(connection);
        return;
    }
    server->connection_watch =
        server->loop->ops->watch_create(server->loop, connection, LOOP_READ, on_connection, server);
    if (server->connection_watch == NULL)
        close(connection);
    else
        server->connection = connection;
}

int io_server_init(struct io_server *server, struct io *io, int listener, uid_t peer)
{
    *server = (struct io_server){
        .io = io,
        .loop = io->loop,
        .listener = listener,
        .peer = peer,
        .connection = -1,
    };
    server->replies_end = &server->replies;
    server->listener_watch =
        io->loop->ops->watch_create(io->loop, listener, LOOP_READ, on_listener, server);
    if (server->listener_watch == NULL)
        return -ENOMEM;
    io->on_fault = on_fault;
    io->arg = server;
    return 0;
}

void io_server_fini(struct io_server *server)
{
    disconnect(server);
    server->loop->ops->watch_destroy(server->listener_watch);
    server->io->on_fault = NULL;
}
