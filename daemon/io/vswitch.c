#include "io/vswitch.h"

#include "io/frame.h"

#include <errno.h>

static struct vswitch_port *find_mac(const struct vswitch *vswitch, uint64_t mac)
{
    struct hash_node *node = hash_find(&vswitch->by_mac, mac);
    return node == NULL ? NULL : HASH_OWNER(node, struct vswitch_port, by_mac);
}

/* Who gets a frame to this MAC; NULL is the uplink, even when a port was there before it. */
static struct vswitch_port *find_target(const struct vswitch *vswitch, uint64_t mac)
{
    return mac == vswitch->uplink_mac ? NULL : find_mac(vswitch, mac);
}

static struct vswitch_port *find_ip(const struct vswitch *vswitch, uint32_t ip)
{
    struct hash_node *node = ip == 0 ? NULL : hash_find(&vswitch->by_ip, ip);
    return node == NULL ? NULL : HASH_OWNER(node, struct vswitch_port, by_ip);
}

void vswitch_init(struct vswitch *vswitch, uint64_t now_ns)
{
    *vswitch = (struct vswitch){0};
    list_init(&vswitch->ports);
    bucket_init(&vswitch->uplink_flood, now_ns, VSWITCH_FLOOD_BURST);
}

void vswitch_fini(struct vswitch *vswitch)
{
    hash_fini(&vswitch->by_mac);
    hash_fini(&vswitch->by_ip);
}

void vswitch_set_uplink(struct vswitch *vswitch, vswitch_deliver_fn *deliver, void *arg,
                        uint64_t mac, uint32_t ip)
{
    vswitch->uplink = deliver;
    vswitch->uplink_arg = arg;
    vswitch->uplink_mac = mac;
    vswitch->uplink_ip = ip;
}

int vswitch_add(struct vswitch *vswitch, struct vswitch_port *port, uint64_t now_ns)
{
    if (find_mac(vswitch, port->mac) != NULL || find_ip(vswitch, port->ip) != NULL)
        return -EADDRINUSE;
    if (port->mac == vswitch->uplink_mac || (port->ip != 0 && port->ip == vswitch->uplink_ip))
        return -EADDRINUSE;
    int rc = hash_add(&vswitch->by_mac, &port->by_mac, port->mac);
    if (rc < 0)
        return rc;
    if (port->ip != 0)
        rc = hash_add(&vswitch->by_ip, &port->by_ip, port->ip);
    if (rc < 0) {
        hash_remove(&vswitch->by_mac, &port->by_mac);
        return rc;
    }
    list_append(&vswitch->ports, &port->node);
    bucket_init(&port->flood, now_ns, VSWITCH_FLOOD_BURST);
    return 0;
}

void vswitch_remove(struct vswitch *vswitch, struct vswitch_port *port)
{
    if (!list_linked(&port->node))
        return;
    hash_remove(&vswitch->by_mac, &port->by_mac);
    if (port->ip != 0)
        hash_remove(&vswitch->by_ip, &port->by_ip);
    list_remove(&port->node);
}

static void to_port(struct vswitch_port *port, const uint8_t *data, size_t size)
{
    port->deliver(port->arg, data, size);
}

static void to_uplink(struct vswitch *vswitch, const uint8_t *data, size_t size)
{
    if (vswitch->uplink != NULL)
        vswitch->uplink(vswitch->uplink_arg, data, size);
}

/*
 * To every port but from. addressless: only to ports whose address nobody knows, the only ones
 * that can answer a question about an unknown address. Returns how many copies were made.
 */
static uint32_t to_all(struct vswitch *vswitch, const struct vswitch_port *from, bool addressless,
                       const uint8_t *data, size_t size)
{
    uint32_t copies = 0;
    LIST_FOR_EACH(node, &vswitch->ports)
    {
        struct vswitch_port *port = LIST_OWNER(node, struct vswitch_port, node);
        if (port == from || (addressless && port->ip != 0))
            continue;
        to_port(port, data, size);
        copies++;
    }
    return copies;
}

/* from: NULL for the uplink. False: the sender has used up its copies for now. */
static bool flood(struct vswitch *vswitch, struct vswitch_port *from, bool addressless,
                  const uint8_t *data, size_t size, uint64_t now_ns)
{
    struct bucket *bucket = from != NULL ? &from->flood : &vswitch->uplink_flood;
    if (!bucket_ready(bucket, now_ns, VSWITCH_FLOOD_PER_S, VSWITCH_FLOOD_BURST))
        return false;
    if (from != NULL)
        to_uplink(vswitch, data, size);
    bucket_pay(bucket, 1 + to_all(vswitch, from, addressless, data, size));
    return true;
}

void vswitch_announce(struct vswitch *vswitch, struct vswitch_port *port, uint64_t now_ns)
{
    uint8_t frame[FRAME_ANNOUNCEMENT_BYTES];
    if (port->ip == 0)
        return;
    frame_announce(frame, port->mac, port->ip);
    flood(vswitch, port, false, frame, sizeof(frame), now_ns);
}

void vswitch_announce_to_host(struct vswitch *vswitch, const struct vswitch_port *port)
{
    uint8_t frame[FRAME_ANNOUNCEMENT_BYTES];
    if (port->ip == 0)
        return;
    frame_announce(frame, port->mac, port->ip);
    to_uplink(vswitch, frame, sizeof(frame));
}

static bool to_group(struct vswitch *vswitch, struct vswitch_port *from, const struct frame *frame,
                     const uint8_t *data, size_t size, uint64_t now_ns)
{
    if (frame->type != FRAME_TYPE_ARP)
        return flood(vswitch, from, false, data, size, now_ns);
    struct vswitch_port *target = find_ip(vswitch, frame->arp_target_ip);
    if (target != NULL && target != from)
        to_port(target, data, size);
    if (target != NULL)
        return true;
    if (from != NULL && frame->arp_target_ip == vswitch->uplink_ip) {
        to_uplink(vswitch, data, size);
        return true;
    }
    return flood(vswitch, from, true, data, size, now_ns);
}

/* Addresses that belong to somebody else, for a sender that has none of its own. */
static bool borrows_address(const struct vswitch *vswitch, const struct frame *frame)
{
    uint32_t ip = frame->type == FRAME_TYPE_ARP ? frame->arp_sender_ip : frame->ip_src;
    return ip != 0 && (ip == vswitch->uplink_ip || find_ip(vswitch, ip) != NULL);
}

bool vswitch_input(struct vswitch *vswitch, struct vswitch_port *from, const uint8_t *data,
                   size_t size, uint64_t now_ns)
{
    struct frame frame;
    if (frame_parse(data, size, &frame) < 0 || !frame_source_ok(&frame, from->mac, from->ip))
        return false;
    if (from->ip == 0 && borrows_address(vswitch, &frame))
        return false;
    if (frame.group)
        return to_group(vswitch, from, &frame, data, size, now_ns);
    struct vswitch_port *to = find_target(vswitch, frame.dst);
    if (to == from)
        return false;
    if (to != NULL)
        to_port(to, data, size);
    else
        to_uplink(vswitch, data, size);
    return true;
}

void vswitch_input_uplink(struct vswitch *vswitch, const uint8_t *data, size_t size,
                          uint64_t now_ns)
{
    struct frame frame;
    if (frame_parse(data, size, &frame) < 0)
        return;
    if (frame.group) {
        to_group(vswitch, NULL, &frame, data, size, now_ns);
        return;
    }
    struct vswitch_port *to = find_target(vswitch, frame.dst);
    if (to != NULL)
        to_port(to, data, size);
}
