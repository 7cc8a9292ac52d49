/*
 * The host's end of a xencons_interface ring (xen/io/console.h), in memory that the guest can
 * write at any time. May be included by io only.
 */
#ifndef CHAOS_CONSOLE_RING_H
#define CHAOS_CONSOLE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONSOLE_RING_OUT_BYTES 2048u

struct xencons_interface;

struct console_ring {
    struct xencons_interface *shared;
    uint32_t out_cons; /* our copies of the words we write */
    uint32_t in_prod;
    const char *fault; /* static text once the guest has broken the protocol, else NULL */
};

/* resumed: continue from the ring's indices instead of from zero. */
void console_ring_init(struct console_ring *ring, void *page, bool resumed);
/* Bytes the guest has written, at most size. 0: none; -EPROTO: see fault, now and ever after. */
ssize_t console_ring_read(struct console_ring *ring, uint8_t *data, size_t size);
/* How many bytes of input fit. -EPROTO: see fault. */
ssize_t console_ring_room(struct console_ring *ring);
/* Input for the guest; returns how much fitted. -EPROTO: see fault. */
ssize_t console_ring_write(struct console_ring *ring, const uint8_t *data, size_t size);

#endif
