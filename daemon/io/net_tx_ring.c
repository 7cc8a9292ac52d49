#include "io/io_xen.h"
#include "io/net_ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

static_assert(__CONST_RING_SIZE(netif_tx, IO_PAGE_SIZE) == NET_RING_ENTRIES, "tx ring");
static_assert(sizeof(struct netif_tx_request) == 12, "tx request");

static int broken(struct net_tx_ring *ring, const char *fault)
{
    ring->fault = fault;
    return -EPROTO;
}

void net_tx_ring_init(struct net_tx_ring *ring, void *page, const struct net_arena *arena,
                      bool resumed)
{
    *ring = (struct net_tx_ring){.shared = page, .arena = *arena};
    if (resumed)
        ring->cons = __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_ACQUIRE);
    ring->prod = ring->shown = ring->cons;
    __atomic_store_n(&ring->shared->req_event, ring->cons + 1, __ATOMIC_RELEASE);
}

static union netif_tx_sring_entry *entry_at(struct net_tx_ring *ring, uint32_t index)
{
    return &ring->shared->ring[index % NET_RING_ENTRIES];
}

/* Word by word, each read once: the compiler must not go back to the ring. */
static struct netif_tx_request copy_request(struct net_tx_ring *ring)
{
    const uint32_t *from = (const uint32_t *)entry_at(ring, ring->cons);
    uint32_t words[3];
    for (int i = 0; i < 3; i++)
        words[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
    struct netif_tx_request request;
    memcpy(&request, words, sizeof(request));
    return request;
}

static void respond(struct net_tx_ring *ring, uint16_t id, int16_t status)
{
    entry_at(ring, ring->cons)->rsp = (struct netif_tx_response){.id = id, .status = status};
    ring->cons++;
}

/* The frame the request names, or NULL with fault set. */
static const uint8_t *locate(struct net_tx_ring *ring, const struct netif_tx_request *request)
{
    uint32_t page = request->gref - ring->arena.gref;
    if (page >= ring->arena.pages) {
        broken(ring, "net tx: reference outside the buffer arena");
        return NULL;
    }
#ifndef CHAOS_PLANTED_BUG_RING_NET_TX
    if ((uint32_t)request->offset + request->size > IO_PAGE_SIZE) {
        broken(ring, "net tx: buffer runs past its page");
        return NULL;
    }
#endif
    return ring->arena.base + (size_t)page * IO_PAGE_SIZE + request->offset;
}

ssize_t net_tx_ring_next(struct net_tx_ring *ring, uint8_t frame_out[FRAME_MAX_BYTES])
{
    if (ring->fault != NULL)
        return -EPROTO;
    if (ring->cons == ring->prod) {
        /* Acquire: the requests below the index are read after it. */
        ring->prod = __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE);
        if (ring->prod == ring->cons)
            return 0;
        if (ring->prod - ring->cons > NET_RING_ENTRIES)
            return broken(ring, "net tx: producer index out of range");
    }
    struct netif_tx_request request = copy_request(ring);
    const uint8_t *frame = locate(ring, &request);
    if (frame == NULL)
        return -EPROTO;
    if (request.flags != 0 || request.size < FRAME_MIN_BYTES || request.size > FRAME_MAX_BYTES) {
        respond(ring, request.id, NETIF_RSP_ERROR);
        return -EINVAL;
    }
    memcpy(frame_out, frame, request.size);
    respond(ring, request.id, NETIF_RSP_OKAY);
    return request.size;
}

bool net_tx_ring_publish(struct net_tx_ring *ring, bool *notify_out)
{
    uint32_t added = ring->cons - ring->shown;
    ring->shown = ring->cons;
    /* Release: the guest sees the responses before the index. */
    __atomic_store_n(&ring->shared->rsp_prod, ring->cons, __ATOMIC_RELEASE);
    __atomic_store_n(&ring->shared->req_event, ring->cons + 1, __ATOMIC_RELAXED);
    /* Orders both stores against the looks at what the guest does at the same time. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t event = __atomic_load_n(&ring->shared->rsp_event, __ATOMIC_RELAXED);
    *notify_out = ring->cons - event < added;
    return __atomic_load_n(&ring->shared->req_prod, __ATOMIC_RELAXED) != ring->cons;
}
