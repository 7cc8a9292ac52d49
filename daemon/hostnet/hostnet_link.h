/*
 * Network interfaces of the host: TAPs, addresses, bridges. May be included by hostnet only.
 * int functions return 0 or -errno.
 */
#ifndef CHAOS_HOSTNET_LINK_H
#define CHAOS_HOSTNET_LINK_H

#include "hostnet/hostnet.h"

#include <stdbool.h>
#include <stdint.h>

struct mnl_socket;

struct hostnet_link {
    struct mnl_socket *netlink;
    uint32_t sequence;
    int query; /* a socket for ioctl */
};

/* What to change; zero leaves a thing as it is. */
struct hostnet_link_change {
    bool up;
    uint16_t mtu;
    unsigned bridge;    /* interface index of a bridge to join */
    const uint8_t *mac; /* six bytes */
};

int hostnet_link_open(struct hostnet_link *link);
/* Safe on a link that failed to open. */
void hostnet_link_close(struct hostnet_link *link);

/* Whether the kernel takes it as an interface name, and no tool mistakes it for something else. */
bool hostnet_link_name_ok(const char *ifname);
/* A new TAP, nonblocking and close-on-exec. -EBUSY: there is an interface of this name. */
int hostnet_link_tap(const char *ifname, int *fd_out);
/* -ENODEV: no such interface. */
int hostnet_link_index(const char *ifname, unsigned *index_out);
bool hostnet_link_is_bridge(struct hostnet_link *link, const char *ifname);
int hostnet_link_change(struct hostnet_link *link, unsigned index,
                        const struct hostnet_link_change *change);
int hostnet_link_address(struct hostnet_link *link, unsigned index,
                         const struct hostnet_ip *address, uint8_t prefix_len);
/*
 * Looks for an interface other than ifname whose IPv4 network overlaps the given one. Returns
 * whether there is one, with its name.
 */
bool hostnet_link_overlaps(const char *ifname, const struct hostnet_ip *address, uint8_t prefix_len,
                           char other_out[16]);

#endif
