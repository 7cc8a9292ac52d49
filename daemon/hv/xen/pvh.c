/* The contents of a guest's frames at entry. */
#include "hv/xen/pvh.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "noxs/page.h"

#define MEMMAP_ENTRIES 3u

static_assert(sizeof(struct hvm_start_info) <= HV_XEN_PVH_MEMMAP, "start_info fits");
static_assert(HV_XEN_PVH_MEMMAP + MEMMAP_ENTRIES * sizeof(struct hvm_memmap_table_entry) <=
                  HV_XEN_PVH_CMDLINE,
              "memory map fits");
static_assert(HV_XEN_PVH_CMDLINE + HV_CMDLINE_MAX <= HV_PAGE_SIZE, "command line fits");

int hv_xen_pvh_check(const struct hv_load *load)
{
    uint64_t end = 0;

    if (load->ram_pages > HV_RAM_PAGES_MAX || load->reserved_first > load->ram_pages ||
        load->info_gfn.n < load->reserved_first || load->info_gfn.n >= load->ram_pages ||
        strnlen(load->cmdline, HV_CMDLINE_MAX) == HV_CMDLINE_MAX)
        return -EINVAL;
    for (size_t i = 0; i < load->segment_count; i++) {
        const struct hv_segment *segment = &load->segments[i];
        uint64_t limit = load->reserved_first * HV_PAGE_SIZE;

        if (segment->paddr < end || segment->paddr > limit || segment->memsz_bytes == 0 ||
            segment->memsz_bytes > limit - segment->paddr ||
            segment->filesz_bytes > segment->memsz_bytes)
            return -EINVAL;
        end = segment->paddr + segment->memsz_bytes;
    }
    return 0;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    if (value < low)
        return low;
    return value < high ? value : high;
}

void hv_xen_pvh_page(const struct hv_load *load, uint64_t gfn, uint8_t page[HV_PAGE_SIZE])
{
    const uint64_t start = gfn * HV_PAGE_SIZE, end = start + HV_PAGE_SIZE;
    uint64_t at = start;

    /* Segments ascend, so the page is written once, front to back. */
    for (size_t i = 0; i < load->segment_count; i++) {
        const struct hv_segment *segment = &load->segments[i];
        uint64_t from = clamp(segment->paddr, at, end);
        uint64_t to = clamp(segment->paddr + segment->filesz_bytes, from, end);

        if (from == to)
            continue;
        memset(page + (at - start), 0, from - at);
        memcpy(page + (from - start), segment->data + (from - segment->paddr), to - from);
        at = to;
    }
    memset(page + (at - start), 0, end - at);
}

void hv_xen_pvh_info(const struct hv_load *load, uint8_t page[HV_PAGE_SIZE])
{
    const uint64_t base = load->info_gfn.n * HV_PAGE_SIZE;
    const uint64_t usable = load->reserved_first, ram = load->ram_pages;
    const struct hvm_start_info info = {
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .cmdline_paddr = base + HV_XEN_PVH_CMDLINE,
        .memmap_paddr = base + HV_XEN_PVH_MEMMAP,
        .memmap_entries = MEMMAP_ENTRIES,
    };
    const struct hvm_memmap_table_entry memmap[MEMMAP_ENTRIES] = {
        {.size = usable * HV_PAGE_SIZE, .type = XEN_HVM_MEMMAP_TYPE_RAM},
        {.addr = usable * HV_PAGE_SIZE,
         .size = (ram - usable) * HV_PAGE_SIZE,
         .type = XEN_HVM_MEMMAP_TYPE_RESERVED},
        {.addr = (uint64_t)NOXS_SHARED_INFO_GFN * HV_PAGE_SIZE,
         .size = HV_PAGE_SIZE,
         .type = XEN_HVM_MEMMAP_TYPE_RESERVED},
    };

    memset(page, 0, HV_PAGE_SIZE);
    memcpy(page, &info, sizeof(info));
    memcpy(page + HV_XEN_PVH_MEMMAP, memmap, sizeof(memmap));
    memcpy(page + HV_XEN_PVH_CMDLINE, load->cmdline, strnlen(load->cmdline, HV_CMDLINE_MAX - 1));
}

uint64_t hv_xen_pvh_next(const struct hv_load *load, uint64_t gfn)
{
    for (size_t i = 0; i < load->segment_count; i++) {
        const struct hv_segment *segment = &load->segments[i];
        uint64_t first = segment->paddr / HV_PAGE_SIZE;
        uint64_t last = (segment->paddr + segment->memsz_bytes - 1) / HV_PAGE_SIZE;

        if (gfn <= last)
            return gfn > first ? gfn : first;
    }
    if (load->reserved_kept)
        return gfn <= load->info_gfn.n ? load->info_gfn.n : load->ram_pages;
    return clamp(gfn, load->reserved_first, load->ram_pages);
}
