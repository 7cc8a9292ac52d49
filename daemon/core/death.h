/*
 * How guests end: noticing that one has stopped or vanished (death_watch.c), and what follows by
 * its policies (death.c). May be included by core only; its enum by ctl.
 *
 * Xen tells dom0 by one virtual interrupt that some domain has ended, not which. It has one binder
 * in all of dom0, and xenstored refuses to start when it is not that, so it is ours only where
 * there is no xenstored. With it all domains are looked at when it comes, and every few seconds in
 * case it did not; without it every 100 ms, as long as there are guests. A clean exit is announced
 * by a word in the page and a doorbell as well: that guest's domain is looked at by itself until it
 * has stopped.
 */
#ifndef CHAOS_CORE_DEATH_H
#define CHAOS_CORE_DEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "hv/hv.h"
#include "util/loop.h"

struct core;
struct guest;

/* Whether Xen's event is ours. */
enum death_virq {
    DEATH_VIRQ_AUTO,  /* unless xenstored needs it, or another has it */
    DEATH_VIRQ_TAKE,  /* it must be */
    DEATH_VIRQ_NEVER, /* it must not */
};

struct death {
    struct loop_timer *timer; /* armed for the next pass, or for the rest of this one */
    struct hv_port port;      /* Xen's event; 0: not ours */
    bool waiting;             /* for due_ns */
    bool passing;             /* some domains have been looked at, up to next_domid */
    bool again;               /* an event came: there must be another pass */
    bool told;                /* an event has come for what this pass may find */
    bool silent;              /* the event has not come when it should have: not relied on */
    unsigned unheard;         /* ends found by a periodic pass, since the last event */
    unsigned found;           /* ends found by this pass */
    uint32_t next_domid;
    uint64_t due_ns;
    uint64_t spent_ns; /* by this pass */
    uint64_t cost_ns;  /* of the last whole one */
    uint64_t ended_ns; /* when that was over */
};

int death_init(struct core *core);
void death_fini(struct core *core);
/* Take Xen's event, if it is to be ours. Codes: CONFIG, INTERNAL; only if it must be. */
int death_listen(struct core *core, struct error *error);
/* A guest runs from now on. */
void death_watch(struct core *core);
/* Look at all soon: some may have ended while nobody watched. */
void death_look_soon(struct core *core);
/* Xen's event came; its port is masked. */
void death_on_event(struct core *core);
/* Look at one that says it stops. False: it has ended, and may be freed. */
bool death_look_at(struct guest *guest);

/* Its domain has shut down, for this reason. */
void death_stopped(struct guest *guest, enum hv_shutdown_reason why);
/* End a guest that broke a rule; users read the reason. Of those that are not alive only a shell is
   ended. */
void death_crash(struct guest *guest, const char *reason);
/* Its domain is gone, or another's. */
void death_vanished(struct guest *guest);
/* A crashed guest of a former chaosd: only its record is left, or will be. */
void death_restore(struct guest *guest);
/* Forget a crashed guest whose domain is gone. */
void death_bury(struct guest *guest);

#endif
