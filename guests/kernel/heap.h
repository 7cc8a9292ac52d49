/*
 * The heap: first fit over a list of free blocks in address order, merged when they touch. Pure,
 * also compiled into a unit test. Kernel only; applications call ukg_alloc().
 */
#ifndef UKG_HEAP_H
#define UKG_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_ALIGN 16u

struct heap_block;

/* Zeroed is empty. */
struct heap {
    struct heap_block *first;
    size_t free_bytes; /* what blocks hold, without their headers */
};

/* Gives the heap memory to hand out. Only the block's header is touched. */
void heap_add(struct heap *heap, void *memory, size_t size_bytes);

/*
 * Takes the size_bytes in front of `end` out of the heap again, if they are part of one free block.
 * Returns where they start, or NULL. Both are multiples of HEAP_ALIGN.
 */
void *heap_cut(struct heap *heap, void *end, size_t size_bytes);

/* Aligned to HEAP_ALIGN; NULL if no block is large enough. */
void *heap_alloc(struct heap *heap, size_t size_bytes);

/* False, and nothing done, if this is not an allocated block: a double free or a stray pointer. */
bool heap_free(struct heap *heap, void *memory);

#endif
