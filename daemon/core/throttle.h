/*
 * How often a guest may ring its control channel: a token bucket, back-off when it is empty, and
 * an end to patience. May be included by core only. Plain arithmetic over a clock, no timers.
 */
#ifndef CHAOS_CORE_THROTTLE_H
#define CHAOS_CORE_THROTTLE_H

#include <stdint.h>

struct throttle {
    uint64_t refilled_ns;
    uint64_t delay_ns;
    uint32_t tokens;
    uint32_t strikes;
};

enum throttle_verdict {
    THROTTLE_PASS,  /* listen on */
    THROTTLE_DELAY, /* be deaf for delay_ns */
    THROTTLE_STORM, /* it has not let up for seconds */
};

void throttle_init(struct throttle *throttle, uint64_t now_ns);
/* The channel rang. */
enum throttle_verdict throttle_ring(struct throttle *throttle, uint64_t now_ns);

#endif
