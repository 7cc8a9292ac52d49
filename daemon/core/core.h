/*
 * The control plane: one struct core a daemon. May be included by core, ctl and composition roots.
 *
 *     core_init, core_start     (config.on_started says when it can serve)
 *     core_create, verbs of core/verbs.h
 *     core_stop, or core_leave  (every guest destroyed, or left to the next; then on_stopped)
 *     core_fini
 *
 * Everything runs on the loop's thread; nothing blocks but hypercalls and nftables.
 */
#ifndef CHAOS_CORE_CORE_H
#define CHAOS_CORE_CORE_H

#include "core/addr.h"
#include "core/death.h"
#include "core/destroy.h"
#include "core/guest_table.h"
#include "core/image_cache.h"
#include "core/iod.h"
#include "core/pool.h"
#include "core/store.h"
#include "core/trim.h"
#include "hostnet/hostnet.h"
#include "hv/hv.h"
#include "util/loop.h"

struct core_config {
    /* Borrowed; they outlive the core. */
    struct loop *loop;
    struct hv *hv;
    struct hostnet *hostnet;
    struct iod_link *iod_link;
    struct keyval *store;           /* of guests and shells, also those of a former chaosd */
    uint8_t mark[STORE_MARK_BYTES]; /* of our domains */

    char uplink_ifname[16];
    struct hostnet_ip network; /* of the guests; the first host address becomes the host's */
    uint8_t prefix_len;
    /* Borrowed: bridges that every user may use, with a space between them; others are root's. */
    const char *bridges;
    struct pool_setting pool; /* budget, rate, learn */

    enum death_virq virq;
    const char *xenstored; /* why it needs Xen's event of ends of domains, or NULL */

    /* The first chaos-iod is up (error NULL), or cannot be had. */
    void (*on_started)(void *arg, const struct error *error);
    void (*on_stopped)(void *arg);
    void *arg;
};

struct core {
    struct core_config config;
    struct loop *loop;
    struct hv *hv;
    struct hostnet *hostnet;
    struct guest_table guests;
    struct list creates; /* struct create, under way */
    struct list builds;  /* those of shells */
    struct list tombstones;
    unsigned tombstone_count;
    struct addr_pool addr;
    struct addr_mac uplink_mac; /* of the host's end: held, so that no guest gets it */
    struct image_cache images;
    struct iod iod;
    struct death death;
    struct reaper reaper;
    struct trim trim;
    struct pool pool;
    struct loop_watch *events;
    int uplink_fd;
    bool stopping;
    bool leaving; /* guests stay */
};

/* Codes: CONFIG (network), INTERNAL. Adopts what is in the store. On failure core_fini must still
 * be called. */
int core_init(struct core *core, const struct core_config *config, struct error *error);
void core_start(struct core *core);
/* Destroys every guest; on_stopped is called when all are released. Idempotent. */
void core_stop(struct core *core);
/* Creates under way fail, on_stopped is called when nothing is left of them. Guests, shells and
   chaos-iod go on, and wait for the next core_init with this store. Idempotent. */
void core_leave(struct core *core);
/* Lets go of what is left; guests that are left keep running. */
void core_fini(struct core *core);

uint64_t core_now_ns(const struct core *core);
/* A guest was released: the last one ends a stop. */
void core_on_released(struct core *core);

#endif
