/* The heap. */
#include "heap.h"

#include <stdint.h>

/* In front of each block. `next` is meaningful in free blocks, `tag` in allocated ones. */
struct heap_block {
    size_t size_bytes; /* without this header; a multiple of HEAP_ALIGN */
    union {
        struct heap_block *next;
        uintptr_t tag;
    } u;
};

_Static_assert(sizeof(struct heap_block) == HEAP_ALIGN, "the header keeps blocks aligned");

/* Differs from block to block, so that data which looks like a header seldom passes for one. */
static uintptr_t allocated_tag(const struct heap_block *block)
{
    return (uintptr_t)block ^ (uintptr_t)0x5bd1e9955bd1e995;
}

static struct heap_block *end_of(struct heap_block *block)
{
    return (struct heap_block *)((char *)(block + 1) + block->size_bytes);
}

/* Makes one block of two that touch. */
static void merge_with_next(struct heap *heap, struct heap_block *block)
{
    struct heap_block *next = block->u.next;
    if (next == NULL || end_of(block) != next)
        return;
    block->size_bytes += sizeof *next + next->size_bytes;
    block->u.next = next->u.next;
    heap->free_bytes += sizeof *next;
}

static void insert(struct heap *heap, struct heap_block *block)
{
    struct heap_block *before = NULL, *after = heap->first;
    while (after != NULL && after < block) {
        before = after;
        after = after->u.next;
    }
    block->u.next = after;
    heap->free_bytes += block->size_bytes;
    merge_with_next(heap, block);
    if (before == NULL) {
        heap->first = block;
        return;
    }
    before->u.next = block;
    merge_with_next(heap, before);
}

void heap_add(struct heap *heap, void *memory, size_t size_bytes)
{
    uintptr_t start = ((uintptr_t)memory + HEAP_ALIGN - 1) & ~(uintptr_t)(HEAP_ALIGN - 1);
    uintptr_t end = ((uintptr_t)memory + size_bytes) & ~(uintptr_t)(HEAP_ALIGN - 1);
    if (start >= end || end - start < 2 * sizeof(struct heap_block))
        return;
    struct heap_block *block = (struct heap_block *)start;
    block->size_bytes = end - start - sizeof *block;
    insert(heap, block);
}

void *heap_cut(struct heap *heap, void *end, size_t size_bytes)
{
    struct heap_block *block = heap->first;
    while (block != NULL && (void *)end_of(block) != end)
        block = block->u.next;
    /* Something of the block must be left to be in the list. */
    if (block == NULL || block->size_bytes < HEAP_ALIGN ||
        block->size_bytes - HEAP_ALIGN < size_bytes)
        return NULL;
    block->size_bytes -= size_bytes;
    heap->free_bytes -= size_bytes;
    return end_of(block);
}

/* Cuts a free block to `size_bytes`; what is left stays in the list in its place. */
static void take(struct heap *heap, struct heap_block **link, size_t size_bytes)
{
    struct heap_block *block = *link;
    size_t rest = block->size_bytes - size_bytes;
    heap->free_bytes -= block->size_bytes;
    if (rest < 2 * sizeof *block) {
        *link = block->u.next;
        return;
    }
    block->size_bytes = size_bytes;
    struct heap_block *left = end_of(block);
    left->size_bytes = rest - sizeof *left;
    left->u.next = block->u.next;
    heap->free_bytes += left->size_bytes;
    *link = left;
}

void *heap_alloc(struct heap *heap, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX - HEAP_ALIGN)
        return NULL;
    size_t size = (size_bytes + HEAP_ALIGN - 1) & ~(size_t)(HEAP_ALIGN - 1);
    if (size == 0)
        size = HEAP_ALIGN;
    for (struct heap_block **link = &heap->first; *link != NULL; link = &(*link)->u.next) {
        struct heap_block *block = *link;
        if (block->size_bytes < size)
            continue;
        take(heap, link, size);
        block->u.tag = allocated_tag(block);
        return block + 1;
    }
    return NULL;
}

bool heap_free(struct heap *heap, void *memory)
{
    struct heap_block *block = (struct heap_block *)memory - 1;
    if ((uintptr_t)memory % HEAP_ALIGN != 0 || block->u.tag != allocated_tag(block))
        return false;
    insert(heap, block);
    return true;
}
