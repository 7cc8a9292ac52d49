#include "io/io_xen.h"
#include "io/net_ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

static_assert(__CONST_RING_SIZE(netif_rx, IO_PAGE_SIZE) == NET_RING_ENTRIES, "rx ring");
static_assert(sizeof(struct netif_rx_request) == 8, "rx request");
static_assert(NET_RX_BUFFER_BYTES * NET_RX_BUFFERS_A_PAGE == IO_PAGE_SIZE, "rx buffers");

static int broken(struct net_rx_ring *ring, const char *fault)
{
    ring->fault = fault;
    return -EPROTO;
}

void net_rx_ring_init(struct net_rx_ring *ring, void *page, const struct net_arena *arena,
                      bool resumed)
{
    *ring = (struct net_rx_ring){.shared = page, .arena = *arena};
    if (resumed)
        ring->cons = __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_ACQUIRE);
    ring->prod = ring->cons;
    __atomic_store_n(&ring->shared->req_event, ring->cons + 1, __ATOMIC_RELEASE);
}

static union netif_rx_sring_entry *entry_at(struct net_rx_ring *ring, uint32_t index)
{
    return &ring->shared->ring[index % NET_RING_ENTRIES];
}

static struct netif_rx_request copy_request(struct net_rx_ring *ring)
{
    const uint32_t *from = (const uint32_t *)entry_at(ring, ring->cons);
    uint32_t words[2];
    for (int i = 0; i < 2; i++)
        words[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
    struct netif_rx_request request;
    memcpy(&request, words, sizeof(request));
    return request;
}

int net_rx_ring_look(struct net_rx_ring *ring)
{
    if (ring->fault != NULL)
        return -EPROTO;
    __atomic_store_n(&ring->shared->req_event, ring->cons + 1, __ATOMIC_RELAXED);
    /* Orders the store of req_event against the load of req_prod: one side sees the other's. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    /* Acquire: the requests below the index are read after it. */
    uint32_t prod = __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE);
    if (prod - ring->cons > NET_RING_ENTRIES)
        return broken(ring, "net rx: producer index out of range");
    bool more = prod != ring->prod;
    ring->prod = prod;
    return more;
}

/* Returns whether the guest waits for this response. */
static bool respond(struct net_rx_ring *ring, uint16_t id, size_t size)
{
    struct netif_rx_response response = {
        .id = id,
        .offset = (uint16_t)(id % NET_RX_BUFFERS_A_PAGE * NET_RX_BUFFER_BYTES),
        .status = (int16_t)size,
    };
    entry_at(ring, ring->cons)->rsp = response;
    ring->cons++;
    /* Release: the guest sees the frame and the response before the index. */
    __atomic_store_n(&ring->shared->rsp_prod, ring->cons, __ATOMIC_RELEASE);
    /* Orders the store of rsp_prod against the load of rsp_event. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&ring->shared->rsp_event, __ATOMIC_RELAXED) == ring->cons;
}

int net_rx_ring_put(struct net_rx_ring *ring, const uint8_t *data, size_t size, bool *notify_out)
{
    if (ring->fault != NULL)
        return -EPROTO;
    if (ring->cons == ring->prod) {
        int rc = net_rx_ring_look(ring);
        if (rc <= 0)
            return rc;
    }
    struct netif_rx_request request = copy_request(ring);
#ifndef CHAOS_PLANTED_BUG_RING_NET_RX
    if (request.id >= ring->arena.pages * NET_RX_BUFFERS_A_PAGE)
        return broken(ring, "net rx: no such buffer");
#endif
    if (request.gref != ring->arena.gref + request.id / NET_RX_BUFFERS_A_PAGE)
        return broken(ring, "net rx: reference is not of the buffer");
    memcpy(ring->arena.base + (size_t)request.id * NET_RX_BUFFER_BYTES, data, size);
    *notify_out = respond(ring, request.id, size);
    return 1;
}
