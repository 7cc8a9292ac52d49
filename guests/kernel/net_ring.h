/*
 * The guest's end of Xen's network rings (xen/io/netif.h) over a fixed buffer arena, with flags 0
 * throughout: one slot a frame, no offloads. Pure memory work, also compiled into a unit test.
 * Kernel only. docs/guest-api.md, "Device rings", says what is on the rings.
 *
 * The arena is cut into buffers of NET_RING_BUFFER bytes. A buffer's number is its request id for
 * as long as the guest lives: the low numbers receive, the others send.
 */
#ifndef UKG_NET_RING_H
#define UKG_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#define xen_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#include <xen/io/netif.h>

#define NET_RING_PAGE        4096u
#define NET_RING_BUFFER      2048u
#define NET_RING_MAX_BUFFERS 64u /* bits of the masks below */

struct net_ring {
    netif_tx_front_ring_t tx;
    netif_rx_front_ring_t rx;
    uint8_t *arena;
    uint32_t arena_gref;
    uint32_t rx_buffers; /* numbers 0..rx_buffers-1 */
    uint32_t buffers;
    uint64_t rx_posted; /* bit n: buffer n is the host's */
    uint64_t tx_posted;
    uint64_t bad_responses; /* the host broke the protocol */
};

enum net_ring_result {
    NET_RING_OK = 0,
    NET_RING_EMPTY, /* no frame has arrived */
    NET_RING_FULL,  /* no buffer to send from */
};

/*
 * `tx_page` and `rx_page` are zeroed rings, `arena` is `arena_pages` pages granted as
 * arena_gref and following. False if the arena is too small to receive and send.
 */
bool net_ring_init(struct net_ring *ring, void *tx_page, void *rx_page, void *arena,
                   uint32_t arena_gref, uint32_t arena_pages);

/* Hands all receive buffers to the host. Returns true if it must be told, as do the calls below. */
bool net_ring_fill(struct net_ring *ring);

/* Copies a frame of at most NET_RING_BUFFER bytes into a buffer and queues it. */
enum net_ring_result net_ring_send(struct net_ring *ring, const void *frame, uint32_t size_bytes,
                                   bool *notify_out);

/* Takes a frame, at most size_bytes of it, and gives its buffer back to the host. */
enum net_ring_result net_ring_receive(struct net_ring *ring, void *buffer, uint32_t buffer_bytes,
                                      uint32_t *size_bytes_out, bool *notify_out);

/*
 * True if a frame has arrived, or there is a buffer to send from. If not, the host has been asked
 * to say when that changes.
 */
bool net_ring_readable(struct net_ring *ring);
bool net_ring_writable(struct net_ring *ring);

#endif
