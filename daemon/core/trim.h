/*
 * Giving back what only a guest's way to its first instruction needed (hv.h, domain_trim), when
 * nobody waits for it. May be included by core only.
 */
#ifndef CHAOS_CORE_TRIM_H
#define CHAOS_CORE_TRIM_H

#include "util/list.h"
#include "util/loop.h"

struct core;
struct guest;

struct trim {
    struct loop_timer *timer;
    struct list waiting;
    unsigned count;
};

int trim_init(struct core *core);
void trim_fini(struct core *core);
void trim_later(struct guest *guest);
/* The guest ends, and needs no trim any more. */
void trim_cancel(struct guest *guest);

#endif
