/*
 * The host network port: the uplink TAP, TAPs on bridges, published ports. core knows only
 * this interface; hostnet/linux.c implements it (TUNSETIFF, rtnetlink, libnftables) and
 * tests/fixture/hostnet_fake.c records calls. May be included by core and composition
 * roots. Calls are made from one thread; int calls return 0 or -errno, and put a one-line
 * reason into the caller's text on failure.
 */
#ifndef CHAOS_HOSTNET_H
#define CHAOS_HOSTNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTNET_TEXT_MAX 160u

/* An IPv4 address or network; bytes in network order. */
struct hostnet_ip {
    uint8_t octet[4];
};

struct hostnet_uplink {
    char ifname[16];
    struct hostnet_ip address; /* the host's own address: the guests' gateway */
    uint8_t prefix_len;
    uint16_t mtu;
    uint8_t mac[6]; /* of the host's end */
};

struct hostnet_publish {
    uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
    uint16_t host_port;
    uint16_t guest_port;
    struct hostnet_ip guest;
};

struct hostnet;

struct hostnet_ops {
    /*
     * Create the uplink TAP with its address, forwarding and, the first time, NAT, in place of what
     * a predecessor left. The caller owns the fd; the TAP lives as long as any copy of it. -EBUSY:
     * it is there.
     */
    int (*uplink_up)(struct hostnet *net, const struct hostnet_uplink *uplink, int *fd_out,
                     char *text);
    /* The same with a TAP that is there and somebody else's to serve. */
    int (*uplink_adopt)(struct hostnet *net, const struct hostnet_uplink *uplink, char *text);
    /* A TAP named ifname as a port of an existing bridge. The caller owns the fd. */
    int (*tap_on_bridge)(struct hostnet *net, const char *ifname, const char *bridge, int *fd_out,
                         char *text);
    /* Forward a host port to a guest. -EADDRINUSE when it is published already. */
    int (*publish)(struct hostnet *net, const struct hostnet_publish *rule, char *text);
    void (*unpublish)(struct hostnet *net, const struct hostnet_publish *rule);
    /* Removes the rules, unless they stay for a successor; not the fds handed out. */
    void (*close)(struct hostnet *net, bool rules_stay);
};

struct hostnet {
    const struct hostnet_ops *ops;
};

/* The Linux port. The caller owns *net_out and ends it with ops->close. */
int hostnet_linux_open(struct hostnet **net_out);

#endif
