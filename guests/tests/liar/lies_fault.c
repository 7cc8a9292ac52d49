/* Crashes. Volatile keeps the compiler from seeing what is wrong. */
#include "lies.h"

#include <stdint.h>

extern char image_start[];

void lie_null(void)
{
    uint32_t *volatile nowhere = (uint32_t *)8;
    *nowhere = 1;
}

static volatile uint32_t depth;

static uint32_t recurse(uint32_t level)
{
    volatile uint32_t here[64] = {level};
    depth = level;
    if (depth == UINT32_MAX)
        return 0;
    return recurse(level + 1) + here[level % 64];
}

void lie_overflow(void)
{
    depth = recurse(0);
}

void lie_write_text(void)
{
    *(volatile char *)image_start = 0;
}

void lie_divide(void)
{
    volatile uint32_t zero = 0;
    depth = depth / zero;
}

void lie_invalid(void)
{
    __asm__ volatile("ud2");
}
