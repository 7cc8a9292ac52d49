/* What lwIP asks of a compiler and platform. Included by lwIP only. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>

#include "ukg.h"

#define LWIP_PLATFORM_DIAG(arguments)                                                              \
    do {                                                                                           \
        ukg_print arguments;                                                                       \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) ukg_panic("lwIP: " message)
#define LWIP_RAND()                   ((u32_t)ukg_lwip_random())

uint64_t ukg_lwip_random(void);
void *ukg_lwip_calloc(size_t count, size_t size_bytes);

#endif
