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
    if (!claim(pages, window_pages, vif->tx_window, 1) ||
        !claim(pages, window_pages, vif->rx_window, 1) ||
        !claim(pages, window_pages, vif->arena_window, vif->arena_pages))
        return "window pages of an interface";
    return NULL;
}

int io_attach_check(const struct io_msg_attach *attach, unsigned fd_count, char *text)
{
    uint32_t slots = 0, pages = 1u << NOXS_WINDOW_PAGE, tap_count = 0;
    if (attach->window_pages < 2 || attach->window_pages > IO_WINDOW_PAGES)
        return refuse(text, "window size");
    if (attach->gref_first > UINT32_MAX - attach->window_pages)
        return refuse(text, "grant references");
    if (attach->vif_count > IO_MAX_VIFS)
        return refuse(text, "number of interfaces");
    if (!claim_slot(&slots, attach->console_slot) ||
        !claim(&pages, attach->window_pages, attach->console_window, 1))
        return refuse(text, "console");
    for (uint32_t i = 0; i < attach->vif_count; i++) {
        const char *why = vif_error(&attach->vif[i], attach->window_pages, &slots, &pages);
        if (why != NULL)
            return refuse(text, why);
        tap_count += attach->vif[i].bridged;
    }
    if (fd_count != 2 + tap_count)
        return refuse(text, "number of file descriptors");
    return 0;
}

void io_attach_vif_config(const struct io_msg_attach *attach, unsigned i, uint8_t *window,
                          struct vif_config *config_out)
{
    const struct io_vif *vif = &attach->vif[i];
    *config_out = (struct vif_config){
        .slot = vif->slot,
        .mac = frame_mac(vif->mac),
        .ip = frame_ip(vif->ip),
        .tap_fd = -1,
        .netback =
            {
                .tx_page = window + (size_t)vif->tx_window * IO_PAGE_SIZE,
                .rx_page = window + (size_t)vif->rx_window * IO_PAGE_SIZE,
                .arena =
                    {
                        .base = window + (size_t)vif->arena_window * IO_PAGE_SIZE,
                        .gref = attach->gref_first + vif->arena_window,
                        .pages = vif->arena_pages,
                    },
                .resumed = attach->resumed != 0,
            },
    };
}
