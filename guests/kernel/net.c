/* Network devices. */
#include "net.h"

#include <string.h>

#include "event.h"
#include "net_ring.h"
#include "noxs_front.h"
#include "ukg.h"

struct net_device {
    struct net_ring ring;
    struct ukg_net_info info; /* serial: the generation of its entry */
    uint64_t slot_bit;        /* 0: there is none of this index */
};

static struct net_device devices[NET_MAX_DEVICES];
static unsigned device_count; /* above the highest index */
static bool changed;

/* A frame of the largest size must fit a buffer. */
#define MTU_MAX (NET_RING_BUFFER - UKG_NET_HEADER_BYTES)

static bool is_open(unsigned index)
{
    return index < device_count && devices[index].slot_bit != 0;
}

static void read_config(struct net_device *net, const struct noxs_net_config *config)
{
    memcpy(net->info.mac, config->mac, sizeof net->info.mac);
    memcpy(net->info.ip, config->ip, sizeof net->info.ip);
    memcpy(net->info.gateway, config->gateway, sizeof net->info.gateway);
    net->info.prefix_len = config->prefix_len;
    net->info.mtu = config->mtu < MTU_MAX ? config->mtu : MTU_MAX;
}

void net_open(unsigned slot)
{
    const struct noxs_device *entry = &noxs_page()->device[slot];
    if (entry->index >= NET_MAX_DEVICES || is_open(entry->index))
        return;
    struct net_device *net = &devices[entry->index];
    void *tx = noxs_frame(entry->ring_gfn[0], 1);
    void *rx = noxs_frame(entry->ring_gfn[1], 1);
    void *arena = noxs_frame(entry->arena_gfn, entry->arena_pages);
    if (tx == NULL || rx == NULL || arena == NULL ||
        !net_ring_init(&net->ring, tx, rx, arena, entry->arena_gref, entry->arena_pages))
        return;
    read_config(net, &entry->config.net);
    net->info.serial = entry->generation;
    net->slot_bit = (uint64_t)1 << slot;
    if (device_count <= entry->index)
        device_count = entry->index + 1u;
    net_ring_fill(&net->ring);
    noxs_open_slot(slot);
    /* Whatever the ring says: the host may hold frames for the buffers it now has. */
    noxs_ring_doorbell(net->slot_bit);
}

/* One of the same slot may be another device than the one that is open. */
static bool is_current(const struct net_device *net)
{
    const struct noxs_device *entry = &noxs_page()->device[__builtin_ctzll(net->slot_bit)];
    return entry->type == NOXS_DEV_NET && entry->generation == net->info.serial;
}

static void close_device(struct net_device *net)
{
    noxs_close_slot((unsigned)__builtin_ctzll(net->slot_bit));
    net->slot_bit = 0;
    changed = true;
}

static bool open_if_new(unsigned slot)
{
    const struct noxs_device *entry = &noxs_page()->device[slot];
    if (entry->type != NOXS_DEV_NET || is_open(entry->index))
        return true;
    net_open(slot);
    changed = true;
    return is_open(entry->index);
}

bool net_follow(void)
{
    bool ok = true;
    for (unsigned i = 0; i < device_count; i++) {
        if (is_open(i) && !is_current(&devices[i]))
            close_device(&devices[i]);
    }
    for (unsigned slot = 0; slot < NOXS_DEVICE_SLOTS; slot++)
        ok = open_if_new(slot) && ok;
    return ok;
}

bool net_has_changed(void)
{
    return changed;
}

bool ukg_net_changed(void)
{
    bool was_changed = changed;
    changed = false;
    return was_changed;
}

unsigned net_count(void)
{
    return device_count;
}

uint64_t net_ready(uint64_t wanted)
{
    uint64_t ready = 0;
    for (unsigned i = 0; i < device_count; i++) {
        /* Asking also asks the host for an event: not for a device that nobody waits for. */
        if ((wanted & UKG_READY_NET(i)) && is_open(i) && net_ring_readable(&devices[i].ring))
            ready |= UKG_READY_NET(i);
    }
    return ready;
}

enum ukg_result ukg_net_info(unsigned index, struct ukg_net_info *info_out)
{
    if (!is_open(index))
        return UKG_EINVAL;
    *info_out = devices[index].info;
    return UKG_OK;
}

enum ukg_result ukg_net_write(unsigned index, const void *frame, size_t size_bytes)
{
    bool notify;
    if (!is_open(index) || size_bytes < UKG_NET_HEADER_BYTES ||
        size_bytes > devices[index].info.mtu + UKG_NET_HEADER_BYTES)
        return UKG_EINVAL;
    struct net_device *net = &devices[index];
    enum net_ring_result result = net_ring_send(&net->ring, frame, (uint32_t)size_bytes, &notify);
    if (result == NET_RING_FULL)
        return UKG_AGAIN;
    if (notify)
        noxs_ring_doorbell(net->slot_bit);
    return UKG_OK;
}

enum ukg_result ukg_net_wait_room(unsigned index, uint64_t deadline_ns)
{
    if (!is_open(index))
        return UKG_EINVAL;
    for (;;) {
        event_clear();
        noxs_take_doorbells();
        if (net_ring_writable(&devices[index].ring))
            return UKG_OK;
        if (deadline_ns != UKG_FOREVER && ukg_clock_monotonic() >= deadline_ns)
            return UKG_AGAIN;
        event_poll(deadline_ns);
    }
}

enum ukg_result ukg_net_read(unsigned index, void *buffer, size_t buffer_bytes,
                             size_t *size_bytes_out)
{
    uint32_t size;
    bool notify;
    if (!is_open(index) || buffer_bytes < devices[index].info.mtu + UKG_NET_HEADER_BYTES)
        return UKG_EINVAL;
    struct net_device *net = &devices[index];
    uint32_t bytes = buffer_bytes < NET_RING_BUFFER ? (uint32_t)buffer_bytes : NET_RING_BUFFER;
    enum net_ring_result result = net_ring_receive(&net->ring, buffer, bytes, &size, &notify);
    if (notify)
        noxs_ring_doorbell(net->slot_bit);
    if (result != NET_RING_OK)
        return UKG_AGAIN;
    *size_bytes_out = size;
    return UKG_OK;
}
