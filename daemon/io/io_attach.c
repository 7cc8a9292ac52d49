#include "io/io_attach.h"

#include "io/frame.h"
#include "noxs/page.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static int refuse(char *text, const char *why)
{
    snprintf(text, IO_TEXT_MAX, "bad attach: %s", why);
    return -EINVAL;
}

/* Claims window pages first..first+count. False: outside the window, or claimed before. */
static bool claim(uint32_t *pages, uint32_t window_pages, uint32_t first, uint32_t count)
{
    if (count == 0 || first >= window_pages)
        return false;
#ifndef CHAOS_PLANTED_BUG_IO_PACKET
    if (count > window_pages - first)
        return false;
#endif
    uint32_t mask = ((UINT32_C(1) << count) - 1) << first;
    if ((*pages & mask) != 0)
        return false;
    *pages |= mask;
    return true;
}

static bool claim_slot(uint32_t *slots, uint32_t slot)
{
    return claim(slots, NOXS_DEVICE_SLOTS, slot, 1);
}

/* What it claims is of the window, or of pages that are its alone. */
static bool claim_places(const struct io_vif *vif, uint32_t page_count, uint32_t *pages)
{
    return claim(pages, page_count, vif->tx_window, 1) &&
           claim(pages, page_count, vif->rx_window, 1) &&
           claim(pages, page_count, vif->arena_window, vif->arena_pages);
}

static const char *place_error(const struct io_vif *vif, uint32_t window_pages, uint32_t *pages)
{
    uint32_t own_pages = 0;
    bool is_hot = vif->hot_gref != 0;
    if (is_hot ? vif->hot_pages == 0 || vif->hot_pages > IO_HOT_PAGES : vif->hot_pages != 0)
        return "pages of an interface";
    if (vif->hot_gref > UINT32_MAX - IO_HOT_PAGES)
        return "grant references of an interface";
    if (!(is_hot ? claim_places(vif, vif->hot_pages, &own_pages)
                 : claim_places(vif, window_pages, pages)))
        return "window pages of an interface";
    return NULL;
}

static const char *vif_error(const struct io_vif *vif, uint32_t window_pages, uint32_t *slots,
                             uint32_t *pages)
{
    uint64_t mac = frame_mac(vif->mac);
    if (!claim_slot(slots, vif->slot))
        return "device slot";
    if (vif->bridged > 1)
        return "bridged";
    if (mac == 0 || (vif->mac[0] & 1) != 0)
        return "MAC address";
    return place_error(vif, window_pages, pages);
}

unsigned io_attach_vif_fds(const struct io_vif *vif)
{
    return (vif->hot_gref != 0) + (vif->bridged != 0);
}

int io_attach_check(const struct io_msg_attach *attach, unsigned fd_count, char *text)
{
    uint32_t slots = 0, pages = 1u << NOXS_WINDOW_PAGE, vif_fds = 0, mapped;
    if (attach->window_pages < 2 || attach->window_pages > IO_WINDOW_PAGES)
        return refuse(text, "window size");
    if (attach->gref_first > UINT32_MAX - attach->window_pages)
        return refuse(text, "grant references");
    if (attach->vif_count > IO_MAX_VIFS)
        return refuse(text, "number of interfaces");
    if (!claim_slot(&slots, attach->console_slot) ||
        !claim(&pages, attach->window_pages, attach->console_window, 1))
        return refuse(text, "console");
    mapped = attach->window_pages;
    for (uint32_t i = 0; i < attach->vif_count; i++) {
        const char *why = vif_error(&attach->vif[i], attach->window_pages, &slots, &pages);
        if (why != NULL)
            return refuse(text, why);
        vif_fds += io_attach_vif_fds(&attach->vif[i]);
        mapped += attach->vif[i].hot_pages;
    }
    if (mapped > IO_WINDOW_PAGES)
        return refuse(text, "pages in all");
    if (fd_count != 2 + vif_fds)
        return refuse(text, "number of file descriptors");
    return 0;
}

void io_attach_vif_config(const struct io_msg_attach *attach, unsigned i, uint8_t *pages,
                          struct vif_config *config_out)
{
    const struct io_vif *vif = &attach->vif[i];
    uint32_t gref = vif->hot_gref != 0 ? vif->hot_gref : attach->gref_first;
    *config_out = (struct vif_config){
        .slot = vif->slot,
        .mac = frame_mac(vif->mac),
        .ip = frame_ip(vif->ip),
        .tap_fd = -1,
        .netback =
            {
                .tx_page = pages + (size_t)vif->tx_window * IO_PAGE_SIZE,
                .rx_page = pages + (size_t)vif->rx_window * IO_PAGE_SIZE,
                .arena =
                    {
                        .base = pages + (size_t)vif->arena_window * IO_PAGE_SIZE,
                        .gref = gref + vif->arena_window,
                        .pages = vif->arena_pages,
                    },
                .resumed = attach->resumed != 0,
            },
    };
}
