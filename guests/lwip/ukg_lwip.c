/* lwIP over a network device of the guest API. */
#include "ukg_lwip.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"
#include "timers.h"

/* Frames to take before the application and the toolstack get a turn. */
#define BATCH            32u

/* How long a full transmit ring may hold up a packet before it is dropped, for TCP to repeat. */
#define SEND_PATIENCE_NS UINT64_C(2000000)

static struct netif netif;
static struct ukg_net_info info;
static unsigned device;
static uint16_t frame_bytes; /* of the largest frame */
static uint8_t *scratch;     /* one frame */
static bool is_up;           /* netif is lwIP's */

void *ukg_lwip_calloc(size_t count, size_t size_bytes)
{
    if (size_bytes != 0 && count > SIZE_MAX / size_bytes)
        return NULL;
    void *memory = ukg_alloc(count * size_bytes);
    return memory == NULL ? NULL : memset(memory, 0, count * size_bytes);
}

static err_t send_packet(struct netif *to, struct pbuf *packet)
{
    (void)to;
    const void *frame = packet->payload;
    if (packet->tot_len > frame_bytes)
        return ERR_BUF;
    if (packet->next != NULL) {
        pbuf_copy_partial(packet, scratch, packet->tot_len, 0);
        frame = scratch;
    }
    if (ukg_net_write(device, frame, packet->tot_len) == UKG_OK)
        return ERR_OK;

    /* What has arrived meanwhile stays where it is, so this does not call back into lwIP. */
    ukg_net_wait_room(device, ukg_clock_monotonic() + SEND_PATIENCE_NS);
    return ukg_net_write(device, frame, packet->tot_len) == UKG_OK ? ERR_OK : ERR_MEM;
}

/* Takes one frame from the device and hands it to lwIP. False if there is none. */
static bool receive_packet(void)
{
    size_t size;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, frame_bytes, PBUF_RAM);
    /* Without memory the frame must go all the same, or the device would stay ready for ever. */
    if (packet == NULL)
        return ukg_net_read(device, scratch, frame_bytes, &size) == UKG_OK;
    if (ukg_net_read(device, packet->payload, frame_bytes, &size) != UKG_OK) {
        pbuf_free(packet);
        return false;
    }
    pbuf_realloc(packet, (u16_t)size);
    if (netif.input(packet, &netif) != ERR_OK)
        pbuf_free(packet);
    return true;
}

static err_t set_up_netif(struct netif *to)
{
    to->name[0] = 'e';
    to->name[1] = 'n';
    to->output = etharp_output;
    to->linkoutput = send_packet;
    to->mtu = info.mtu;
    to->hwaddr_len = sizeof info.mac;
    memcpy(to->hwaddr, info.mac, sizeof info.mac);
    to->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

static ip4_addr_t address(const uint8_t bytes[4])
{
    ip4_addr_t out;
    memcpy(&out.addr, bytes, sizeof out.addr);
    return out;
}

static ip4_addr_t netmask(unsigned prefix_len)
{
    ip4_addr_t out = {prefix_len == 0 ? 0 : lwip_htonl(UINT32_MAX << (32 - prefix_len))};
    return out;
}

static bool bring_up(void)
{
    if (info.prefix_len > 32)
        return false;
    ip4_addr_t ip = address(info.ip), mask = netmask(info.prefix_len), gw = address(info.gateway);
    frame_bytes = (uint16_t)(info.mtu + UKG_NET_HEADER_BYTES);
    scratch = ukg_alloc(frame_bytes);
    if (scratch == NULL || ip.addr == 0 ||
        netif_add(&netif, &ip, &mask, &gw, NULL, set_up_netif, ethernet_input) == NULL) {
        ukg_free(scratch);
        return false;
    }
    netif_set_default(&netif);
    netif_set_up(&netif);
    is_up = true;
    return true;
}

/* Connections over it end, without a word. */
static void take_down(void)
{
    if (!is_up)
        return;
    netif_remove(&netif);
    ukg_free(scratch);
    is_up = false;
}

/* The device has come, gone, or is another now. */
static void follow_device(void)
{
    struct ukg_net_info now = {0};
    bool is_there = ukg_net_info(device, &now) == UKG_OK;
    if (is_there && is_up && now.serial == info.serial)
        return;
    take_down();
    info = now;
    if (is_there)
        bring_up();
}

bool ukg_lwip_start(unsigned index)
{
    bool is_there = ukg_net_info(index, &info) == UKG_OK;
    device = index;
    lwip_init();
    timers_start(&netif, ukg_clock_monotonic());
    return !is_there || bring_up();
}

void ukg_lwip_wait(uint64_t deadline_ns)
{
    uint64_t timer_ns = timers_deadline();
    ukg_yield(UKG_READY_NET(device) | UKG_READY_NET_CHANGE,
              timer_ns < deadline_ns ? timer_ns : deadline_ns);
    if (ukg_net_changed())
        follow_device();
    timers_run(ukg_clock_monotonic());
    for (unsigned i = 0; is_up && i < BATCH && receive_packet(); i++)
        continue;
}
