/*
 * The network backend of one guest interface: frames out of its transmit ring, frames into its
 * receive ring, and a bounded queue for when it has posted no buffers. May be included by io only.
 */
#ifndef CHAOS_NETBACK_H
#define CHAOS_NETBACK_H

#include "io/io_throttle.h"
#include "io/net_ring.h"

#include <stdbool.h>

#define NETBACK_TURN_FRAMES  32u /* most frames taken from a guest in one turn */
#define NETBACK_QUEUE_FRAMES 32u /* most frames that wait for receive buffers */

/* What a backend asks of its owner. All are called from the functions below. */
struct netback_ops {
    /* A frame from the guest, in private memory. False: it was not allowed. */
    bool (*frame)(void *arg, const uint8_t *data, size_t size);
    void (*notify)(void *arg); /* a ring changed: ring the doorbell */
    void (*fault)(void *arg, const char *text);
};

struct netback_stats {
    uint64_t rx_packets; /* towards the guest */
    uint64_t rx_bytes;
    uint64_t tx_packets;
    uint64_t tx_bytes;
    uint64_t rx_drops; /* no room, or the guest is stopped */
    uint64_t tx_drops; /* malformed, spoofed or otherwise refused */
};

struct netback_queued;

struct netback {
    const struct netback_ops *ops;
    void *arg;
    struct net_tx_ring tx;
    struct net_rx_ring rx;
    struct netback_queued *queue;
    struct netback_queued **queue_end;
    unsigned queued;
    struct netback_stats stats;
};

struct netback_config {
    void *tx_page;
    void *rx_page;
    struct net_arena arena;
    bool resumed;
};

void netback_init(struct netback *netback, const struct netback_config *config,
                  const struct netback_ops *ops, void *arg);
/* Safe on zeroed memory. */
void netback_fini(struct netback *netback);

/* Serve both rings for one turn. *more_out is set to true when it must be called again. */
enum io_throttle_work netback_serve(struct netback *netback, bool *more_out);
/* A frame for the guest. Copied: into its ring, into the queue, or dropped. */
void netback_deliver(struct netback *netback, const uint8_t *data, size_t size);

#endif
