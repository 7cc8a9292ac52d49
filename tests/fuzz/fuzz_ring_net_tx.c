/*
 * The transmit ring and its buffers, written by a hostile guest between any two steps of the host.
 * The input is a list of operations of 16 bytes: what, 3 bytes of nothing, and three words, a
 * request as it lies in the ring.
 */
#include "io/net_ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

#define OPERATION_BYTES 16u
#define PAGE_BYTES      4096u
#define ARENA_PAGES     2u
#define ARENA_GREF      12u

enum operation {
    POST,     /* the request at the next index, which moves */
    SET_PROD, /* to the first word */
    SET_EVENT,
    OVERWRITE, /* the request at the index in the byte after the operation */
    TAKE,
    PUBLISH,
    RESUME,
    OPERATIONS,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct net_tx_ring *ring)
{
    /* On the heap, so that the sanitizer sees a byte too many. */
    uint8_t *frame = malloc(FRAME_MAX_BYTES);
    ssize_t size = net_tx_ring_next(ring, frame);
    if (size > 0 && ((size_t)size < FRAME_MIN_BYTES || (size_t)size > FRAME_MAX_BYTES))
        abort();
    if (ring->fault != NULL && size > 0)
        abort();
    free(frame);
}

static void step(struct net_tx_ring *ring, const struct net_arena *arena, const uint8_t *data)
{
    struct netif_tx_sring *shared = ring->shared;
    struct netif_tx_request request;
    uint32_t value;
    bool notify;
    memcpy(&request, data + 4, sizeof(request));
    memcpy(&value, data + 4, sizeof(value));
    switch ((enum operation)(data[0] % OPERATIONS)) {
    case POST:
        shared->ring[shared->req_prod++ % NET_RING_ENTRIES].req = request;
        break;
    case SET_PROD:
        shared->req_prod = value;
        break;
    case SET_EVENT:
        shared->rsp_event = value;
        break;
    case OVERWRITE:
        shared->ring[data[1]].req = request;
        break;
    case TAKE:
        take(ring);
        break;
    case PUBLISH:
        net_tx_ring_publish(ring, &notify);
        break;
    case RESUME:
        shared->rsp_prod = value;
        net_tx_ring_init(ring, shared, arena, (data[1] & 1) != 0);
        break;
    case OPERATIONS:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_tx_ring ring;
    struct net_arena arena = {.gref = ARENA_GREF, .pages = ARENA_PAGES};
    void *page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
    memset(page, 0, PAGE_BYTES);
    arena.base = malloc(ARENA_PAGES * PAGE_BYTES);
    memset(arena.base, 'x', ARENA_PAGES * PAGE_BYTES);
    net_tx_ring_init(&ring, page, &arena, false);
    for (; size >= OPERATION_BYTES; data += OPERATION_BYTES, size -= OPERATION_BYTES)
        step(&ring, &arena, data);
    free(arena.base);
    free(page);
    return 0;
}
