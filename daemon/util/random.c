#include "util/random.h"

#include <stdlib.h>
#include <sys/random.h>

/* Blocks of this size are never interrupted (getrandom(2)). */
static uint8_t block[256];
static size_t left;

void random_bytes(void *out, size_t size)
{
    uint8_t *next = out;

    for (; size > 0; size--) {
        if (left == 0) {
            if (getrandom(block, sizeof(block), 0) != (ssize_t)sizeof(block))
                abort();
            left = sizeof(block);
        }
        left--;
        *next++ = block[left];
        block[left] = 0;
    }
}

void random_uuid(uint8_t uuid_out[16])
{
    random_bytes(uuid_out, 16);
    uuid_out[6] = (uint8_t)((uuid_out[6] & 0x0f) | 0x40);
    uuid_out[8] = (uint8_t)((uuid_out[8] & 0x3f) | 0x80);
}
