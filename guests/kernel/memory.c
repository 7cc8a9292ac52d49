/* Memory from the PVH memory map. */
#include "memory.h"

#include <stdint.h>
#include <string.h>

#include "heap.h"
#include "layout.h"
#include "memmap.h"
#include "noxs_front.h"
#include "paging.h"
#include "ukg.h"

#define MAX_FREE_RANGES 8u

static struct heap heap;
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
    paging_protect(ram_end(map, info->memmap_entries));
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
