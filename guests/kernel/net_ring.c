/* The guest's end of Xen's network rings. */
#include "net_ring.h"

#include <string.h>

#define BUFFERS_PER_PAGE (NET_RING_PAGE / NET_RING_BUFFER)

static uint64_t bit(uint32_t buffer)
{
    return (uint64_t)1 << buffer;
}

static uint8_t *address_of(struct net_ring *ring, uint32_t buffer)
{
    return ring->arena + (size_t)buffer * NET_RING_BUFFER;
}

static uint32_t gref_of(const struct net_ring *ring, uint32_t buffer)
{
    return ring->arena_gref + buffer / BUFFERS_PER_PAGE;
}

static uint16_t offset_of(uint32_t buffer)
{
    return (uint16_t)(buffer % BUFFERS_PER_PAGE * NET_RING_BUFFER);
}

bool net_ring_init(struct net_ring *ring, void *tx_page, void *rx_page, void *arena,
                   uint32_t arena_gref, uint32_t arena_pages)
{
    uint32_t buffers = arena_pages < NET_RING_MAX_BUFFERS / BUFFERS_PER_PAGE
                           ? arena_pages * BUFFERS_PER_PAGE
                           : NET_RING_MAX_BUFFERS;
    if (buffers < 2)
        return false;
    *ring = (struct net_ring){
        .arena = arena,
        .arena_gref = arena_gref,
        /* Arrivals come in bursts that nobody here decides on; sending can wait. */
        .rx_buffers = buffers * 5 / 8,
        .buffers = buffers,
    };
    FRONT_RING_INIT(&ring->tx, (netif_tx_sring_t *)tx_page, NET_RING_PAGE);
    FRONT_RING_INIT(&ring->rx, (netif_rx_sring_t *)rx_page, NET_RING_PAGE);
    ring->tx.sring->rsp_event = 1;
    ring->rx.sring->rsp_event = 1;
    return true;
}

static void post_receive(struct net_ring *ring, uint32_t buffer)
{
    netif_rx_request_t *request = RING_GET_REQUEST(&ring->rx, ring->rx.req_prod_pvt);
    request->id = (uint16_t)buffer;
    request->pad = 0;
    request->gref = gref_of(ring, buffer);
    ring->rx.req_prod_pvt++;
    ring->rx_posted |= bit(buffer);
}

bool net_ring_fill(struct net_ring *ring)
{
    int notify = 0;
    for (uint32_t i = 0; i < ring->rx_buffers; i++) {
        if (!(ring->rx_posted & bit(i)))
            post_receive(ring, i);
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring->rx, notify);
    return notify;
}

/* Takes back the buffers of frames that the host has sent. */
static void reap_sent(struct net_ring *ring)
{
    RING_IDX produced = __atomic_load_n(&ring->tx.sring->rsp_prod, __ATOMIC_ACQUIRE);
    if (RING_RESPONSE_PROD_OVERFLOW(&ring->tx, produced)) {
        ring->bad_responses++;
        return;
    }
    for (; ring->tx.rsp_cons != produced; ring->tx.rsp_cons++) {
        netif_tx_response_t response;
        RING_COPY_RESPONSE(&ring->tx, ring->tx.rsp_cons, &response);
        if (response.id >= ring->buffers || !(ring->tx_posted & bit(response.id)))
            ring->bad_responses++;
        else
            ring->tx_posted &= ~bit(response.id);
    }
}

/* A free send buffer, or `buffers` if there is none. */
static uint32_t free_send_buffer(const struct net_ring *ring)
{
    uint32_t buffer = ring->rx_buffers;
    while (buffer < ring->buffers && (ring->tx_posted & bit(buffer)))
        buffer++;
    return buffer;
}

enum net_ring_result net_ring_send(struct net_ring *ring, const void *frame, uint32_t size_bytes,
                                   bool *notify_out)
{
    *notify_out = false;
    reap_sent(ring);
    uint32_t buffer = free_send_buffer(ring);
    if (buffer == ring->buffers || RING_FULL(&ring->tx))
        return NET_RING_FULL;
    memcpy(address_of(ring, buffer), frame, size_bytes);
    *RING_GET_REQUEST(&ring->tx, ring->tx.req_prod_pvt) = (netif_tx_request_t){
        .gref = gref_of(ring, buffer),
        .offset = offset_of(buffer),
        .id = (uint16_t)buffer,
        .size = (uint16_t)size_bytes,
    };
    ring->tx.req_prod_pvt++;
    ring->tx_posted |= bit(buffer);
    int notify;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring->tx, notify);
    *notify_out = notify;
    return NET_RING_OK;
}

/* True if the response names one of our receive buffers that the host has, and stays within it. */
static bool response_is_sound(const struct net_ring *ring, const netif_rx_response_t *response)
{
    return response->id < ring->rx_buffers && (ring->rx_posted & bit(response->id)) &&
           response->offset == offset_of(response->id) && response->status <= (int)NET_RING_BUFFER;
}

enum net_ring_result net_ring_receive(struct net_ring *ring, void *buffer, uint32_t buffer_bytes,
                                      uint32_t *size_bytes_out, bool *notify_out)
{
    RING_IDX produced = __atomic_load_n(&ring->rx.sring->rsp_prod, __ATOMIC_ACQUIRE);
    uint32_t size = 0;
    *notify_out = false;
    if (RING_RESPONSE_PROD_OVERFLOW(&ring->rx, produced)) {
        ring->bad_responses++;
        return NET_RING_EMPTY;
    }
    /* A response without a frame (status 0 or an error) only returns its buffer. */
    while (size == 0 && ring->rx.rsp_cons != produced) {
        netif_rx_response_t response;
        RING_COPY_RESPONSE(&ring->rx, ring->rx.rsp_cons, &response);
        ring->rx.rsp_cons++;
        if (!response_is_sound(ring, &response)) {
            ring->bad_responses++;
            continue;
        }
        if (response.status > 0 && (uint32_t)response.status <= buffer_bytes) {
            size = (uint32_t)response.status;
            memcpy(buffer, address_of(ring, response.id), size);
        }
        post_receive(ring, response.id);
    }
    int notify;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring->rx, notify);
    *notify_out = notify;
    *size_bytes_out = size;
    return size > 0 ? NET_RING_OK : NET_RING_EMPTY;
}

bool net_ring_readable(struct net_ring *ring)
{
    int more;
    RING_FINAL_CHECK_FOR_RESPONSES(&ring->rx, more);
    return more;
}

bool net_ring_writable(struct net_ring *ring)
{
    int more;
    reap_sent(ring);
    if (free_send_buffer(ring) < ring->buffers)
        return true;
    RING_FINAL_CHECK_FOR_RESPONSES(&ring->tx, more);
    return more;
}
