#include "core/layout.h"

#include <assert.h>
#include <string.h>

#include "core/guest.h"

#define PAGES_PER_MIB     256u
#define FIRST_DEVICE_PAGE 2u /* after the noxs page and the console ring */
#define VIF_MTU           1500u

/* Buffers of a second interface are fewer: mapped grants are scarce in dom0. */
static const uint8_t arena_pages[LIMIT_VIFS] = {4, 2};

void layout_init(struct layout *layout, uint64_t memory_mib, unsigned vif_count)
{
    uint8_t next = FIRST_DEVICE_PAGE;

    assert(vif_count <= LIMIT_VIFS);
    *layout = (struct layout){.ram_pages = memory_mib * PAGES_PER_MIB};
    for (unsigned i = 0; i < vif_count; i++) {
        struct layout_vif *vif = &layout->vif[i];
        vif->tx = next++;
        vif->rx = next++;
        vif->arena = next;
        vif->arena_pages = arena_pages[i];
        next = (uint8_t)(next + vif->arena_pages);
    }
    layout->window_pages = next;
    layout->window_first = layout->ram_pages - layout->window_pages;
    layout->info_gfn = layout->window_first - 1;
}

static uint32_t gfn(const struct layout *layout, uint32_t index)
{
    return (uint32_t)layout->window_first + index;
}

static void fill_console(struct noxs_device *device, const struct layout *layout)
{
    device->type = NOXS_DEV_CONSOLE;
    device->generation = 1;
    device->ring_gfn[0] = gfn(layout, NOXS_WINDOW_CONSOLE);
    device->ring_gref[0] = NOXS_GREF_FIRST + NOXS_WINDOW_CONSOLE;
}

static void fill_net(struct noxs_device *device, const struct guest *guest, unsigned index)
{
    const struct layout *layout = &guest->layout;
    const struct layout_vif *place = &layout->vif[index];
    const struct guest_vif *vif = &guest->vif[index];
    struct noxs_net_config *config = &device->config.net;

    device->type = NOXS_DEV_NET;
    device->index = (uint8_t)index;
    device->generation = 1;
    device->ring_gfn[0] = gfn(layout, place->tx);
    device->ring_gfn[1] = gfn(layout, place->rx);
    device->ring_gref[0] = NOXS_GREF_FIRST + place->tx;
    device->ring_gref[1] = NOXS_GREF_FIRST + place->rx;
    device->arena_gfn = gfn(layout, place->arena);
    device->arena_gref = NOXS_GREF_FIRST + place->arena;
    device->arena_pages = place->arena_pages;
    memcpy(config->mac, vif->mac.octet, sizeof(config->mac));
    memcpy(config->ip, vif->ip.octet, sizeof(config->ip));
    memcpy(config->gateway, vif->gateway.octet, sizeof(config->gateway));
    config->prefix_len = vif->prefix_len;
    config->mtu = VIF_MTU;
}

void layout_fill_page(struct noxs_page *page, const struct guest *guest)
{
    const struct layout *layout = &guest->layout;

    page->magic = NOXS_MAGIC;
    page->abi_version = guest->abi;
    page->device_slots = NOXS_DEVICE_SLOTS;
    page->generation = 1;
    page->domid = guest->domid;
    memcpy(page->uuid, guest->uuid, sizeof(page->uuid));
    page->ram_pages = (uint32_t)layout->ram_pages;
    page->window_pages = layout->window_pages;
    memcpy(page->name, guest->name, sizeof(guest->name));
    page->request = guest->control.request;
    fill_console(&page->device[LAYOUT_CONSOLE_SLOT], layout);
    for (unsigned i = 0; i < guest->vif_count; i++)
        fill_net(&page->device[LAYOUT_NET_SLOT + i], guest, i);
}
