/*
 * The guest's end of Xen's console ring (xen/io/console.h). Pure memory work, also compiled into
 * a unit test. Kernel only.
 */
#ifndef UKG_CONSOLE_RING_H
#define UKG_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xen/io/console.h>

/* Copies as much as fits to the output ring and publishes it; returns how many bytes that was. */
size_t console_ring_write(struct xencons_interface *ring, const char *text, size_t size_bytes);

/* Takes input that has arrived, at most size_bytes; returns how many bytes that was. */
size_t console_ring_read(struct xencons_interface *ring, char *buffer, size_t size_bytes);

/* Bytes of input waiting, and of output that the host has not taken. 0 if the host's index is
 * impossible. */
size_t console_ring_input(const struct xencons_interface *ring);
size_t console_ring_output(const struct xencons_interface *ring);

#endif
