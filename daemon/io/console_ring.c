#include "io/console_ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <xen/io/console.h>

#define IN_BYTES 1024u

static_assert(sizeof(((struct xencons_interface *)0)->out) == CONSOLE_RING_OUT_BYTES, "out");
static_assert(sizeof(((struct xencons_interface *)0)->in) == IN_BYTES, "in");

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static int broken(struct console_ring *ring, const char *fault)
{
    ring->fault = fault;
    return -EPROTO;
}

void console_ring_init(struct console_ring *ring, void *page, bool resumed)
{
    *ring = (struct console_ring){.shared = page};
    if (!resumed)
        return;
    /* The guest can have changed them: whatever they are, the checks below hold. */
    ring->out_cons = load(&ring->shared->out_cons);
    ring->in_prod = load(&ring->shared->in_prod);
}

ssize_t console_ring_read(struct console_ring *ring, uint8_t *data, size_t size)
{
    if (ring->fault != NULL)
        return -EPROTO;
    /* Acquire: the bytes below the index are read after it. */
    uint32_t used = load(&ring->shared->out_prod) - ring->out_cons;
#ifndef CHAOS_PLANTED_BUG_RING_CONSOLE
    if (used > CONSOLE_RING_OUT_BYTES)
        return broken(ring, "console: output index out of range");
#endif
    if (used > size)
        used = (uint32_t)size;
    uint32_t start = ring->out_cons % CONSOLE_RING_OUT_BYTES;
    uint32_t first = used;
    if (first > CONSOLE_RING_OUT_BYTES - start)
        first = CONSOLE_RING_OUT_BYTES - start;
    memcpy(data, ring->shared->out + start, first);
    memcpy(data + first, ring->shared->out, used - first);
    ring->out_cons += used;
    /* Release: the guest reuses the bytes only after we have copied them. */
    __atomic_store_n(&ring->shared->out_cons, ring->out_cons, __ATOMIC_RELEASE);
    return (ssize_t)used;
}

ssize_t console_ring_room(struct console_ring *ring)
{
    if (ring->fault != NULL)
        return -EPROTO;
    uint32_t used = ring->in_prod - load(&ring->shared->in_cons);
    if (used > IN_BYTES)
        return broken(ring, "console: input index out of range");
    return (ssize_t)(IN_BYTES - used);
}

ssize_t console_ring_write(struct console_ring *ring, const uint8_t *data, size_t size)
{
    ssize_t room = console_ring_room(ring);
    if (room < 0)
        return room;
    if (size > (size_t)room)
        size = (size_t)room;
    for (size_t i = 0; i < size; i++)
        ring->shared->in[(ring->in_prod + i) % IN_BYTES] = (char)data[i];
    ring->in_prod += (uint32_t)size;
    /* Release: the guest sees the bytes before the index. */
    __atomic_store_n(&ring->shared->in_prod, ring->in_prod, __ATOMIC_RELEASE);
    return (ssize_t)size;
}
