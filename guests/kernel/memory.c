/* Memory from the PVH memory map. */
#include "memory.h"

#include <stdint.h>
#include <string.h>

#include "heap.h"
#include "hypercall.h"
#include "layout.h"
#include "memmap.h"
#include "noxs_front.h"
#include "paging.h"
#include "ukg.h"

#define MAX_FREE_RANGES 8u
#define BALLOON_BATCH   64u /* frames of one hypercall */

static struct heap heap;
static uint64_t heap_end;     /* what was RAM from here on has been given back */
static uint64_t heap_end_max; /* before anything was */
extern char image_end[];

static struct memmap_range range(uint64_t start, uint64_t size_bytes)
{
    return (struct memmap_range){start, start + size_bytes};
}

/* What the toolstack and this kernel put in RAM. No modules: this kernel ignores them. */
static size_t used_ranges(const struct hvm_start_info *info, struct memmap_range *used)
{
    size_t count = 0;
    used[count++] = range(0, (uintptr_t)image_end);
    used[count++] = range((uintptr_t)info, sizeof *info);
    used[count++] =
        range(info->memmap_paddr, info->memmap_entries * sizeof(struct hvm_memmap_table_entry));
    if (info->cmdline_paddr != 0)
        used[count++] =
            range(info->cmdline_paddr, strlen((const char *)(uintptr_t)info->cmdline_paddr) + 1);
    if (noxs_page() != NULL)
        used[count++] =
            range((uintptr_t)noxs_page(), (uint64_t)noxs_page()->window_pages * NOXS_PAGE_SIZE);
    return count;
}

static uint64_t ram_end(const struct hvm_memmap_table_entry *map, size_t entries)
{
    if (noxs_page() != NULL)
        return (uint64_t)noxs_page()->ram_pages * NOXS_PAGE_SIZE;
    return memmap_ram_end(map, entries, PAGING_LIMIT);
}

void memory_init(const struct hvm_start_info *info)
{
    const struct hvm_memmap_table_entry *map =
        (const struct hvm_memmap_table_entry *)(uintptr_t)info->memmap_paddr;
    struct memmap_range used[5], ranges[MAX_FREE_RANGES];
    size_t used_count = used_ranges(info, used);
    size_t count = memmap_free(map, info->memmap_entries, used, used_count, PAGING_LIMIT, ranges,
                               MAX_FREE_RANGES);
    for (size_t i = 0; i < count; i++) {
        if (paging_map(ranges[i].start, ranges[i].end - ranges[i].start))
            heap_add(&heap, (void *)(uintptr_t)ranges[i].start, ranges[i].end - ranges[i].start);
    }
    if (count > 0)
        heap_end = heap_end_max = ranges[count - 1].end;
    paging_protect(ram_end(map, info->memmap_entries));
}

/* Frames first, first + step, ...: returns how many Xen gave or took. */
static uint64_t balloon(unsigned op, uint64_t first, int step, uint64_t count)
{
    xen_pfn_t frames[BALLOON_BATCH];
    for (uint64_t done = 0; done < count;) {
        uint64_t batch = count - done < BALLOON_BATCH ? count - done : BALLOON_BATCH;
        struct xen_memory_reservation reservation = {.domid = DOMID_SELF, .nr_extents = batch};
        for (uint64_t i = 0; i < batch; i++)
            frames[i] = first + (uint64_t)step * (done + i);
        set_xen_guest_handle(reservation.extent_start, frames);
        long got = hypercall_memory(op, &reservation);
        done += got > 0 ? (uint64_t)got : 0;
        if (got != (long)batch)
            return done;
    }
    return count;
}

/* From the end down, so that what is left is one piece whatever happens. */
static bool give_back(uint64_t pages)
{
    uint64_t size = pages * LAYOUT_PAGE;
    char *start = heap_cut(&heap, (void *)(uintptr_t)heap_end, size);
    if (start == NULL)
        return false;
    uint64_t given = balloon(XENMEM_decrease_reservation, heap_end / LAYOUT_PAGE - 1, -1, pages);
    heap_end -= given * LAYOUT_PAGE;
    heap_add(&heap, start, size - given * LAYOUT_PAGE);
    return given == pages;
}

static bool take_back(uint64_t pages)
{
    uint64_t got = balloon(XENMEM_populate_physmap, heap_end / LAYOUT_PAGE, 1, pages);
    heap_add(&heap, (void *)(uintptr_t)heap_end, got * LAYOUT_PAGE);
    heap_end += got * LAYOUT_PAGE;
    return got == pages;
}

bool memory_set_pages(uint64_t pages)
{
    uint64_t all = noxs_page()->ram_pages;
    uint64_t present = all - (heap_end_max - heap_end) / LAYOUT_PAGE;
    if (pages > all)
        return false;
    return pages < present ? give_back(present - pages) : take_back(pages - present);
}

size_t memory_free_bytes(void)
{
    return heap.free_bytes;
}

void *ukg_alloc(size_t size_bytes)
{
    return heap_alloc(&heap, size_bytes);
}

void ukg_free(void *memory)
{
    if (memory != NULL && !heap_free(&heap, memory))
        ukg_panic("ukg_free: not an allocated block");
}
