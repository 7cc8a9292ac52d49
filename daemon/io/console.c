#include "io/console.h"

#include "io/io_fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_BYTES 256u
/* Sent to a client in place of output that was overwritten before it was read. */
static const char lost_note[] = "\r\n[output lost]\r\n";
#define NOTE_BYTES (sizeof(lost_note) - 1)

struct console_client {
    struct console *console;
    struct list node;
    struct loop_watch *watch;
    int fd;
    bool follow;
    bool input_over;   /* the peer will send no more, or may not */
    bool input_waits;  /* the guest's ring is full */
    bool output_waits; /* the socket is full */
    size_t note_sent;  /* of lost_note; NOTE_BYTES when none is owed */
    uint64_t position; /* in the history: next byte to send */
};

static struct console_client *client_of(struct list *node)
{
    return LIST_OWNER(node, struct console_client, node);
}

static void update_watch(struct console_client *client)
{
    unsigned ready = 0;
    if (client->output_waits)
        ready |= LOOP_WRITE;
    if (client->console->ops != NULL && client->follow && !client->input_over &&
        !client->input_waits)
        ready |= LOOP_READ;
    client->console->loop->ops->watch_set(client->watch, ready);
}

/* Who comes next may write. */
static void end_input(struct console_client *client)
{
    client->input_over = true;
    if (client->console->writer == client)
        client->console->writer = NULL;
}

static void close_client(struct console_client *client)
{
    struct console *console = client->console;
    end_input(client);
    list_remove(&client->node);
    console->client_count--;
    console->loop->ops->watch_destroy(client->watch);
    close(client->fd);
    free(client);
}

/* What to send next: the note, or a piece of the history. */
static const uint8_t *next_piece(struct console_client *client, size_t *size_out)
{
    const struct console_history *history = &client->console->history;
    if (client->position < history->start) {
        client->position = history->start;
        client->note_sent = 0;
    }
    if (client->note_sent < NOTE_BYTES) {
        *size_out = NOTE_BYTES - client->note_sent;
        return (const uint8_t *)lost_note + client->note_sent;
    }
    return console_history_at(history, client->position, size_out);
}

/* Sends what the socket takes. Returns 0 when the client is up to date, -EAGAIN, or -errno. */
static int push(struct console_client *client)
{
    for (;;) {
        size_t size;
        const uint8_t *piece = next_piece(client, &size);
        if (size == 0)
            return 0;
        ssize_t sent = send(client->fd, piece, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return -errno;
        if (client->note_sent < NOTE_BYTES)
            client->note_sent += (size_t)sent;
        else
            client->position += (uint64_t)sent;
    }
}

/* Frees the client when it is done with. */
static void advance_client(struct console_client *client)
{
    int rc = push(client);
    bool ends = !client->follow || client->console->ops == NULL;
    if ((rc == 0 && ends) || (rc < 0 && rc != -EAGAIN)) {
        close_client(client);
        return;
    }
    bool waits = rc == -EAGAIN;
    /* Without a guest, input has nowhere to go any more. */
    if (waits == client->output_waits && client->console->ops != NULL)
        return;
    client->output_waits = waits;
    update_watch(client);
}

static void advance_clients(struct console *console)
{
    LIST_FOR_EACH(node, &console->clients)
    {
        advance_client(client_of(node));
    }
}

static uint64_t now_ns(const struct console *console)
{
    return console->loop->ops->now_ns(console->loop);
}

static void check_ring(struct console *console)
{
    if (console->ring.fault != NULL && console->ops != NULL)
        console->ops->fault(console->arg, console->ring.fault);
}

/* Everything the ring holds, into the history. At most one ring's worth a call. */
static bool drain(struct console *console, uint64_t now_ns)
{
    uint8_t data[CONSOLE_RING_OUT_BYTES];
    ssize_t size = console_ring_read(&console->ring, data, sizeof(data));
    if (size <= 0) {
        check_ring(console);
        return false;
    }
    console_history_append(&console->history, data, (size_t)size, now_ns);
    /* A guest that waits also looks by itself: most had room, and need not wake up for more. */
    if (console->ops != NULL && (size_t)size > CONSOLE_RING_OUT_BYTES / 2)
        console->ops->notify(console->arg);
    return true;
}

/* Returns false when the client is gone. */
static bool read_input(struct console_client *client)
{
    struct console *console = client->console;
    ssize_t room = console_ring_room(&console->ring);
    if (room < 0) {
        check_ring(console);
        end_input(client);
    } else if (room == 0) {
        client->input_waits = true;
    } else {
        uint8_t data[INPUT_BYTES];
        size_t size = (size_t)room < sizeof(data) ? (size_t)room : sizeof(data);
        ssize_t got = recv(client->fd, data, size, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (got < 0) {
            close_client(client);
            return false;
        }
        if (got == 0) {
            end_input(client);
        } else {
            console->room = room - console_ring_write(&console->ring, data, (size_t)got);
            console->ops->notify(console->arg);
            return true;
        }
    }
    update_watch(client);
    return true;
}

static void close_clients(struct console *console)
{
    LIST_FOR_EACH(node, &console->clients)
    {
        close_client(client_of(node));
    }
}

static void free_console(struct console *console)
{
    list_remove(&console->node);
    close_clients(console);
    console_history_fini(&console->history);
    console->loop->ops->timer_destroy(console->linger);
    free(console);
}

/* Its guest is gone, nobody reads it, and it is not kept. */
static void free_if_over(struct console *console)
{
    if (console->ops == NULL && list_empty(&console->clients) && console->kept == 0)
        free_console(console);
}

static void on_client(void *arg, int fd, unsigned ready)
{
    struct console_client *client = arg;
    struct console *console = client->console;
    bool alive = true;
    if ((ready & LOOP_READ) && console->ops != NULL)
        alive = read_input(client);
    if (alive && client->input_over && io_fd_hung_up(fd)) {
        close_client(client);
        alive = false;
    }
    if (alive && (ready & LOOP_WRITE))
        advance_client(client);
    free_if_over(console);
}

static void on_linger_over(void *arg)
{
    struct console *console = arg;
    close_clients(console);
    free_if_over(console);
}

int console_create(struct loop *loop, void *ring_page, bool resumed, const struct console_ops *ops,
                   void *arg, struct console **console_out)
{
    struct console *console = calloc(1, sizeof(*console));
    if (console == NULL)
        return -ENOMEM;
    console->loop = loop;
    console->ops = ops;
    console->arg = arg;
    list_init(&console->clients);
    console->linger = loop->ops->timer_create(loop, on_linger_over, console);
    if (console->linger == NULL) {
        free(console);
        return -ENOMEM;
    }
    console_ring_init(&console->ring, ring_page, resumed);
    console->room = console_ring_room(&console->ring);
    *console_out = console;
    return 0;
}

/* The guest has read input. Returns whether it has. */
static bool serve_input(struct console *console)
{
    ssize_t room = console_ring_room(&console->ring);
    if (room <= 0 || room == console->room) {
        check_ring(console);
        return false;
    }
    console->room = room;
    LIST_FOR_EACH(node, &console->clients)
    {
        struct console_client *client = client_of(node);
        if (!client->input_waits)
            continue;
        client->input_waits = false;
        update_watch(client);
    }
    return true;
}

bool console_serve(struct console *console, uint64_t now_ns)
{
    bool printed = drain(console, now_ns);
    if (printed)
        advance_clients(console);
    return serve_input(console) || printed;
}

/* What a client has written before it hung up is lost only if there is no room otherwise. */
static void sweep(struct console *console)
{
    LIST_FOR_EACH(node, &console->clients)
    {
        struct console_client *client = client_of(node);
        bool over = client->input_over || console->client_count >= CONSOLE_CLIENTS_MAX;
        if (over && io_fd_hung_up(client->fd))
            close_client(client);
    }
}

/* One that has hung up may have left input that is still to be read; its turn is over all the same.
 */
static bool may_write(const struct console *console, const struct console_want *want)
{
    return want->follow && want->input && console->ops != NULL &&
           (console->writer == NULL || io_fd_hung_up(console->writer->fd));
}

static uint64_t first_position(const struct console *console, const struct console_want *want)
{
    if (want->age_ns == 0)
        return console->history.start;
    uint64_t now = now_ns(console);
    return console_history_since(&console->history, now > want->age_ns ? now - want->age_ns : 0);
}

static struct console_client *new_client(struct console *console, int fd,
                                         const struct console_want *want)
{
    bool writes = may_write(console, want);
    struct console_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    client->console = console;
    client->fd = fd;
    client->follow = want->follow;
    client->input_over = !writes;
    client->note_sent = NOTE_BYTES;
    client->position = first_position(console, want);
    client->watch = console->loop->ops->watch_create(console->loop, fd, writes ? LOOP_READ : 0,
                                                     on_client, client);
    if (client->watch == NULL) {
        free(client);
        return NULL;
    }
    if (writes)
        console->writer = client;
    else if (console->ops != NULL)
        shutdown(fd, SHUT_RD); /* so that its peer learns of it when it tries */
    list_append(&console->clients, &client->node);
    console->client_count++;
    return client;
}

/* Nobody keeps what was a guest's by reading it slowly. */
static void limit_reading(struct console *console)
{
    if (console->ops == NULL && !list_empty(&console->clients))
        console->loop->ops->timer_set(console->linger, CONSOLE_LINGER_NS);
}

int console_add_client(struct console *console, int fd, const struct console_want *want)
{
    sweep(console);
    if (console->client_count >= CONSOLE_CLIENTS_MAX) {
        close(fd);
        return -EBUSY;
    }
    /* What a guest printed just before it died may have come without an event. */
    if (drain(console, now_ns(console)))
        advance_clients(console);
    struct console_client *client = new_client(console, fd, want);
    if (client == NULL) {
        close(fd);
        return -ENOMEM;
    }
    advance_client(client);
    limit_reading(console);
    return 0;
}

void console_stop(struct console *console)
{
    uint8_t data[CONSOLE_RING_OUT_BYTES];
    if (console == NULL || console->ring.shared == NULL)
        return;
    /* Clients get it when they are next served: this may be inside the service of one. */
    ssize_t size = console_ring_read(&console->ring, data, sizeof(data));
    if (size > 0)
        console_history_append(&console->history, data, (size_t)size, now_ns(console));
    console->ring.fault = "console: detached";
    console->ring.shared = NULL;
}

void console_detach(struct console *console, struct list *lingering, uint64_t keep)
{
    if (console == NULL)
        return;
    console->ops = NULL;
    console_stop(console);
    list_append(lingering, &console->node);
    if (console->history.end > 0)
        console->kept = keep;
    advance_clients(console);
    limit_reading(console);
    free_if_over(console);
}

struct console *console_find(const struct list *lingering, uint64_t id)
{
    LIST_FOR_EACH(node, lingering)
    {
        struct console *console = LIST_OWNER(node, struct console, node);
        if (id != 0 && console->kept == id)
            return console;
    }
    return NULL;
}

void console_forget(struct console *console)
{
    console->kept = 0;
    free_if_over(console);
}

void console_forget_all(struct list *lingering)
{
    LIST_FOR_EACH(node, lingering)
    {
        console_forget(LIST_OWNER(node, struct console, node));
    }
}

void console_end_lingering(struct list *lingering)
{
    LIST_FOR_EACH(node, lingering)
    {
        free_console(LIST_OWNER(node, struct console, node));
    }
}
