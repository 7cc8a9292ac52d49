/*
 * Noticing that a guest has stopped or vanished (core/ending.h: what follows). May be included by
 * core only.
 *
 * A clean exit is announced by a word in the page and a doorbell, then the domain is looked at
 * soon and often. Everything else is found by looking at all domains every 100 ms while there are
 * guests. (Xen would tell of it by a virtual interrupt, but has one for all of dom0, which
 * xenstored takes.)
 */
#ifndef CHAOS_CORE_DEATH_H
#define CHAOS_CORE_DEATH_H

#include <stdint.h>

#include "util/loop.h"

struct core;
struct guest;

struct death {
    struct loop_timer *timer;
    uint64_t delay_ns; /* until the next look; doubles up to the period */
};

int death_init(struct core *core);
void death_fini(struct core *core);
/* A guest runs from now on. */
void death_watch(struct core *core);
/* A guest says that it is about to stop. */
void death_expect(struct core *core);

/* End a guest that broke a rule; users read the reason. Of those that are not alive only a shell is
   ended. */
void death_crash(struct guest *guest, const char *reason);
/* Its domain is gone, or another's. */
void death_vanished(struct guest *guest);

#endif
