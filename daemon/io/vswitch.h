/*
 * The Ethernet switch between guests and the uplink. A guest's port is a table entry and a
 * callback. It learns nothing: who owns which MAC and IPv4 address is known from the start, and
 * held on every frame. Single-threaded; ports must not come or go inside a deliver callback.
 * May be included by io only.
 */
#ifndef CHAOS_VSWITCH_H
#define CHAOS_VSWITCH_H

#include "io/io_throttle.h"
#include "util/hash.h"
#include "util/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies of broadcast and multicast frames that one port may cause. */
#define VSWITCH_FLOOD_PER_S 1000u
#define VSWITCH_FLOOD_BURST 256u

typedef void vswitch_deliver_fn(void *arg, const uint8_t *data, size_t size);

/* Embedded in its owner; the addresses are set by the caller before vswitch_add. */
struct vswitch_port {
    uint64_t mac;
    uint32_t ip; /* 0: none assigned */
    vswitch_deliver_fn *deliver;
    void *arg;
    struct hash_node by_mac;
    struct hash_node by_ip;
    struct list node; /* in ports; linked while in a switch */
    struct bucket flood;
};

struct vswitch {
    struct hash by_mac;
    struct hash by_ip;
    struct list ports;
    vswitch_deliver_fn *uplink; /* NULL: frames for it are dropped */
    void *uplink_arg;
    uint64_t uplink_mac; /* of the host, which no guest may claim, like its address; 0: none */
    uint32_t uplink_ip;
    struct bucket uplink_flood;
};

void vswitch_init(struct vswitch *vswitch, uint64_t now_ns);
void vswitch_fini(struct vswitch *vswitch);
/* mac, ip: of the host's end. Frames to that MAC go there, whoever else claims it. */
void vswitch_set_uplink(struct vswitch *vswitch, vswitch_deliver_fn *deliver, void *arg,
                        uint64_t mac, uint32_t ip);
/* 0; -EADDRINUSE: another port or the host has the MAC or the address; -ENOMEM. */
int vswitch_add(struct vswitch *vswitch, struct vswitch_port *port, uint64_t now_ns);
/* Safe on a port that is not in a switch. */
void vswitch_remove(struct vswitch *vswitch, struct vswitch_port *port);

/* A frame from a guest, in private memory. False: it was not allowed, and is dropped. */
bool vswitch_input(struct vswitch *vswitch, struct vswitch_port *from, const uint8_t *data,
                   size_t size, uint64_t now_ns);
/* Tell the uplink and all ports whose address this port's is, if it has one: others may remember
 * another MAC for it. */
void vswitch_announce(struct vswitch *vswitch, struct vswitch_port *port, uint64_t now_ns);
/* The same to the host alone: of thousands of guests that come, each would tell all others. */
void vswitch_announce_to_host(struct vswitch *vswitch, const struct vswitch_port *port);
/* A frame from the uplink. */
void vswitch_input_uplink(struct vswitch *vswitch, const uint8_t *data, size_t size,
                          uint64_t now_ns);

#endif
