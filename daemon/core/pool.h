/*
 * The pool of shells: domains built ahead of time, of which no instruction has run, and what is
 * left of a create when one fits. May be included by core; ctl describes and sets it.
 *
 * Shells are built one at a time, a step a turn of the loop, when no request has come for a
 * moment. They are never guests a second time.
 */
#ifndef CHAOS_CORE_POOL_H
#define CHAOS_CORE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/create.h"
#include "core/image_cache.h"
#include "core/pool_setting.h"
#include "hostnet/hostnet.h"
#include "util/list.h"
#include "util/loop.h"

struct core;
struct guest;

#define POOL_RATE_SECONDS 60u

/* Shells that are alike: any of them serves a create that fits one. */
struct pool_flavour {
    struct list all;
    struct pool_setting setting; /* memory, vcpus, nics, image, target, low, max */
    bool learned;                /* because it was asked for; else it is configured */
    bool loaded;                 /* with an image; else a shell gets it when it is claimed */
    bool has_key;
    struct image_key key; /* of the image that its shells hold */
    struct list shells;
    unsigned ready;
    bool refilling;     /* from low up to goal */
    uint64_t goal;      /* target, or max for a while after a miss */
    uint64_t missed_ns; /* the last time */
    uint64_t used_ns;   /* the last time it was asked for */
    uint64_t retry_ns;  /* not before */
    uint64_t backoff_ns;
    uint64_t hits;
    uint64_t misses;
    uint64_t built;
    uint64_t minute;           /* which one is counted now */
    unsigned refills[2];       /* shells built in this minute, and in the one before */
    char note[ERROR_TEXT_MAX]; /* why it is not full; "" */
};

struct pool {
    struct core *core;
    struct list flavours;
    unsigned flavour_count;
    struct pool_setting setting; /* budget, rate, learn */
    struct loop_timer *timer;
    uint64_t due_ns;               /* when the timer fires; 0: it is not armed */
    bool working;                  /* on a shell, from its image's read to its end */
    struct pool_flavour *building; /* whose shell that is; NULL: nobody's any more */
    struct image_waiter read;      /* while its image is read */
    uint64_t request_ns;           /* the last one */
    uint64_t next_build_ns;
};

int pool_init(struct core *core);
void pool_fini(struct pool *pool);
/* No more shells. */
void pool_stop(struct pool *pool);
/* Codes: LIMIT, NO_MEMORY. A flavour that is there already is changed; target 0 ends it. */
int pool_set(struct pool *pool, const struct pool_setting *setting, struct error *error);

/* ---- for ctl ------------------------------------------------------------------------ */

uint64_t pool_flavour_bytes(const struct pool_flavour *flavour);
uint64_t pool_held_bytes(const struct pool *pool);
/* Whether one shell more of it is within the budget. */
bool pool_has_budget(const struct pool *pool, const struct pool_flavour *flavour);
/* Shells built in the last full minute, or in the present one if that is more. */
unsigned pool_refills(const struct pool *pool, const struct pool_flavour *flavour);

/* ---- for creates -------------------------------------------------------------------- */

/*
 * A shell that fits, now in state CREATING and the caller's. NULL: *cold_out says why.
 */
struct guest *pool_take(struct pool *pool, const struct guest_spec *spec,
                        const struct image_key *key, enum create_from from,
                        enum create_cold *cold_out);
/* A cold create has succeeded, of a flavour that the pool does not have. NULL: it is not kept. */
struct pool_flavour *pool_learn(struct pool *pool, const struct guest_spec *spec,
                                const struct image_key *key);
/* The shell to give up first. NULL: there is none. */
struct guest *pool_least_wanted(const struct pool *pool);
/* End the shell that has this address (ip NULL: any). False: none has. */
bool pool_release_mac(struct pool *pool, const uint8_t mac[6]);
bool pool_release_ip(struct pool *pool, const struct hostnet_ip *ip);
void pool_note_request(struct pool *pool);
/* How long builds should hold off. */
uint64_t pool_busy_ns(const struct pool *pool);

/* ---- what becomes of shells --------------------------------------------------------- */

void pool_on_built(struct pool *pool, struct guest *guest);
void pool_on_build_failed(struct pool *pool, const struct error *error);
/* Of a former chaosd: its record says which flavour it was of. False: there is no place for it. */
bool pool_adopt(struct pool *pool, struct guest *guest);
/* A shell died: it is replaced, but not at once. */
void pool_lost(struct guest *guest, const char *why);
/* For destroy_guest: it is in no flavour from now on. */
void pool_forget(struct guest *guest);

/* ---- between the files of the pool ----------------------------------------------- */

/* Ready from now on. */
void pool_add(struct pool_flavour *flavour, struct guest *guest);
/* Look for work soon. */
void pool_wake(struct pool *pool, uint64_t delay_ns);
void pool_on_timer(void *arg);
/* End all shells of a flavour. */
void pool_retire(struct pool_flavour *flavour);
/* And the flavour. */
void pool_drop(struct pool *pool, struct pool_flavour *flavour);

#endif
