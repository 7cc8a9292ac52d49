#include "core/addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/random.h"

#define PREFIX_MIN 12u /* a bitmap of 128 KiB */
#define PREFIX_MAX 29u

static uint32_t to_number(struct hostnet_ip ip)
{
    return (uint32_t)ip.octet[0] << 24 | (uint32_t)ip.octet[1] << 16 | (uint32_t)ip.octet[2] << 8 |
           ip.octet[3];
}

static struct hostnet_ip from_number(uint32_t number)
{
    return (struct hostnet_ip){{(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                                (uint8_t)(number >> 8), (uint8_t)number}};
}

static bool is_used(const struct addr_pool *pool, uint32_t index)
{
    return (pool->used[index / 64] >> index % 64 & 1) != 0;
}

static void set_used(struct addr_pool *pool, uint32_t index)
{
    pool->used[index / 64] |= UINT64_C(1) << index % 64;
}

int addr_pool_init(struct addr_pool *pool, struct hostnet_ip network, uint8_t prefix_len)
{
    if (prefix_len < PREFIX_MIN || prefix_len > PREFIX_MAX)
        return -EINVAL;
    uint32_t size = UINT32_C(1) << (32 - prefix_len);
    if ((to_number(network) & (size - 1)) != 0)
        return -EINVAL;
    *pool = (struct addr_pool){.network = network,
                               .prefix_len = prefix_len,
                               .gateway = from_number(to_number(network) + 1),
                               .size = size,
                               .next = 2};
    pool->used = calloc((size + 63) / 64, sizeof(*pool->used));
    if (pool->used == NULL)
        return -ENOMEM;
    set_used(pool, 0);
    set_used(pool, 1);
    set_used(pool, size - 1);
    return 0;
}

void addr_pool_fini(struct addr_pool *pool)
{
    free(pool->used);
    hash_fini(&pool->macs);
    *pool = (struct addr_pool){0};
}

int addr_ip_take(struct addr_pool *pool, struct hostnet_ip ip)
{
    uint32_t index = to_number(ip) - to_number(pool->network);

    if (index < 2 || index >= pool->size - 1)
        return -EADDRNOTAVAIL;
    if (is_used(pool, index))
        return -EADDRINUSE;
    set_used(pool, index);
    return 0;
}

int addr_ip_pick(struct addr_pool *pool, struct hostnet_ip *ip_out)
{
    for (uint32_t tried = 0; tried < pool->size; tried++) {
        uint32_t index = pool->next;
        pool->next = index + 1 < pool->size ? index + 1 : 0;
        if (!is_used(pool, index)) {
            set_used(pool, index);
            *ip_out = from_number(to_number(pool->network) + index);
            return 0;
        }
    }
    return -ENOSPC;
}

void addr_ip_free(struct addr_pool *pool, struct hostnet_ip ip)
{
    uint32_t index = to_number(ip) - to_number(pool->network);
    pool->used[index / 64] &= ~(UINT64_C(1) << index % 64);
}

static uint64_t mac_key(const uint8_t mac[6])
{
    uint64_t key = 0;
    for (int i = 0; i < 6; i++)
        key = key << 8 | mac[i];
    return key;
}

int addr_mac_take(struct addr_pool *pool, struct addr_mac *mac)
{
    uint64_t key = mac_key(mac->octet);

    if (hash_find(&pool->macs, key) != NULL)
        return -EADDRINUSE;
    int rc = hash_add(&pool->macs, &mac->node, key);
    mac->held = rc == 0;
    return rc;
}

int addr_mac_pick(struct addr_pool *pool, struct addr_mac *mac)
{
    static const uint8_t xen_prefix[3] = {0x00, 0x16, 0x3e};
    int rc;

    do {
        memcpy(mac->octet, xen_prefix, sizeof(xen_prefix));
        random_bytes(mac->octet + 3, 3);
        mac->octet[3] &= 0x7f; /* the half that Xen leaves to local use */
        rc = addr_mac_take(pool, mac);
    } while (rc == -EADDRINUSE);
    return rc;
}

void addr_mac_free(struct addr_pool *pool, struct addr_mac *mac)
{
    if (mac->held)
        hash_remove(&pool->macs, &mac->node);
    mac->held = false;
}

bool addr_ip_set(struct hostnet_ip ip)
{
    return to_number(ip) != 0;
}
