/* Who is attached to chaos-iod, and the messages about guests. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/devices.h"
#include "core/guest_table.h"
#include "core/iod_internal.h"
#include "util/fd.h"

#define ERRNO_MAX 4095

static enum guest_io_state io_state(const struct guest *guest)
{
    return (enum guest_io_state)guest->io.sm.state;
}

static void move(struct iod *iod, struct guest *guest, enum guest_io_state state)
{
    sm_move(&guest->io.sm, state, iod_now_ns(iod));
}

static void enqueue(struct iod *iod, struct guest *guest, enum guest_io_state state)
{
    move(iod, guest, state);
    list_append(&iod->outbox, &guest->io.outbox);
}

/* ---- sending ------------------------------------------------------------------------ */

/*
 * After an adoption the event channel and TAPs are iod's alone, and ended with it.
 */
static int open_devices(struct guest *guest, char *text)
{
    int rc = guest->io.channel_fd >= 0 ? 0 : devices_open_channel(guest);

    if (rc < 0) {
        snprintf(text, HOSTNET_TEXT_MAX, "no event channel");
        return rc;
    }
    return devices_open_taps(guest, text);
}

/*
 * The grant fd is a fresh one each time and no copy is kept: an open copy would keep the pages of
 * a dead iod mapped.
 */
static int send_attach(struct iod *iod, const struct guest *guest, const int *fds, size_t count)
{
    struct io_msg_attach message;

    iod_message_attach(guest, &message);
    return iod_send(iod, &message, fds, count);
}

/* Grant fds among those of interfaces are ours; TAPs are the guest's. */
static void close_grant_fds(const struct guest *guest, int *fds, size_t count)
{
    fd_close(&fds[0]);
    for (size_t i = 2; i < count; i++) {
        bool is_tap = false;
        for (unsigned j = 0; j < guest->vif_count; j++)
            is_tap |= fds[i] == guest->vif[j].tap_fd;
        if (!is_tap)
            fd_close(&fds[i]);
    }
}

/* Returns -errno of the socket. Devices that cannot be had are the guest's trouble alone. */
static int deliver_attach(struct iod *iod, struct guest *guest)
{
    char text[HOSTNET_TEXT_MAX] = "no grant device";
    int fds[IO_MAX_FDS] = {-1};
    size_t count = 2;
    int rc = open_devices(guest, text);

    fds[1] = guest->io.channel_fd;
    if (rc == 0)
        rc = iod->config.hv->ops->grant_fd(iod->config.hv, &fds[0]);
    if (rc == 0)
        rc = iod_vif_fds(iod, guest, fds, &count);
    if (rc < 0) {
        close_grant_fds(guest, fds, count);
        list_remove(&guest->io.outbox);
        move(iod, guest, GUEST_IO_NONE);
        iod->config.events->attached(guest, rc, text);
        return 0;
    }
    rc = send_attach(iod, guest, fds, count);
    close_grant_fds(guest, fds, count);
    if (rc < 0)
        return rc;
    list_remove(&guest->io.outbox);
    guest->io.attach_unanswered = true;
    if (guest->io.change == GUEST_IO_CHANGE_WANTED)
        guest->io.change = GUEST_IO_CHANGE_COVERED;
    iod_expect_answer(iod);
    return 0;
}

/* It has a name to be asked for by, and has had a chance to print to this iod. */
static bool leaves_console(const struct guest *guest)
{
    return !guest_is_shell(guest) && guest->unpaused_ns != 0 && guest->io.served;
}

static int deliver_detach(struct iod *iod, struct guest *guest)
{
    bool keep = leaves_console(guest);
    struct dead_guest *surplus = keep ? dead_surplus(&iod->dead, guest) : NULL;
    struct io_msg_detach message;

    iod_message_detach(guest, keep, surplus != NULL ? surplus->id : 0, &message);
    int rc = iod_send(iod, &message, NULL, 0);
    if (rc < 0)
        return rc;
    if (keep)
        dead_add(&iod->dead, guest, surplus);
    list_remove(&guest->io.outbox);
    iod_expect_answer(iod);
    return 0;
}

static int deliver(struct iod *iod, struct guest *guest)
{
    switch (io_state(guest)) {
    case GUEST_IO_DETACHING:
        return deliver_detach(iod, guest);
    case GUEST_IO_ATTACHED:
        return iod_deliver_change(iod, guest);
    default:
        return deliver_attach(iod, guest);
    }
}

void iod_flush(struct iod *iod)
{
    while (iod->sm.state == IOD_UP && !list_empty(&iod->outbox)) {
        struct guest *guest = LIST_OWNER(iod->outbox.next, struct guest, io.outbox);
        int rc = deliver(iod, guest);
        if (rc == -EAGAIN) {
            iod_wait_writable(iod);
            return;
        }
        if (rc < 0) {
            iod_lost(iod, strerror(-rc));
            return;
        }
    }
}

void iod_attach(struct iod *iod, struct guest *guest)
{
    enqueue(iod, guest, GUEST_IO_ATTACHING);
    iod_flush(iod);
}

void iod_detach(struct iod *iod, struct guest *guest)
{
    switch (io_state(guest)) {
    case GUEST_IO_ATTACHING:
        if (!list_linked(&guest->io.outbox))
            break;
        /* Never sent. */
        list_remove(&guest->io.outbox);
        move(iod, guest, GUEST_IO_NONE);
        iod->config.events->detached(guest);
        return;
    case GUEST_IO_ATTACHED:
    case GUEST_IO_RECORDED:
        /* A change that waits there is of no interest any more. */
        if (list_linked(&guest->io.outbox))
            list_remove(&guest->io.outbox);
        break;
    case GUEST_IO_NONE:
        iod->config.events->detached(guest);
        return;
    case GUEST_IO_DETACHING:
        return;
    }
    enqueue(iod, guest, GUEST_IO_DETACHING);
    iod_flush(iod);
}

int iod_console(struct iod *iod, uint64_t guest_id, int fd, const struct iod_console_want *want,
                struct error *error)
{
    struct io_msg_console message = {
        .header = {.type = IO_MSG_CONSOLE, .size = sizeof(message), .guest = guest_id},
        .follow = want->follow,
        .input = want->input,
        .since_ms = want->since_ms,
    };

    const struct guest *guest = guest_table_by_id(iod->config.guests, guest_id);

    /* Not before the message that attaches it. */
    if (iod->sm.state != IOD_UP || (guest != NULL && list_linked(&guest->io.outbox)))
        return error_set(error, UKVM_E_BAD_STATE,
                         "chaos-iod is busy or being started again; try once more");
    int rc = iod_send(iod, &message, &fd, 1);
    if (rc == -EAGAIN)
        return error_set(error, UKVM_E_BAD_STATE, "chaos-iod is busy; try once more");
    if (rc < 0)
        return error_from_errno(error, -rc, "chaos-iod");
    return 0;
}

/* ---- a lost iod --------------------------------------------------------------------- */

static struct guest *find_detaching(const struct iod *iod)
{
    LIST_FOR_EACH(node, &iod->config.guests->all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (io_state(guest) == GUEST_IO_DETACHING)
            return guest;
    }
    return NULL;
}

void iod_requeue_guests(struct iod *iod)
{
    LIST_FOR_EACH(node, &iod->config.guests->all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);

        guest->io.attach_unanswered = false;
        guest->io.served = false;
        if (guest->io.change != GUEST_IO_CHANGE_NONE)
            guest->io.change = GUEST_IO_CHANGE_WANTED;
        switch (io_state(guest)) {
        case GUEST_IO_ATTACHING:
            if (!list_linked(&guest->io.outbox))
                list_append(&iod->outbox, &guest->io.outbox);
            break;
        case GUEST_IO_ATTACHED:
        case GUEST_IO_RECORDED:
            if (list_linked(&guest->io.outbox))
                list_remove(&guest->io.outbox);
            enqueue(iod, guest, GUEST_IO_ATTACHING);
            break;
        case GUEST_IO_DETACHING:
        case GUEST_IO_NONE:
            break;
        }
    }
    /* From the start each time: one that is detached may be freed, and others with it. */
    struct guest *guest;
    while ((guest = find_detaching(iod)) != NULL) {
        list_remove(&guest->io.outbox);
        move(iod, guest, GUEST_IO_NONE);
        iod->config.events->detached(guest);
    }
}

/* ---- the iod of a former chaosd ----------------------------------------------------- */

void iod_recorded(struct iod *iod, struct guest *guest)
{
    move(iod, guest, GUEST_IO_RECORDED);
}

void iod_attach_missing(struct iod *iod)
{
    LIST_FOR_EACH(node, &iod->config.guests->all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (io_state(guest) == GUEST_IO_RECORDED)
            enqueue(iod, guest, GUEST_IO_ATTACHING);
    }
}

const char *iod_serves(struct iod *iod, uint64_t id)
{
    struct guest *guest = guest_table_by_id(iod->config.guests, id);

    if (guest == NULL) {
        if (++iod->strays > LIMIT_GUESTS)
            return "more guests than there can be";
        return iod->config.events->stray(iod->config.arg, id) < 0 ? "a guest that is not" : NULL;
    }
    bool is_attached = io_state(guest) == GUEST_IO_RECORDED;
    if (!is_attached && io_state(guest) != GUEST_IO_DETACHING)
        return "a guest that it cannot have";
    guest->io.served = true;
    if (!is_attached)
        return NULL;
    move(iod, guest, GUEST_IO_ATTACHED);
    iod_change_attached(iod, guest);
    return NULL;
}

/* ---- what iod says about guests ----------------------------------------------------- */

static const char *on_attached(struct iod *iod, struct guest *guest,
                               const struct io_msg_attached *message)
{
    int32_t status = message->status;

    if (!guest->io.attach_unanswered)
        return "an answer to nothing";
    if (status > 0 || status < -ERRNO_MAX)
        return "a wrong status";
    guest->io.attach_unanswered = false;
    guest->io.served = status == 0;
    iod_answered(iod);
    if (io_state(guest) == GUEST_IO_DETACHING)
        return NULL;
    move(iod, guest, status == 0 ? GUEST_IO_ATTACHED : GUEST_IO_NONE);
    /* Before the guest hears of it, who may be gone then. */
    if (status == 0)
        iod_change_attached(iod, guest);
    iod->config.events->attached(guest, status, message->text);
    return NULL;
}

static const char *on_detached(struct iod *iod, struct guest *guest)
{
    if (io_state(guest) != GUEST_IO_DETACHING || list_linked(&guest->io.outbox) ||
        guest->io.attach_unanswered || guest->io.change == GUEST_IO_CHANGE_SENT)
        return "an answer to nothing";
    iod_answered(iod);
    move(iod, guest, GUEST_IO_NONE);
    iod->config.events->detached(guest);
    return NULL;
}

static const char *on_fault(struct iod *iod, struct guest *guest,
                            const struct io_msg_fault *message)
{
    /* A guest on its way out may still be at fault; nobody needs to know. */
    if (io_state(guest) == GUEST_IO_ATTACHED)
        iod->config.events->fault(guest, message->text);
    return NULL;
}

const char *iod_guest_message(struct iod *iod, const union iod_message *message)
{
    struct guest *guest = guest_table_by_id(iod->config.guests, message->header.guest);

    if (guest == NULL)
        return "a guest that is not";
    switch (message->header.type) {
    case IO_MSG_ATTACHED:
        return on_attached(iod, guest, &message->attached);
    case IO_MSG_DETACHED:
        return on_detached(iod, guest);
    case IO_MSG_VIF_DONE:
        return iod_on_vif_done(iod, guest, &message->vif_done);
    case IO_MSG_FAULT:
        return on_fault(iod, guest, &message->fault);
    default:
        return "an unexpected message";
    }
}
