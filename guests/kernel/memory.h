/* Memory from the PVH memory map. Kernel only; applications call ukg_alloc(). */
#ifndef UKG_MEMORY_H
#define UKG_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/arch-x86/hvm/start_info.h>

/*
 * Maps all RAM, gives the free part of it to the heap, and sets the final rights of the first
 * 2 MiB. start_info and what it points to are mapped; noxs_front_init() has been called.
 */
void memory_init(const struct hvm_start_info *info);

size_t memory_free_bytes(void);

/*
 * Gives unused pages at the end of the heap back to Xen, or takes back what was given, until there
 * are `pages` of RAM in all. False: they are in use, and nothing was done; or the host has not as
 * many, and there is a part of them now; or there never were as many.
 */
bool memory_set_pages(uint64_t pages);

#endif
