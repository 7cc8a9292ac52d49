#include "io/io_guest.h"

#include "io/io_attach.h"
#include "io/io_guest_vif.h"
#include "noxs/access.h"
#include "util/fd.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT(state) SM_BIT(IO_GUEST_##state)

static const struct sm_state states[] = {
    [IO_GUEST_WAITING] = {"waiting", NEXT(WAITING) | NEXT(POLLED) | NEXT(STOPPED)},
    [IO_GUEST_POLLED] = {"polled", NEXT(WAITING) | NEXT(POLLED) | NEXT(STOPPED)},
    [IO_GUEST_STOPPED] = {"stopped", 0},
};

static const struct sm_type machine = {
    .name = "iod guest",
    .states = states,
    .count = sizeof(states) / sizeof(states[0]),
};

static uint64_t now_ns(const struct io_guest *guest)
{
    return guest->io->loop->ops->now_ns(guest->io->loop);
}

static void move(struct io_guest *guest, enum io_guest_state to)
{
    sm_move(&guest->sm, to, now_ns(guest));
}

static bool is_stopped(const struct io_guest *guest)
{
    return guest->sm.state == IO_GUEST_STOPPED;
}

static void set_host_states(struct io_guest *guest, uint32_t state)
{
    struct noxs_page *page = guest->bell.page;
    noxs_write32(&page->device_host_state[guest->console_slot], state);
    for (unsigned i = 0; i < IO_MAX_VIFS; i++)
        if (vif_is_open(&guest->vifs[i]))
            noxs_write32(&page->device_host_state[guest->vifs[i].slot], state);
}

/* The first reason counts. May be called in the middle of anybody's turn. */
static void stop(void *arg, const char *text)
{
    struct io_guest *guest = arg;
    if (is_stopped(guest))
        return;
    move(guest, IO_GUEST_STOPPED);
    snprintf(guest->fault, sizeof(guest->fault), "%s", text);
    guest->io->loop->ops->watch_set(guest->watch, 0);
    guest->io->loop->ops->timer_cancel(guest->timer);
    for (unsigned i = 0; i < IO_MAX_VIFS; i++)
        vif_stop(&guest->vifs[i]);
    console_stop(guest->console);
    set_host_states(guest, NOXS_DEV_STATE_CLOSED);
    if (guest->io->on_fault != NULL)
        guest->io->on_fault(guest->io->arg, guest);
}

static void unmask(struct io_guest *guest)
{
    if (doorbell_unmask(&guest->bell) < 0)
        stop(guest, "the I/O event channel cannot be unmasked");
    else
        move(guest, IO_GUEST_WAITING);
}

static bool rung(uint64_t slots, unsigned slot)
{
    return (slots >> slot & 1) != 0;
}

static enum io_throttle_work serve(struct io_guest *guest, uint64_t slots, uint64_t start_ns)
{
    enum io_throttle_work work = IO_THROTTLE_IDLE;
    if (rung(slots, guest->console_slot) && console_serve(guest->console, start_ns))
        work = IO_THROTTLE_WORKED;
    for (unsigned i = 0; i < IO_MAX_VIFS && !is_stopped(guest); i++) {
        struct vif *vif = &guest->vifs[i];
        enum io_throttle_work one = IO_THROTTLE_IDLE;
        bool more = false;
        if (vif_is_open(vif) && rung(slots, vif->slot))
            one = netback_serve(&vif->netback, &more);
        if (more)
            guest->unfinished |= UINT64_C(1) << vif->slot;
        work = one > work ? one : work;
    }
    return work;
}

static void after_turn(struct io_guest *guest, enum io_throttle_work work, uint64_t start_ns)
{
    struct loop *loop = guest->io->loop;
    bool storm = false;
    uint64_t wait_ns = io_throttle_event(&guest->throttle, start_ns, work, &storm);
    if (storm) {
        stop(guest, "event storm on the I/O channel");
    } else if (guest->unfinished != 0 || wait_ns > 0) {
        move(guest, IO_GUEST_POLLED);
        loop->ops->timer_set(guest->timer, wait_ns);
    } else {
        unmask(guest);
    }
}

static void turn(struct io_guest *guest)
{
    bool polled = guest->sm.state == IO_GUEST_POLLED;
    uint64_t slots = doorbell_take(&guest->bell) | guest->unfinished;
    uint64_t start_ns = now_ns(guest);
    guest->unfinished = 0;
    enum io_throttle_work work = serve(guest, slots, start_ns);
    doorbell_flush(&guest->io->bells);
    if (is_stopped(guest))
        return;
    /* No event came, so the guest is not charged for one. */
    if (polled && work == IO_THROTTLE_IDLE && guest->unfinished == 0)
        unmask(guest);
    else
        after_turn(guest, work, start_ns);
}

static void on_timer(void *arg)
{
    struct io_guest *guest = arg;
    if (guest->sm.state == IO_GUEST_POLLED)
        turn(guest);
}

static void on_event(void *arg, int fd, unsigned ready)
{
    struct io_guest *guest = arg;
    (void)fd;
    (void)ready;
    int rc = doorbell_read(&guest->bell);
    if (rc < 0)
        stop(guest, "the I/O event channel cannot be read");
    else if (rc > 0 && guest->sm.state == IO_GUEST_WAITING)
        turn(guest);
}

static void on_console_notify(void *arg)
{
    struct io_guest *guest = arg;
    doorbell_ring(&guest->bell, guest->console_slot);
    /* Input from a client comes outside of any guest's turn. */
    doorbell_flush(&guest->io->bells);
}

static const struct console_ops console_ops = {
    .notify = on_console_notify,
    .fault = stop,
};

static int open_channel(struct io_guest *guest, const struct io_msg_attach *attach)
{
    struct loop *loop = guest->io->loop;
    int rc = fd_nonblock(guest->evtchn_fd);
    if (rc < 0)
        return rc;
    doorbell_init(&guest->bell, &guest->io->bells, guest->io->xen,
                  (struct noxs_page *)(void *)guest->window, guest->evtchn_fd, attach->local_port);
    guest->timer = loop->ops->timer_create(loop, on_timer, guest);
    guest->watch = loop->ops->watch_create(loop, guest->evtchn_fd, LOOP_READ, on_event, guest);
    return guest->timer == NULL || guest->watch == NULL ? -ENOMEM : 0;
}

static int open_console(struct io_guest *guest, const struct io_msg_attach *attach)
{
    guest->console_slot = attach->console_slot;
    return console_create(guest->io->loop,
                          guest->window + (size_t)attach->console_window * IO_PAGE_SIZE,
                          attach->resumed != 0, &console_ops, guest, &guest->console);
}

static int map_window(struct io_guest *guest, const struct io_msg_attach *attach, char *text)
{
    int rc = guest->io->xen->map(guest->grant_fd, attach->domid, attach->gref_first,
                                 attach->window_pages, &guest->window);
    if (rc < 0)
        snprintf(text, IO_TEXT_MAX, "cannot map the %u pages granted from reference %u: %s",
                 attach->window_pages, attach->gref_first, strerror(-rc));
    else
        guest->window_pages = attach->window_pages;
    return rc;
}

/* The guest owns its first two fds from here on; those taken by interfaces become -1. */
static int open_guest(struct io_guest *guest, const struct io_msg_attach *attach, int *fds,
                      char *text)
{
    guest->vif_env = (struct vif_env){
        .loop = guest->io->loop,
        .vswitch = &guest->io->vswitch,
        .bell = &guest->bell,
        .fault = stop,
        .arg = guest,
    };
    guest->grant_fd = fds[0];
    guest->evtchn_fd = fds[1];
    fds[0] = fds[1] = -1;
    int rc = map_window(guest, attach, text);
    if (rc == 0)
        rc = open_channel(guest, attach);
    if (rc == 0)
        rc = open_console(guest, attach);
    if (rc == 0)
        rc = io_guest_open_vifs(guest, attach, fds, text);
    if (rc == 0)
        rc = hash_add(&guest->io->by_id, &guest->by_id, attach->header.guest);
    return rc;
}

/* Safe on a guest that was opened in part. Order: nothing may touch the window once unmapped. */
static void close_guest(struct io_guest *guest, bool keep)
{
    struct loop *loop = guest->io->loop;
    io_guest_close_vifs(guest);
    console_detach(guest->console, &guest->io->lingering, keep ? guest->by_id.key : 0);
    doorbell_fini(&guest->bell);
    loop->ops->watch_destroy(guest->watch);
    loop->ops->timer_destroy(guest->timer);
    if (guest->window != NULL)
        guest->io->xen->unmap(guest->window, guest->window_pages);
    close(guest->grant_fd);
    close(guest->evtchn_fd);
    free(guest);
}

/*
 * A predecessor may have died between an event and its unmask, or before it looked at a ring: look
 * at all of them, and unmask. Not before chaosd has the answer to its ATTACH. The guest is to look
 * at all of them, too.
 */
static void catch_up(struct io_guest *guest)
{
    doorbell_resume(&guest->bell);
    guest->unfinished = UINT64_MAX;
    move(guest, IO_GUEST_POLLED);
    guest->io->loop->ops->timer_set(guest->timer, 0);
}

static int attach_guest(struct io *io, const struct io_msg_attach *attach, int *fds,
                        unsigned fd_count, char *text)
{
    int rc = io_attach_check(attach, fd_count, text);
    if (rc < 0)
        return rc;
    if (io_find(io, attach->header.guest) != NULL) {
        snprintf(text, IO_TEXT_MAX, "the guest is attached already");
        return -EEXIST;
    }
    struct io_guest *guest = calloc(1, sizeof(*guest));
    if (guest == NULL)
        return -ENOMEM;
    guest->io = io;
    sm_init(&guest->sm, &machine, guest, IO_GUEST_WAITING, now_ns(guest));
    rc = open_guest(guest, attach, fds, text);
    if (rc < 0) {
        close_guest(guest, false);
        return rc;
    }
    list_append(&io->guests, &guest->node);
    set_host_states(guest, NOXS_DEV_STATE_OPEN);
    /* The host may still know the address by the MAC of a guest that is gone. */
    for (unsigned i = 0; i < IO_MAX_VIFS; i++)
        if (vif_is_open(&guest->vifs[i]))
            vif_announce_to_host(&guest->vifs[i]);
    if (attach->resumed)
        catch_up(guest);
    return 0;
}

int io_guest_attach(struct io *io, const struct io_msg_attach *attach, const int *fds,
                    unsigned fd_count, char *text)
{
    int own[IO_MAX_FDS];
    assert(fd_count <= IO_MAX_FDS);
    memcpy(own, fds, fd_count * sizeof(own[0]));
    text[0] = '\0';
    int rc = attach_guest(io, attach, own, fd_count, text);
    fd_close_all(own, fd_count);
    if (rc < 0 && text[0] == '\0')
        snprintf(text, IO_TEXT_MAX, "cannot serve the guest: %s", strerror(-rc));
    return rc;
}

void io_guest_detach(struct io_guest *guest, bool keep)
{
    hash_remove(&guest->io->by_id, &guest->by_id);
    list_remove(&guest->node);
    set_host_states(guest, NOXS_DEV_STATE_CLOSED);
    close_guest(guest, keep);
}
