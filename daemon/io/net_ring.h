/*
 * The host's ends of a guest's netif rings (xen/io/netif.h, xen/io/ring.h), in memory that the
 * guest can write at any time: every word of it is read once, checked, and used from a local.
 * Buffers are in the arena, which is mapped; docs/noxs-page.md says how requests name them.
 * Requests are answered in order and at once, so the consumer index is the response index too.
 * Both sides keep the hold-off protocol of ring.h (req_event, rsp_event): who does not wait for an
 * event gets none.
 * May be included by io only.
 */
#ifndef CHAOS_NET_RING_H
#define CHAOS_NET_RING_H

#include "io/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NET_RING_ENTRIES      256u
#define NET_RX_BUFFER_BYTES   2048u
#define NET_RX_BUFFERS_A_PAGE 2u

struct netif_tx_sring;
struct netif_rx_sring;

/* Pages granted for packet buffers: page i has reference gref + i. */
struct net_arena {
    uint8_t *base;
    uint32_t gref;
    uint32_t pages;
};

struct net_tx_ring {
    struct netif_tx_sring *shared;
    struct net_arena arena;
    uint32_t cons;     /* requests taken; equals responses written */
    uint32_t shown;    /* responses that the guest has been shown */
    uint32_t prod;     /* the guest's index as last read and checked */
    const char *fault; /* static text once the guest has broken the protocol, else NULL */
};

struct net_rx_ring {
    struct netif_rx_sring *shared;
    struct net_arena arena;
    uint32_t cons;
    uint32_t prod;
    const char *fault;
};

/* resumed: continue after the last response in the ring instead of from zero. */
void net_tx_ring_init(struct net_tx_ring *ring, void *page, const struct net_arena *arena,
                      bool resumed);
/*
 * Take the next request and copy its frame. Returns its size; 0: there is none; -EINVAL: the
 * request was refused, the next may do; -EPROTO: see fault, now and ever after.
 */
ssize_t net_tx_ring_next(struct net_tx_ring *ring, uint8_t frame_out[FRAME_MAX_BYTES]);
/*
 * Show the guest the responses to what was taken. Returns whether there are more requests; if not,
 * the guest will ring for the next. *notify_out: the guest wants to hear of these responses.
 */
bool net_tx_ring_publish(struct net_tx_ring *ring, bool *notify_out);

void net_rx_ring_init(struct net_rx_ring *ring, void *page, const struct net_arena *arena,
                      bool resumed);
/*
 * Whether the guest has added buffers since the last look; if there are none, it will ring for the
 * next. -EPROTO: see fault.
 */
int net_rx_ring_look(struct net_rx_ring *ring);
/*
 * Put one frame into the guest's next buffer. 1: done, and *notify_out says whether the guest wants
 * to hear of it; 0: no buffer, and the guest will ring when it has one; -EPROTO: see fault.
 */
int net_rx_ring_put(struct net_rx_ring *ring, const uint8_t *data, size_t size, bool *notify_out);

#endif
