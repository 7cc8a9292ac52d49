/*
 * The end of a guest, and of whatever a failed create has built: answered at once, finished in the
 * background. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_DESTROY_H
#define CHAOS_CORE_DESTROY_H

#include <stdint.h>

#include "util/list.h"
#include "util/loop.h"

struct core;
struct guest;

/* Domains that Xen still takes apart. */
struct reaper {
    struct loop_timer *timer;
    struct list dying;
    uint64_t delay_ns;
};

int destroy_init(struct core *core);
void destroy_fini(struct core *core);

/* Someone who waits until the guest's memory has returned. Embedded in its owner. */
struct destroy_waiter {
    struct list node;
    void (*done)(struct destroy_waiter *waiter);
};

/*
 * When this returns the guest is in no list, its name and addresses are free, and the pointer is
 * not to be used any more. waiter (or NULL) is told once, maybe before this returns.
 */
void destroy_guest(struct guest *guest, struct destroy_waiter *waiter);

/* For core: let go of everything held for a guest that has stopped. It may be freed. */
void destroy_release(struct guest *guest);
/* iod has let go (struct iod_events). */
void destroy_on_detached(struct guest *guest);

#endif
