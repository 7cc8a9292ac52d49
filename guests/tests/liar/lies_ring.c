/* Lies in device rings. */
#include "lies.h"

#include <string.h>

#include "kernel/event.h"
#include "kernel/net_ring.h"
#include "kernel/noxs_front.h"
#include "ukg.h"

#include <xen/io/console.h>

#define FAR_AWAY 1000u /* entries: more than any ring has */

static unsigned slot_of(enum noxs_device_type type)
{
    for (unsigned i = 0; i < NOXS_DEVICE_SLOTS; i++) {
        if (noxs_page()->device[i].type == type)
            return i;
    }
    ukg_panic("liar: this lie needs a device that is not there");
}

static const struct noxs_device *net_device(void)
{
    return &noxs_page()->device[slot_of(NOXS_DEV_NET)];
}

static void *ring_of(enum noxs_device_type type, unsigned which)
{
    return noxs_frame(noxs_page()->device[slot_of(type)].ring_gfn[which], 1);
}

/* An event in any case: the doorbell alone would be silent if a bit were pending. */
static void tell(enum noxs_device_type type)
{
    noxs_ring_doorbell((uint64_t)1 << slot_of(type));
    event_send(NOXS_PORT_IO);
}

void lie_tx_index(void)
{
    netif_tx_sring_t *ring = ring_of(NOXS_DEV_NET, 0);
    __atomic_store_n(&ring->req_prod, ring->req_prod + FAR_AWAY, __ATOMIC_RELEASE);
    tell(NOXS_DEV_NET);
}

void lie_rx_index(void)
{
    netif_rx_sring_t *ring = ring_of(NOXS_DEV_NET, 1);
    __atomic_store_n(&ring->req_prod, ring->req_prod + FAR_AWAY, __ATOMIC_RELEASE);
    tell(NOXS_DEV_NET);
}

static void send_request(netif_tx_request_t request)
{
    netif_tx_sring_t *ring = ring_of(NOXS_DEV_NET, 0);
    ring->ring[ring->req_prod % 256].req = request;
    __atomic_store_n(&ring->req_prod, ring->req_prod + 1, __ATOMIC_RELEASE);
    tell(NOXS_DEV_NET);
}

void lie_tx_gref(void)
{
    uint32_t gref = net_device()->arena_gref + net_device()->arena_pages;
    send_request((netif_tx_request_t){.gref = gref, .size = 60});
}

void lie_tx_offset(void)
{
    send_request((netif_tx_request_t){
        .gref = net_device()->arena_gref, .offset = NET_RING_PAGE - 10, .size = 60});
}

void lie_tx_size(void)
{
    send_request((netif_tx_request_t){.gref = net_device()->arena_gref, .size = UINT16_MAX});
}

void lie_tx_flags(void)
{
    send_request((netif_tx_request_t){
        .gref = net_device()->arena_gref, .flags = NETTXF_more_data, .size = 60});
}

/* The rings have been in use: the host looks at every request from the last one it took. */
static void spoil_receive_requests(uint16_t id, uint32_t gref)
{
    netif_rx_sring_t *ring = ring_of(NOXS_DEV_NET, 1);
    for (unsigned i = 0; i < 256; i++)
        ring->ring[i].req = (netif_rx_request_t){.id = id, .gref = gref};
    __atomic_store_n(&ring->req_prod, ring->rsp_prod + 256, __ATOMIC_RELEASE);
    tell(NOXS_DEV_NET);
}

void lie_rx_gref(void)
{
    spoil_receive_requests(0, net_device()->arena_gref + 1);
}

void lie_rx_id(void)
{
    spoil_receive_requests(UINT16_MAX, net_device()->arena_gref);
}

void lie_console_index(void)
{
    struct xencons_interface *ring = ring_of(NOXS_DEV_CONSOLE, 0);
    __atomic_store_n(&ring->out_prod, ring->out_cons + sizeof ring->out + 1, __ATOMIC_RELEASE);
    tell(NOXS_DEV_CONSOLE);
}

void lie_console_input_index(void)
{
    struct xencons_interface *ring = ring_of(NOXS_DEV_CONSOLE, 0);
    __atomic_store_n(&ring->in_cons, ring->in_prod + FAR_AWAY, __ATOMIC_RELEASE);
    tell(NOXS_DEV_CONSOLE);
}
