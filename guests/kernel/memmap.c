/* Which memory is free. */
#include "memmap.h"

#include <stdbool.h>

#define PAGE UINT64_C(4096)

/* The RAM of one entry, clipped to the limit; empty if it is not RAM. */
static struct memmap_range ram_of(const struct hvm_memmap_table_entry *entry, uint64_t limit)
{
    struct memmap_range empty = {0, 0};
    if (entry->type != XEN_HVM_MEMMAP_TYPE_RAM || entry->addr >= limit)
        return empty;
    uint64_t size = entry->size < limit - entry->addr ? entry->size : limit - entry->addr;
    return (struct memmap_range){entry->addr, entry->addr + size};
}

/* The lowest used range that overlaps `range`, or NULL. */
static const struct memmap_range *first_overlap(struct memmap_range range,
                                                const struct memmap_range *used, size_t count)
{
    const struct memmap_range *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool overlaps =
            used[i].start < used[i].end && used[i].start < range.end && used[i].end > range.start;
        if (overlaps && (found == NULL || used[i].start < found->start))
            found = &used[i];
    }
    return found;
}

size_t memmap_free(const struct hvm_memmap_table_entry *map, size_t map_entries,
                   const struct memmap_range *used, size_t used_count, uint64_t limit,
                   struct memmap_range *free_out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < map_entries; i++) {
        struct memmap_range rest = ram_of(&map[i], limit);
        while (rest.start < rest.end && count < max) {
            const struct memmap_range *hole = first_overlap(rest, used, used_count);
            uint64_t end = hole == NULL ? rest.end : hole->start;
            struct memmap_range piece = {(rest.start + PAGE - 1) & ~(PAGE - 1), end & ~(PAGE - 1)};
            if (end > rest.start && piece.start < piece.end)
                free_out[count++] = piece;
            rest.start = hole == NULL ? rest.end : hole->end;
        }
    }
    return count;
}

uint64_t memmap_ram_end(const struct hvm_memmap_table_entry *map, size_t map_entries,
                        uint64_t limit)
{
    uint64_t end = 0;
    for (size_t i = 0; i < map_entries; i++) {
        struct memmap_range ram = ram_of(&map[i], limit);
        if (ram.end > end)
            end = ram.end;
    }
    return end;
}
