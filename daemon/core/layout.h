/*
 * Where a guest's window lies and what its noxs page says: docs/noxs-page.md as code. May be
 * included by core only.
 */
#ifndef CHAOS_CORE_LAYOUT_H
#define CHAOS_CORE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "noxs/page.h"

#define LAYOUT_CONSOLE_SLOT 0u
#define LAYOUT_NET_SLOT     1u /* of the first network interface; the others follow */

struct guest;

/*
 * Where a network interface has its rings and buffers: pages of the window, if the guest was
 * created with it; else, for one that is attached later, of the hot frames of its slot.
 */
struct layout_vif {
    uint8_t tx;
    uint8_t rx;
    uint8_t arena;
    uint8_t arena_pages;
    bool hot;
};

/* Frames of a guest, in pages from 0. */
struct layout {
    uint64_t ram_pages;
    uint64_t window_first; /* gfn of window page 0 */
    uint64_t info_gfn;     /* start_info; RAM from here on is not the guest's to use */
    uint32_t window_pages;
    struct layout_vif vif[LIMIT_VIFS];
};

void layout_init(struct layout *layout, uint64_t memory_mib, unsigned vif_count);
/* The first frame of an interface's pages, and its grant reference; the others follow. */
uint32_t layout_vif_gfn(const struct layout *layout, unsigned index);
uint32_t layout_vif_gref(const struct layout *layout, unsigned index);
/* How many pages it has. */
unsigned layout_vif_pages(const struct layout *layout, unsigned index);
/* The device table entry of an interface. */
void layout_fill_vif(struct noxs_device *device, const struct guest *guest, unsigned index);
/* Every word chaosd writes before the guest runs; the page must be zeroed. */
void layout_fill_page(struct noxs_page *page, const struct guest *guest);

#endif
