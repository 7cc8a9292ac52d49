/*
 * The console ring, written by a hostile guest between any two steps of the host. The input is a
 * list of operations of six bytes: what, an argument of one byte, and a value of 32 bits.
 */
#include "io/console_ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/console.h>

#define OPERATION_BYTES 6u
#define PAGE_BYTES      4096u

enum operation {
    SET_OUT_PROD,
    SET_OUT_CONS,
    SET_IN_PROD,
    SET_IN_CONS,
    ADD_OUT_PROD,
    ADD_IN_CONS,
    READ,
    WRITE,
    RESUME,
    OPERATIONS,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void step(struct console_ring *ring, enum operation operation, uint8_t argument,
                 uint32_t value)
{
    struct xencons_interface *shared = ring->shared;
    /* Exactly as large as the call says, so that the sanitizer sees a byte too many. */
    size_t bytes = (size_t)argument * 16;
    uint8_t *buffer = malloc(bytes + 1);
    memset(buffer, argument, bytes + 1);
    switch (operation) {
    case SET_OUT_PROD:
        shared->out_prod = value;
        break;
    case SET_OUT_CONS:
        shared->out_cons = value;
        break;
    case SET_IN_PROD:
        shared->in_prod = value;
        break;
    case SET_IN_CONS:
        shared->in_cons = value;
        break;
    case ADD_OUT_PROD:
        shared->out_prod += argument;
        break;
    case ADD_IN_CONS:
        shared->in_cons += argument;
        break;
    case READ:
        if (console_ring_read(ring, buffer, bytes) > (ssize_t)bytes)
            abort();
        break;
    case WRITE:
        if (console_ring_write(ring, buffer, bytes) > (ssize_t)bytes)
            abort();
        break;
    case RESUME:
        console_ring_init(ring, shared, (argument & 1) != 0);
        break;
    case OPERATIONS:
        break;
    }
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct console_ring ring;
    void *page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
    memset(page, 'x', PAGE_BYTES);
    memset((uint8_t *)page + offsetof(struct xencons_interface, in_cons), 0, 16);
    console_ring_init(&ring, page, false);
    for (; size >= OPERATION_BYTES; data += OPERATION_BYTES, size -= OPERATION_BYTES) {
        uint32_t value;
        memcpy(&value, data + 2, sizeof(value));
        step(&ring, (enum operation)(data[0] % OPERATIONS), data[1], value);
    }
    free(page);
    return 0;
}
