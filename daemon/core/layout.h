/*
 * Where a guest's window lies and what its noxs page says: docs/noxs-page.md as code. May be
 * included by core only.
 */
#ifndef CHAOS_CORE_LAYOUT_H
#define CHAOS_CORE_LAYOUT_H

#include <stdint.h>

#include "core/limits.h"
#include "noxs/page.h"

#define LAYOUT_CONSOLE_SLOT 0u
#define LAYOUT_NET_SLOT     1u /* of the first network interface; the others follow */

struct guest;

/* Window page indices of a network interface. */
struct layout_vif {
    uint8_t tx;
    uint8_t rx;
    uint8_t arena;
    uint8_t arena_pages;
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
/* Every word chaosd writes before the guest runs; the page must be zeroed. */
void layout_fill_page(struct noxs_page *page, const struct guest *guest);

#endif
