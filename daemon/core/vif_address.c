#include "core/vif_address.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"

static int mac_error(const struct vif_address_request *request, const struct guest_vif *vif, int rc,
                     struct error *error)
{
    char text[ADDR_TEXT_MAX];

    if (rc != -EADDRINUSE)
        return error_set(error, rc == -ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL, "%s: mac: %s",
                         request->label, strerror(-rc));
    addr_format_mac(vif->mac.octet, text);
    return error_set(error, UKVM_E_ADDRESS_IN_USE, "%s: mac %s belongs to another guest",
                     request->label, text);
}

static int take_mac(const struct vif_address_request *request, struct guest_vif *vif, bool given,
                    struct error *error)
{
    struct addr_pool *pool = &request->core->addr;
    int rc = given ? addr_mac_take(pool, &vif->mac) : addr_mac_pick(pool, &vif->mac);

    /* A shell has it by chance only. */
    if (rc == -EADDRINUSE && pool_release_mac(&request->core->pool, vif->mac.octet))
        rc = addr_mac_take(pool, &vif->mac);
    return rc < 0 ? mac_error(request, vif, rc, error) : 0;
}

static int ip_error(const struct vif_address_request *request, const struct guest_vif *vif, int rc,
                    struct error *error)
{
    const struct addr_pool *pool = &request->core->addr;
    char ip[ADDR_TEXT_MAX], network[ADDR_TEXT_MAX];

    addr_format_ip(vif->ip, ip);
    addr_format_ip(pool->network, network);
    if (rc == -EADDRINUSE)
        return error_set(error, UKVM_E_ADDRESS_IN_USE, "%s: ip %s belongs to another guest",
                         request->label, ip);
    if (rc == -EADDRNOTAVAIL)
        return error_set(error, UKVM_E_CONFIG, "%s: ip %s is not a guest address of %s/%u",
                         request->label, ip, network, pool->prefix_len);
    return error_set(error, UKVM_E_ADDRESS_IN_USE, "%s: no address is left in %s/%u",
                     request->label, network, pool->prefix_len);
}

/* Shells have theirs by chance only: one that is asked for is taken from them, and so is any when
   there are no others. */
static int pick_ip(const struct vif_address_request *request, struct guest_vif *vif,
                   const struct spec_vif *spec)
{
    struct addr_pool *addr = &request->core->addr;
    struct pool *pool = &request->core->pool;
    int rc = spec->has_ip ? addr_ip_take(addr, vif->ip) : addr_ip_pick(addr, &vif->ip);

    if (rc == -EADDRINUSE && pool_release_ip(pool, &vif->ip))
        rc = addr_ip_take(addr, vif->ip);
    if (rc == -ENOSPC && request->is_cold && pool_release_ip(pool, NULL))
        rc = addr_ip_pick(addr, &vif->ip);
    return rc;
}

static int take_ip(const struct vif_address_request *request, struct guest_vif *vif,
                   const struct spec_vif *spec, struct error *error)
{
    struct addr_pool *pool = &request->core->addr;

    /* On a bridge the address is somebody else's business. */
    if (vif->bridge[0] != '\0')
        return 0;
    if (spec->prefix_len != 0 && spec->prefix_len != pool->prefix_len)
        return error_set(error, UKVM_E_CONFIG, "%s: ip: the network's prefix length is %u",
                         request->label, pool->prefix_len);
    int rc = pick_ip(request, vif, spec);
    if (rc < 0)
        return ip_error(request, vif, rc, error);
    vif->ip_held = true;
    vif->prefix_len = pool->prefix_len;
    vif->gateway = pool->gateway;
    return 0;
}

int vif_address_take(const struct vif_address_request *request, struct guest_vif *vif,
                     const struct spec_vif *spec, struct error *error)
{
    int rc = take_mac(request, vif, spec->has_mac, error);

    return rc < 0 ? rc : take_ip(request, vif, spec, error);
}

void vif_address_free(struct core *core, struct guest_vif *vif)
{
    addr_mac_free(&core->addr, &vif->mac);
    if (vif->ip_held)
        addr_ip_free(&core->addr, vif->ip);
    vif->ip_held = false;
}
