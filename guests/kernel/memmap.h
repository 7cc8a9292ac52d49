/*
 * Which memory is free: the RAM of a PVH memory map, less what is in use. Pure computation, also
 * compiled into a unit test. Kernel only.
 */
#ifndef UKG_MEMMAP_H
#define UKG_MEMMAP_H

#include <stddef.h>
#include <stdint.h>

#include <xen/arch-x86/hvm/start_info.h>

struct memmap_range {
    uint64_t start;
    uint64_t end; /* exclusive */
};

/*
 * Writes to free_out the whole pages of RAM below `limit` that touch none of the `used` ranges,
 * at most `max` of them. Returns how many. Entries of the map that overlap another are the
 * toolstack's fault and not looked for.
 */
size_t memmap_free(const struct hvm_memmap_table_entry *map, size_t map_entries,
                   const struct memmap_range *used, size_t used_count, uint64_t limit,
                   struct memmap_range *free_out, size_t max);

/* The first address beyond all RAM below `limit`. */
uint64_t memmap_ram_end(const struct hvm_memmap_table_entry *map, size_t map_entries,
                        uint64_t limit);

#endif
