#include "ctl/event_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "ctl/event_json.h"
#include "util/fd.h"
#include "util/log.h"

/* Events sent before other watches get their turn: at most so much later is a create. */
#define TURN      16
/* What a client that does not read keeps of the kernel's memory. */
#define UNREAD    (32 * 1024)
#define EVENT_MAX 4096

struct event_stream {
    struct list node;
    struct event_streams *streams;
    uid_t uid;
    int fd;
    struct loop_watch *watch;
    uint64_t cursor; /* the last that was sent */
    uint64_t end;    /* the last to be sent; UINT64_MAX: there is none */
    bool is_foreign; /* the cursor that was asked for is of another history: not told yet */
    bool is_full;    /* its socket would not take more */
};

static const struct event_log *log_of(const struct event_stream *stream)
{
    return &stream->streams->core->events.log;
}

static void stream_destroy(struct event_stream *stream)
{
    struct event_streams *streams = stream->streams;

    if (stream->watch != NULL)
        streams->core->loop->ops->watch_destroy(stream->watch);
    list_remove(&stream->node);
    streams->count--;
    fd_close(&stream->fd);
    free(stream);
}

/* ---- sending ------------------------------------------------------------------------ */

static bool has_work(const struct event_stream *stream)
{
    if (stream->is_full)
        return false;
    return stream->is_foreign || stream->cursor >= stream->end ||
           stream->cursor < event_log_last(log_of(stream));
}

/* How many were before the first that is there: 0, or what must be said first. */
static uint64_t count_lost(const struct event_stream *stream)
{
    uint64_t first = event_log_first(log_of(stream));

    return stream->cursor + 1 < first ? first - stream->cursor - 1 : 0;
}

static json_t *lost_json(uint64_t lost, uint64_t cursor)
{
    json_t *number = lost > 0 ? json_integer((json_int_t)lost) : json_null();

    return json_pack("{s:o, s:I}", "lost", number, "id", (json_int_t)cursor);
}

static bool is_over(const struct event_stream *stream)
{
    return stream->cursor >= stream->end && !stream->is_foreign;
}

/* What is to be sent next, and where the cursor is after it. */
static json_t *next_packet(const struct event_stream *stream, uint64_t *cursor_out)
{
    struct event_record record;
    uint64_t lost = is_over(stream) ? 0 : count_lost(stream);

    if (stream->is_foreign) {
        *cursor_out = stream->cursor;
        return lost_json(0, stream->cursor);
    }
    if (lost > 0) {
        *cursor_out = stream->cursor + lost;
        return lost_json(lost, *cursor_out);
    }
    if (is_over(stream)) {
        *cursor_out = stream->cursor;
        return json_pack("{s:b, s:I}", "end", 1, "id", (json_int_t)stream->cursor);
    }
    *cursor_out = stream->cursor + 1;
    if (event_log_read(log_of(stream), *cursor_out, &record))
        return event_json(stream->streams->core, &record);
    return lost_json(1, *cursor_out);
}

static int send_packet(const struct event_stream *stream, json_t *packet)
{
    char text[EVENT_MAX];
    size_t size = packet == NULL ? 0 : json_dumpb(packet, text, sizeof(text), JSON_COMPACT);

    json_decref(packet);
    if (size == 0 || size > sizeof(text))
        return -ENOMEM;
    return fd_send(stream->fd, text, size, NULL, 0);
}

/* The stream may be gone after that. */
static void send_one(struct event_stream *stream)
{
    uint64_t cursor;
    bool was_over = is_over(stream);
    int rc = send_packet(stream, next_packet(stream, &cursor));
    if (rc == -EAGAIN) {
        stream->is_full = true;
        stream->streams->core->loop->ops->watch_set(stream->watch, LOOP_READ | LOOP_WRITE);
    } else if (rc < 0 || was_over) {
        stream_destroy(stream);
    } else {
        stream->cursor = cursor;
        stream->is_foreign = false;
    }
}

static struct event_stream *next_stream(struct event_streams *streams)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is destroyed is off the list */
    LIST_FOR_EACH(node, &streams->all)
    {
        struct event_stream *stream = LIST_OWNER(node, struct event_stream, node);
        if (has_work(stream))
            return stream;
    }
    return NULL;
}

static void next_turn(struct event_streams *streams)
{
    streams->core->loop->ops->timer_set(streams->timer, 0);
}

static void on_turn(void *arg)
{
    struct event_streams *streams = arg;
    struct event_stream *stream;

    for (int i = 0; i < TURN; i++) {
        stream = next_stream(streams);
        if (stream == NULL)
            return;
        list_remove(&stream->node);
        list_append(&streams->all, &stream->node);
        send_one(stream);
    }
    next_turn(streams);
}

static void on_event(struct events_listener *listener)
{
    struct event_streams *streams = LIST_OWNER(listener, struct event_streams, listener);

    if (streams->count > 0)
        next_turn(streams);
}

/* It says nothing: what can be read is its end, or what makes it one. */
static void on_ready(void *arg, int fd, unsigned ready)
{
    struct event_stream *stream = arg;

    (void)fd;
    if (ready & LOOP_READ) {
        stream_destroy(stream);
        return;
    }
    stream->is_full = false;
    stream->streams->core->loop->ops->watch_set(stream->watch, LOOP_READ);
    next_turn(stream->streams);
}

/* ---- the beginning and the end ------------------------------------------------------ */

static unsigned count_user(const struct event_streams *streams, uid_t uid)
{
    unsigned count = 0;

    LIST_FOR_EACH(node, &streams->all)
    count += LIST_OWNER(node, struct event_stream, node)->uid == uid;
    return count;
}

/* As with connections, some are kept for root. */
static int check_room(const struct event_streams *streams, uid_t uid, struct error *error)
{
    unsigned reserved = uid == 0 ? 0 : LIMIT_ROOT_CLIENTS;

    if (uid != 0 && count_user(streams, uid) >= LIMIT_USER_EVENT_STREAMS)
        return limit_reached(error, LIMIT_ID_USER_EVENT_STREAMS);
    if (streams->count + reserved >= LIMIT_EVENT_STREAMS)
        return limit_reached(error, LIMIT_ID_EVENT_STREAMS);
    return 0;
}

static void set_cursor(struct event_stream *stream, const struct event_stream_want *want)
{
    const struct event_log *log = log_of(stream);
    uint64_t last = event_log_last(log);

    stream->end = want->follow ? UINT64_MAX : last;
    stream->is_foreign = want->since != 0 && !want->skip &&
                         (want->since > last || want->since + 1 < log->head->first_id);
    if (want->skip)
        stream->cursor = last;
    else if (want->since == 0 || stream->is_foreign)
        stream->cursor = event_log_first(log) - 1;
    else
        stream->cursor = want->since;
}

static struct event_stream *stream_create(struct event_streams *streams, uid_t uid, int fd)
{
    struct loop *loop = streams->core->loop;
    struct event_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->watch = loop->ops->watch_create(loop, fd, LOOP_READ, on_ready, stream);
    if (stream->watch == NULL) {
        free(stream);
        return NULL;
    }
    stream->streams = streams;
    stream->uid = uid;
    stream->fd = fd;
    list_append(&streams->all, &stream->node);
    streams->count++;
    return stream;
}

int event_stream_open(struct event_streams *streams, uid_t uid,
                      const struct event_stream_want *want, uint64_t *since_out, int *fd_out,
                      struct error *error)
{
    const int unread = UNREAD;
    int ends[2];
    int rc = check_room(streams, uid, error);

    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_from_errno(error, errno, "events");
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &unread, sizeof(unread)) < 0)
        log_debug("the buffer of a stream of events stays as it is");
    struct event_stream *stream = stream_create(streams, uid, ends[0]);
    if (stream == NULL) {
        fd_close_all(ends, 2);
        return error_from_errno(error, ENOMEM, "events");
    }
    set_cursor(stream, want);
    *since_out = stream->cursor;
    *fd_out = ends[1];
    next_turn(streams);
    return 0;
}

int event_streams_init(struct event_streams *streams, struct core *core)
{
    struct loop *loop = core->loop;

    list_init(&streams->all);
    streams->core = core;
    streams->count = 0;
    streams->timer = loop->ops->timer_create(loop, on_turn, streams);
    if (streams->timer == NULL)
        return -ENOMEM;
    streams->listener.on_event = on_event;
    events_listen(&core->events, &streams->listener);
    return 0;
}

void event_streams_fini(struct event_streams *streams)
{
    if (streams->timer == NULL)
        return;
    LIST_FOR_EACH(node, &streams->all)
    stream_destroy(LIST_OWNER(node, struct event_stream, node));
    list_remove(&streams->listener.node);
    streams->core->loop->ops->timer_destroy(streams->timer);
    streams->timer = NULL;
}
