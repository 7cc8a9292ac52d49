#include "core/iod.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/iod_internal.h"
#include "util/fault.h"
#include "util/fd.h"
#include "util/fd_closer.h"
#include "util/log.h"

#define MS             UINT64_C(1000000)

#define ANSWER_NS      (5000 * MS) /* iod must answer, or start, within this */
#define CONNECT_NS     (2 * MS)    /* between attempts while it starts */
#define RESTART_NS     (100 * MS)  /* before the second attempt in a row; then doubled */
#define RESTART_MAX_NS (5000 * MS)
#define HEALTHY_NS     (60000 * MS) /* after this long a loss counts as the first again */
#define FIRST_TRIES    3u           /* before chaosd gives up at its own start */
#define RECEIVE_BATCH  64

static const struct sm_state states[] = {
    [IOD_DOWN] = {"down", SM_BIT(IOD_STARTING)},
    [IOD_STARTING] = {"starting", SM_BIT(IOD_GREETING) | SM_BIT(IOD_WAITING)},
    [IOD_GREETING] = {"greeting", SM_BIT(IOD_UP) | SM_BIT(IOD_WAITING)},
    [IOD_UP] = {"up", SM_BIT(IOD_WAITING)},
    [IOD_WAITING] = {"waiting", SM_BIT(IOD_STARTING)},
};

static bool invariant(const void *owner, unsigned state)
{
    const struct iod *iod = owner;
    bool connected = state == IOD_GREETING || state == IOD_UP;
    return connected == (iod->socket >= 0);
}

static const struct sm_type type = {"iod", states, IOD_WAITING + 1, invariant};

uint64_t iod_now_ns(const struct iod *iod)
{
    return iod->config.loop->ops->now_ns(iod->config.loop);
}

static void move(struct iod *iod, enum iod_state state)
{
    sm_move(&iod->sm, state, iod_now_ns(iod));
}

static void set_timer(struct iod *iod, uint64_t delay_ns)
{
    iod->config.loop->ops->timer_set(iod->timer, delay_ns);
}

static void cancel_timer(struct iod *iod)
{
    iod->config.loop->ops->timer_cancel(iod->timer);
}

int iod_send(struct iod *iod, const void *message, const int *fds, size_t count)
{
    const struct io_msg_header *header = message;

    fault_message(header->type, "before");
    int rc = fd_send(iod->socket, message, header->size, fds, count);
    fault_message(header->type, "after");
    return rc;
}

/* ---- answers ------------------------------------------------------------------------ */

void iod_expect_answer(struct iod *iod)
{
    if (iod->unanswered++ == 0)
        set_timer(iod, ANSWER_NS);
}

void iod_answered(struct iod *iod)
{
    if (--iod->unanswered > 0)
        set_timer(iod, ANSWER_NS);
    else
        cancel_timer(iod);
}

static const char *on_hello(struct iod *iod, const union iod_message *message)
{
    if (iod->sm.state != IOD_GREETING)
        return "a second greeting";
    if (message->hello.version != IO_MSG_VERSION)
        return "another version of the protocol";
    if (iod->config.uplink_fd < 0 && !message->hello.has_uplink)
        return "no uplink, though it has it";
    move(iod, IOD_UP);
    iod_answered(iod);
    iod_attach_missing(iod);
    if (!iod->ever_up) {
        iod->ever_up = true;
        iod->config.events->started(iod->config.arg, NULL);
    }
    iod_flush(iod);
    return NULL;
}

static const char *dispatch(struct iod *iod, const union iod_message *message)
{
    if (message->header.type == IO_MSG_HELLO)
        return on_hello(iod, message);
    if (message->header.type == IO_MSG_SERVES)
        return iod->sm.state == IOD_GREETING ? iod_serves(iod, message->header.guest)
                                             : "guests after the greeting";
    if (iod->sm.state != IOD_UP)
        return "a message before the greeting";
    if (message->header.type == IO_MSG_COUNTERS)
        return iod_counters(iod, &message->counters);
    return iod_guest_message(iod, message);
}

/* Returns false when there is nothing more to read, or nobody to read from. */
static bool receive_one(struct iod *iod)
{
    union iod_message message;
    struct fd_packet packet;
    const char *wrong;

    int rc = fd_receive(iod->socket, &message, sizeof(message), &packet);
    if (rc == -EAGAIN)
        return false;
    if (rc < 0 || packet.size == 0) {
        iod_lost(iod, "it has died");
        return false;
    }
    if (packet.truncated || packet.fd_count > 0) {
        fd_close_foreign_all(packet.fds, packet.fd_count, (uid_t)-1);
        wrong = "more than a message";
    } else {
        wrong = iod_message_check(&message, packet.size);
    }
    if (wrong == NULL) {
        fault_message(message.header.type, "received");
        wrong = dispatch(iod, &message);
        fault_message(message.header.type, "handled");
    }
    if (wrong != NULL) {
        char why[128];
        snprintf(why, sizeof(why), "it broke the protocol: %s", wrong);
        iod_lost(iod, why);
    }
    return iod->socket >= 0;
}

static void on_socket(void *arg, int fd, unsigned ready)
{
    struct iod *iod = arg;

    (void)fd;
    if (ready & LOOP_WRITE) {
        iod->config.loop->ops->watch_set(iod->watch, LOOP_READ);
        iod_flush(iod);
    }
    for (int i = 0; iod->socket >= 0 && i < RECEIVE_BATCH; i++)
        if (!receive_one(iod))
            break;
}

void iod_wait_writable(struct iod *iod)
{
    iod->config.loop->ops->watch_set(iod->watch, LOOP_READ | LOOP_WRITE);
}

/* ---- connecting --------------------------------------------------------------------- */

static void disconnect(struct iod *iod)
{
    iod->config.loop->ops->watch_destroy(iod->watch);
    iod->watch = NULL;
    fd_close(&iod->socket);
    iod->unanswered = 0;
}

static uint64_t restart_delay_ns(unsigned failures)
{
    uint64_t delay_ns = RESTART_NS;

    if (failures <= 1)
        return 0;
    for (unsigned i = 2; i < failures && delay_ns < RESTART_MAX_NS; i++)
        delay_ns *= 2;
    return delay_ns < RESTART_MAX_NS ? delay_ns : RESTART_MAX_NS;
}

void iod_lost(struct iod *iod, const char *why)
{
    bool was_healthy = iod->sm.state == IOD_UP && iod_now_ns(iod) - iod->sm.since_ns >= HEALTHY_NS;

    log_warning("chaos-iod: %s; starting another", why);
    iod->config.link->ops->kill(iod->config.link);
    disconnect(iod);
    dead_init(&iod->dead);
    iod->failures = was_healthy ? 1 : iod->failures + 1;
    move(iod, IOD_WAITING);
    iod_stats_forget(iod);
    iod_requeue_guests(iod);
    if (!iod->ever_up && iod->failures >= FIRST_TRIES) {
        cancel_timer(iod);
        iod->config.events->started(iod->config.arg, why);
        return;
    }
    set_timer(iod, restart_delay_ns(iod->failures));
}

static int greet(struct iod *iod)
{
    struct io_msg_hello hello;
    const int fds[] = {iod->config.uplink_fd};

    iod_message_hello(&iod->config, &hello);
    return iod_send(iod, &hello, fds, fds[0] >= 0 ? 1 : 0);
}

static void on_connected(struct iod *iod, int socket)
{
    struct loop *loop = iod->config.loop;

    iod->socket = socket;
    iod->watch = loop->ops->watch_create(loop, socket, LOOP_READ, on_socket, iod);
    move(iod, IOD_GREETING);
    int rc = iod->watch == NULL ? -ENOMEM : greet(iod);
    if (rc < 0) {
        iod_lost(iod, strerror(-rc));
        return;
    }
    iod_expect_answer(iod);
}

static void try_connect(struct iod *iod)
{
    int socket = -1;
    int rc = iod->config.link->ops->connect(iod->config.link, &socket);

    if (rc == 0) {
        on_connected(iod, socket);
        return;
    }
    if (rc != -ENOENT && rc != -ECONNREFUSED && rc != -EAGAIN) {
        iod_lost(iod, strerror(-rc));
        return;
    }
    if (iod_now_ns(iod) >= iod->deadline_ns) {
        iod_lost(iod, "it does not listen");
        return;
    }
    set_timer(iod, CONNECT_NS);
}

static void start(struct iod *iod)
{
    move(iod, IOD_STARTING);
    iod->deadline_ns = iod_now_ns(iod) + ANSWER_NS;
    const char *wrong = iod->config.events->starting(iod->config.arg);
    if (wrong != NULL) {
        iod_lost(iod, wrong);
        return;
    }
    int rc = iod->config.link->ops->start(iod->config.link);
    if (rc < 0) {
        iod_lost(iod, strerror(-rc));
        return;
    }
    try_connect(iod);
}

static void on_timer(void *arg)
{
    struct iod *iod = arg;

    switch ((enum iod_state)iod->sm.state) {
    case IOD_STARTING:
        try_connect(iod);
        break;
    case IOD_GREETING:
    case IOD_UP:
        iod_lost(iod, "it does not answer");
        break;
    case IOD_WAITING:
        start(iod);
        break;
    case IOD_DOWN:
        break;
    }
}

int iod_init(struct iod *iod, const struct iod_config *config)
{
    struct loop *loop = config->loop;

    *iod = (struct iod){.config = *config, .found = -1, .socket = -1};
    list_init(&iod->outbox);
    list_init(&iod->stats);
    dead_init(&iod->dead);
    sm_init(&iod->sm, &type, iod, IOD_DOWN, iod_now_ns(iod));
    iod->timer = loop->ops->timer_create(loop, on_timer, iod);
    return iod->timer == NULL ? -ENOMEM : 0;
}

void iod_fini(struct iod *iod)
{
    if (iod->config.loop == NULL)
        return;
    disconnect(iod);
    iod_stats_forget(iod);
    fd_close(&iod->found);
    if (iod->timer != NULL)
        iod->config.loop->ops->timer_destroy(iod->timer);
    iod->timer = NULL;
}

bool iod_find(struct iod *iod)
{
    return iod->found >= 0 || iod->config.link->ops->connect(iod->config.link, &iod->found) == 0;
}

void iod_start(struct iod *iod)
{
    int socket;

    if (!iod_find(iod)) {
        iod_requeue_guests(iod);
        start(iod);
        return;
    }
    socket = iod->found;
    iod->found = -1;
    log_info("takes over a chaos-iod that runs");
    move(iod, IOD_STARTING);
    on_connected(iod, socket);
}
