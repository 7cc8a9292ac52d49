/*
 * Clock, timers and fd watches: all that core and io know of an event loop, so that
 * unit tests run them with a fake clock (tests/fixture/loop_fake.c). The real one is
 * util/loop_event.c on libevent. May be included by every daemon layer.
 *
 * Callbacks run on the loop's thread, one at a time. A handle is freed by its owner;
 * freeing it inside its own callback is allowed, and no callback runs after that.
 */
#ifndef CHAOS_LOOP_H
#define CHAOS_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;

#define LOOP_READ  1u
#define LOOP_WRITE 2u

typedef void loop_timer_fn(void *arg);
/* ready: LOOP_READ and/or LOOP_WRITE. Level-triggered. */
typedef void loop_watch_fn(void *arg, int fd, unsigned ready);

struct loop_ops {
    /* CLOCK_MONOTONIC. */
    uint64_t (*now_ns)(struct loop *loop);
    /* A timer, not armed. NULL only when out of memory. */
    struct loop_timer *(*timer_create)(struct loop *loop, loop_timer_fn *fn, void *arg);
    /* Arm (or re-arm) to fire once after delay_ns. */
    void (*timer_set)(struct loop_timer *timer, uint64_t delay_ns);
    /*
     * The same to the microsecond, where timer_set may be some milliseconds late, for a system call
     * and, from the first time on, a descriptor that the timer keeps. Without one it is timer_set.
     */
    void (*timer_set_exact)(struct loop_timer *timer, uint64_t delay_ns);
    void (*timer_cancel)(struct loop_timer *timer);
    void (*timer_destroy)(struct loop_timer *timer);
    /* Watch fd (borrowed) for the given readiness; 0 pauses the watch. */
    struct loop_watch *(*watch_create)(struct loop *loop, int fd, unsigned ready, loop_watch_fn *fn,
                                       void *arg);
    void (*watch_set)(struct loop_watch *watch, unsigned ready);
    void (*watch_destroy)(struct loop_watch *watch);
};

struct loop {
    const struct loop_ops *ops;
};

#endif
