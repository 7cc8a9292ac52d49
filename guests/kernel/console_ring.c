/* The guest's end of Xen's console ring. Indices run freely and are masked on access. */
#include "console_ring.h"

static uint32_t acquire(const XENCONS_RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void release(XENCONS_RING_IDX *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

size_t console_ring_output(const struct xencons_interface *ring)
{
    uint32_t used = ring->out_prod - acquire(&ring->out_cons);
    return used <= sizeof ring->out ? used : 0;
}

size_t console_ring_input(const struct xencons_interface *ring)
{
    uint32_t used = acquire(&ring->in_prod) - ring->in_cons;
    return used <= sizeof ring->in ? used : 0;
}

size_t console_ring_write(struct xencons_interface *ring, const char *text, size_t size_bytes)
{
    uint32_t prod = ring->out_prod;
    size_t room = sizeof ring->out - console_ring_output(ring);
    size_t count = size_bytes < room ? size_bytes : room;
    for (size_t i = 0; i < count; i++)
        ring->out[MASK_XENCONS_IDX(prod + i, ring->out)] = text[i];
    release(&ring->out_prod, prod + (uint32_t)count);
    return count;
}

size_t console_ring_read(struct xencons_interface *ring, char *buffer, size_t size_bytes)
{
    uint32_t cons = ring->in_cons;
    size_t waiting = console_ring_input(ring);
    size_t count = size_bytes < waiting ? size_bytes : waiting;
    for (size_t i = 0; i < count; i++)
        buffer[i] = ring->in[MASK_XENCONS_IDX(cons + i, ring->in)];
    /* Orders the reads above before the host may write there again. */
    release(&ring->in_cons, cons + (uint32_t)count);
    return count;
}
