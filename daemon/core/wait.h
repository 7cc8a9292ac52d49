/*
 * Waiting for a guest to reach a state, without a look in between: who waits is answered by the
 * move itself. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_WAIT_H
#define CHAOS_CORE_WAIT_H

#include <stdint.h>

#include "core/error.h"

struct core;
struct guest;
struct wait;

/*
 * What is waited for: "ready" (it has said so, and has not ended), "stopped" (it has ended in any
 * way), or the name of a state. UINT32_MAX as the answer to a text that is none of these.
 */
unsigned wait_goal(const char *text);
/* A goal that a guest which is gone has reached. */
int wait_goal_is_end(unsigned goal);

/* 1: it is reached. 0: not yet. GUEST_FAILED: it has ended, and never will be. */
int wait_check(const struct guest *guest, unsigned goal, struct error *error);

/*
 * Called once, unless the wait is cancelled: error NULL, it is reached, with the guest, which is
 * valid during the call and may be gone by its state. Codes: GUEST_FAILED, TIMEOUT, NO_DAEMON.
 */
typedef void wait_done_fn(void *arg, const struct guest *guest, const struct error *error);

/* What wait_check gave 0 for. timeout_ns 0: none. NULL: out of memory. */
struct wait *wait_create(struct guest *guest, unsigned goal, uint64_t timeout_ns,
                         wait_done_fn *done, void *arg);
/* Nobody wants to know any more. */
void wait_cancel(struct wait *wait);

/* For core: the guest has moved; chaosd ends. */
void wait_on_move(struct guest *guest);
void wait_abandon_all(struct core *core);

#endif
