/* The libevent loop. May be included by composition roots and ctl. */
#ifndef CHAOS_LOOP_EVENT_H
#define CHAOS_LOOP_EVENT_H

#include "util/loop.h"

enum loop_precision {
    LOOP_COARSE, /* timers to some milliseconds, at no system call */
    LOOP_PRECISE /* to the microsecond, at a system call in each turn of the loop */
};

/* NULL when out of memory. The caller destroys it after all its timers and watches. */
struct loop *loop_event_create(enum loop_precision precision);
void loop_event_destroy(struct loop *loop);
/* Runs until loop_event_stop. Returns 0 or -errno. */
int loop_event_run(struct loop *loop);
void loop_event_stop(struct loop *loop);
/* Calls fn in the loop when the process gets signo. 0 or -errno. */
int loop_event_signal(struct loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg);

#endif
