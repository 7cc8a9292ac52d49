/* Xen's paravirtual clock, in shared_info. Kernel only; applications call ukg_clock_*(). */
#ifndef UKG_CLOCK_H
#define UKG_CLOCK_H

#include <stdint.h>

/* (delta << shift) * mul / 2^32, as Xen's vcpu_time_info says to scale time stamp counts. */
static inline uint64_t clock_scale(uint64_t delta, uint32_t mul, int8_t shift)
{
    delta = shift < 0 ? delta >> -shift : delta << shift;
    return (uint64_t)((unsigned __int128)delta * mul >> 32);
}

#endif
