/*
 * The identity map: 2 MiB pages over all RAM, 4 KiB pages over the first 2 MiB, where the image
 * is. Kernel only.
 */
#ifndef UKG_PAGING_H
#define UKG_PAGING_H

#include <stdbool.h>
#include <stdint.h>

/* Everything this kernel can reach lies below; RAM above it is not used. */
#define PAGING_LIMIT UINT64_C(0x100000000)

/* Makes [address, address + size) readable and writable. False if it is not below the limit. */
bool paging_map(uint64_t address, uint64_t size_bytes);

/*
 * Gives the first 2 MiB their final rights, up to the end of RAM: image text read-only, the rest
 * not executable, and no page at 0, below the stack, or beyond RAM.
 */
void paging_protect(uint64_t ram_end);

#endif
