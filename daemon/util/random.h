/* Random bytes from the kernel, read ahead in blocks. May be included by every daemon layer. */
#ifndef CHAOS_RANDOM_H
#define CHAOS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t size);
/* A version 4 UUID. */
void random_uuid(uint8_t uuid_out[16]);

#endif
