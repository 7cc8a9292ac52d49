/*
 * Addresses of guests: the IPv4 pool of the internal network, and MACs, unique on this host. May
 * be included by core, ctl and composition roots.
 */
#ifndef CHAOS_CORE_ADDR_H
#define CHAOS_CORE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "hostnet/hostnet.h"
#include "util/hash.h"

#define ADDR_TEXT_MAX 20u /* a MAC or an address with prefix length, as text */

struct addr_pool {
    struct hostnet_ip network;
    uint8_t prefix_len;
    struct hostnet_ip gateway; /* the first host address: the host's own */
    uint64_t *used;            /* one bit an address */
    uint32_t size;             /* addresses, network and broadcast included */
    uint32_t next;             /* where the next search starts: an address rests before reuse */
    struct hash macs;
};

/* A MAC in use; embedded in its owner. */
struct addr_mac {
    struct hash_node node;
    uint8_t octet[6];
    bool held;
};

/* prefix_len 12 to 29. -EINVAL: another, or host bits set in network; -ENOMEM. */
int addr_pool_init(struct addr_pool *pool, struct hostnet_ip network, uint8_t prefix_len);
void addr_pool_fini(struct addr_pool *pool);

/* -EADDRNOTAVAIL: not a guest address of the pool; -EADDRINUSE. */
int addr_ip_take(struct addr_pool *pool, struct hostnet_ip ip);
/* -ENOSPC: none is left. */
int addr_ip_pick(struct addr_pool *pool, struct hostnet_ip *ip_out);
void addr_ip_free(struct addr_pool *pool, struct hostnet_ip ip);

/* Hold mac->octet. -EADDRINUSE, -ENOMEM. */
int addr_mac_take(struct addr_pool *pool, struct addr_mac *mac);
/* Fill mac->octet with a fresh one under Xen's prefix and hold it. -ENOMEM. */
int addr_mac_pick(struct addr_pool *pool, struct addr_mac *mac);
/* Does nothing if it is not held. */
void addr_mac_free(struct addr_pool *pool, struct addr_mac *mac);

/* "a.b.c.d" or "a.b.c.d/len" (prefix_len_out 0 when absent); "aa:bb:cc:dd:ee:ff". -EINVAL. */
int addr_parse_ip(const char *text, struct hostnet_ip *ip_out, uint8_t *prefix_len_out);
int addr_parse_mac(const char *text, uint8_t mac_out[6]);
void addr_format_ip(struct hostnet_ip ip, char text[ADDR_TEXT_MAX]);
void addr_format_mac(const uint8_t mac[6], char text[ADDR_TEXT_MAX]);
bool addr_ip_set(struct hostnet_ip ip);

#endif
