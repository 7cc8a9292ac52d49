/*
 * What guests use: CPU time and memory as Xen has it, frames as chaos-iod has counted them. Taken
 * on demand, a page at a time. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_STATS_H
#define CHAOS_CORE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "io/io_msg.h"

struct core;

#define STATS_GUESTS IO_STATS_GUESTS

struct stats_guest {
    uint64_t id;
    uint32_t domid;
    uint64_t cpu_ns; /* of all its vCPUs, since its domain was built */
    uint64_t memory_bytes;
    bool counted; /* vif is what chaos-iod says; else nobody knows */
    unsigned vif_count;
    struct io_counters vif[IO_MAX_VIFS];
};

struct stats {
    unsigned count;
    bool more; /* there are guests with higher domain ids */
    struct stats_guest guests[STATS_GUESTS];
};

/* stats: valid during the call. NULL: out of memory. */
typedef void stats_fn(void *arg, const struct stats *stats);

/*
 * Of the first STATS_GUESTS guests with a domain id above after, ascending; a guest may be gone
 * when done is called. That is once, perhaps before this returns.
 */
void stats_take(struct core *core, uint32_t after, stats_fn *done, void *arg);

#endif
