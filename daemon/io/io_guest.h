/*
 * One guest as the data plane sees it: a mapped window, a channel, a console, interfaces. May be
 * included by io only.
 */
#ifndef CHAOS_IO_GUEST_H
#define CHAOS_IO_GUEST_H

#include "io/io.h"
#include "io/io_msg.h"
#include "io/io_throttle.h"
#include "io/vif.h"
#include "util/sm.h"

/*
 *               event: a turn, and work is left, or events come too fast
 *    WAITING ----------------------------------------------------------> POLLED <-.
 *     ^  ^ |                                                             |  |     | timer: a turn,
 *     |  '-' event: a turn, unmask                                       |  '-----' as for an event
 *     '------- timer: a turn that found nothing, or was the last: unmask -'
 *
 *    any --- the guest breaks a protocol, or storms ---> STOPPED
 *
 * The port is unmasked in WAITING only: a busy guest costs no events, and has its turns among
 * everybody else's. STOPPED touches no ring again and ends by detach.
 */
enum io_guest_state {
    IO_GUEST_WAITING,
    IO_GUEST_POLLED,
    IO_GUEST_STOPPED,
};

struct io_guest {
    struct hash_node by_id;
    struct list node; /* among all guests */
    struct io *io;
    struct sm sm; /* enum io_guest_state */
    int grant_fd;
    int evtchn_fd;
    uint8_t *window;
    uint32_t window_pages;
    struct doorbell bell;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct io_throttle throttle;
    uint64_t unfinished; /* slots whose turn was cut short */
    struct console *console;
    unsigned console_slot;
    struct vif_env vif_env;
    struct vif vifs[IO_MAX_VIFS];    /* those that vif_is_open */
    struct io_msg_attach order;      /* its ATTACH; vif[i] is of vifs[i] */
    uint8_t *own_pages[IO_MAX_VIFS]; /* of an interface that is not in the window */
    char fault[IO_TEXT_MAX];         /* why it is STOPPED */
};

/*
 * Map the guest's window and serve it. Takes the fds, as io_msg.h orders them, on success and on
 * failure. 0, or -errno with one line in text (IO_TEXT_MAX bytes).
 */
int io_guest_attach(struct io *io, const struct io_msg_attach *attach, const int *fds,
                    unsigned fd_count, char *text);
/*
 * Everything is unmapped and closed when it returns; the guest is freed. keep: what its console has
 * shown is left in io->lingering, by the guest's id.
 */
void io_guest_detach(struct io_guest *guest, bool keep);

#endif
