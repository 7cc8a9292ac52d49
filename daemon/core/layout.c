#include "core/layout.h"

#include <assert.h>
#include <string.h>

#include "core/guest.h"

#define PAGES_PER_MIB     256u
#define FIRST_DEVICE_PAGE 2u /* after the noxs page and the console ring */
#define RING_PAGES        2u /* tx, rx; the arena follows */
#define VIF_MTU           1500u

static_assert(NOXS_HOT_GFN >= HV_RAM_PAGES_MAX, "outside RAM");
static_assert(NOXS_HOT_GFN + NOXS_DEVICE_SLOTS * NOXS_HOT_PAGES <= NOXS_SHARED_INFO_GFN, "free");

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
    for (unsigned i = vif_count; i < LIMIT_VIFS; i++)
        layout->vif[i] = (struct layout_vif){
            .tx = 0, .rx = 1, .arena = 2, .arena_pages = arena_pages[i], .hot = true};
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

/* What a place's indices count from: the window's first frame, or the slot's. */
static uint32_t base_gfn(const struct layout *layout, unsigned index)
{
    return layout->vif[index].hot ? NOXS_HOT_GFN + (LAYOUT_NET_SLOT + index) * NOXS_HOT_PAGES
                                  : (uint32_t)layout->window_first;
}

static uint32_t base_gref(const struct layout *layout, unsigned index)
{
    return layout->vif[index].hot ? NOXS_HOT_GREF + (LAYOUT_NET_SLOT + index) * NOXS_HOT_PAGES
                                  : NOXS_GREF_FIRST;
}

uint32_t layout_vif_gfn(const struct layout *layout, unsigned index)
{
    return base_gfn(layout, index) + layout->vif[index].tx;
}

uint32_t layout_vif_gref(const struct layout *layout, unsigned index)
{
    return base_gref(layout, index) + layout->vif[index].tx;
}

unsigned layout_vif_pages(const struct layout *layout, unsigned index)
{
    return RING_PAGES + layout->vif[index].arena_pages;
}

void layout_fill_vif(struct noxs_device *device, const struct guest *guest, unsigned index)
{
    const struct layout_vif *place = &guest->layout.vif[index];
    const struct guest_vif *vif = &guest->vif[index];
    uint32_t gfn = base_gfn(&guest->layout, index), gref = base_gref(&guest->layout, index);
    struct noxs_net_config *config = &device->config.net;

    device->type = NOXS_DEV_NET;
    device->index = (uint8_t)index;
    device->generation = vif->generation;
    device->ring_gfn[0] = gfn + place->tx;
    device->ring_gfn[1] = gfn + place->rx;
    device->ring_gref[0] = gref + place->tx;
    device->ring_gref[1] = gref + place->rx;
    device->arena_gfn = gfn + place->arena;
    device->arena_gref = gref + place->arena;
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
    page->generation = guest->generation;
    page->domid = guest->domid;
    memcpy(page->uuid, guest->uuid, sizeof(page->uuid));
    page->ram_pages = (uint32_t)layout->ram_pages;
    page->window_pages = layout->window_pages;
    memcpy(page->name, guest->name, sizeof(guest->name));
    page->request = guest->control.request;
    fill_console(&page->device[LAYOUT_CONSOLE_SLOT], layout);
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest_vif_is_in_table(&guest->vif[i]))
            layout_fill_vif(&page->device[LAYOUT_NET_SLOT + i], guest, i);
}
