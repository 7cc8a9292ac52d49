/* The guest's side of the noxs page. */
#include "noxs_front.h"

#include "event.h"
#include "hypercall.h"
#include "paging.h"

static struct noxs_page *page;
static uint64_t kick, seen; /* our words of the page */

struct noxs_page *noxs_page(void)
{
    return page;
}

/* Another toolstack keeps its XenStore ring there: only what matches in every point is noxs. */
static bool is_noxs_page(const struct noxs_page *candidate, uint64_t gfn)
{
    return candidate->magic == NOXS_MAGIC && candidate->abi_version >= NOXS_ABI_MIN &&
           candidate->abi_version <= NOXS_ABI_VERSION &&
           candidate->device_slots == NOXS_DEVICE_SLOTS &&
           candidate->window_pages < candidate->ram_pages &&
           gfn == candidate->ram_pages - candidate->window_pages + NOXS_WINDOW_PAGE;
}

/* The noxs page at a frame, mapped, or NULL. */
static struct noxs_page *page_at(uint64_t gfn)
{
    uint64_t address = gfn * NOXS_PAGE_SIZE;
    struct noxs_page *candidate = (struct noxs_page *)(uintptr_t)address;
    if (gfn == 0 || gfn >= PAGING_LIMIT / NOXS_PAGE_SIZE || !paging_map(address, NOXS_PAGE_SIZE))
        return NULL;
    return is_noxs_page(candidate, gfn) ? candidate : NULL;
}

void noxs_front_init(uint64_t info_gfn)
{
    /*
     * The boot contract puts the window behind start_info, and looking there saves a hypercall,
     * one of the few things that cost time in this boot. What counts is the HVM parameter.
     */
    struct noxs_page *found = page_at(info_gfn + 1);
    if (found == NULL)
        found = page_at(hypercall_hvm_param(HVM_PARAM_STORE_PFN));
    if (found == NULL ||
        !paging_map((uintptr_t)found, (uint64_t)found->window_pages * NOXS_PAGE_SIZE))
        return;
    page = found;
}

static bool is_in(uint32_t first, uint32_t end, uint32_t gfn, uint32_t count)
{
    return gfn >= first && gfn < end && count <= end - gfn;
}

void *noxs_frame(uint32_t gfn, uint32_t count)
{
    if (!is_in(page->ram_pages - page->window_pages, page->ram_pages, gfn, count) &&
        !is_in(NOXS_HOT_GFN, NOXS_HOT_GFN + NOXS_DEVICE_SLOTS * NOXS_HOT_PAGES, gfn, count))
        return NULL;
    return (void *)((uintptr_t)gfn * NOXS_PAGE_SIZE);
}

void noxs_ring_doorbell(uint64_t slots)
{
    if (noxs_doorbell_ring(&kick, &page->guest_kick, &page->iod_seen, slots))
        event_send(NOXS_PORT_IO);
}

void noxs_take_doorbells(void)
{
    if (page != NULL)
        noxs_doorbell_take(&seen, &page->guest_seen, &page->iod_kick);
}

void noxs_open_slot(unsigned slot)
{
    noxs_write32(&page->device_guest_state[slot], NOXS_DEV_STATE_OPEN);
}

void noxs_close_slot(unsigned slot)
{
    noxs_write32(&page->device_guest_state[slot], NOXS_DEV_STATE_CLOSED);
}

void noxs_set_state(enum noxs_guest_state state, int exit_code)
{
    if (page == NULL)
        return;
    noxs_write64(&page->status, noxs_pair((uint32_t)exit_code, state));
    event_send(NOXS_PORT_CONTROL);
}
