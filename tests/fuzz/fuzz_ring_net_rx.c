/*
 * The receive ring, written by a hostile guest between any two steps of the host. The input is a
 * list of operations of 12 bytes: what, a byte, the size of a frame, and two words, a request as it
 * lies in the ring.
 */
#include "io/net_ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

#define OPERATION_BYTES 12u
#define PAGE_BYTES      4096u
#define ARENA_PAGES     2u
#define ARENA_GREF      12u

enum operation {
    POST,     /* the request at the next index, which moves */
    SET_PROD, /* to the first word */
    SET_EVENT,
    OVERWRITE, /* the request at the index in the byte after the operation */
    LOOK,
    PUT,
    RESUME,
    OPERATIONS,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct net_rx_ring *ring, size_t size)
{
    bool notify;
    uint8_t *frame = malloc(size + 1);
    memset(frame, 'f', size + 1);
    int rc = net_rx_ring_put(ring, frame, size, &notify);
    if (ring->fault != NULL && rc >= 0)
        abort();
    free(frame);
}

static void step(struct net_rx_ring *ring, const struct net_arena *arena, const uint8_t *data)
{
    struct netif_rx_sring *shared = ring->shared;
    struct netif_rx_request request;
    uint32_t value;
    uint16_t size;
    memcpy(&size, data + 2, sizeof(size));
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
    case LOOK:
        net_rx_ring_look(ring);
        break;
    case PUT:
        put(ring, size % (FRAME_MAX_BYTES + 1));
        break;
    case RESUME:
        shared->rsp_prod = value;
        net_rx_ring_init(ring, shared, arena, (data[1] & 1) != 0);
        break;
    case OPERATIONS:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_rx_ring ring;
    struct net_arena arena = {.gref = ARENA_GREF, .pages = ARENA_PAGES};
    void *page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
    memset(page, 0, PAGE_BYTES);
    arena.base = malloc(ARENA_PAGES * PAGE_BYTES);
    net_rx_ring_init(&ring, page, &arena, false);
    for (; size >= OPERATION_BYTES; data += OPERATION_BYTES, size -= OPERATION_BYTES)
        step(&ring, &arena, data);
    free(arena.base);
    free(page);
    return 0;
}
