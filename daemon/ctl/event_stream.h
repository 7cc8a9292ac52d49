/*
 * Streams of events to clients: for each a socket of its own, on which one packet is one event. May
 * be included by ctl only.
 *
 * The history is the queue: a client that reads slowly is further behind in it, costs nothing, and
 * is told how many have fallen off before it came to them.
 */
#ifndef CHAOS_CTL_EVENT_STREAM_H
#define CHAOS_CTL_EVENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"

struct event_streams {
    struct core *core;
    struct events_listener listener;
    struct loop_timer *timer; /* the next turn */
    struct list all;          /* who was served last is at the end */
    unsigned count;
};

/* -ENOMEM. */
int event_streams_init(struct event_streams *streams, struct core *core);
/* Ends all. Safe on zeroed ones. */
void event_streams_fini(struct event_streams *streams);

struct event_stream_want {
    uint64_t since; /* the cursor: events above it; 0: all there are */
    bool follow;    /* go on with those that come */
    bool skip;      /* none of those that were */
};

/* The client's end is the caller's to close; since_out: where it begins. Codes: LIMIT, INTERNAL. */
int event_stream_open(struct event_streams *streams, uid_t uid,
                      const struct event_stream_want *want, uint64_t *since_out, int *fd_out,
                      struct error *error);

#endif
