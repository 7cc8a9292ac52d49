/* Xen's paravirtual clock, in shared_info. */
#include "clock.h"

#include "shared_info.h"
#include "ukg.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t time_stamp_counter(void)
{
    uint32_t low, high;
    /* The fence keeps the CPU from reading the counter before the words it belongs to. */
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

uint64_t ukg_clock_monotonic(void)
{
    const volatile struct vcpu_time_info *time = &shared_info()->vcpu_info[0].time;
    uint32_t version;
    uint64_t now;
    /* Xen makes the version odd while it writes. */
    do {
        version = time->version & ~1u;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        now = time->system_time + clock_scale(time_stamp_counter() - time->tsc_timestamp,
                                              time->tsc_to_system_mul, time->tsc_shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (time->version != version);
    return now;
}

uint64_t ukg_clock_wall(void)
{
    const volatile struct shared_info *shared = shared_info();
    uint32_t version;
    uint64_t base;
    do {
        version = shared->wc_version & ~1u;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        base = ((uint64_t)shared->wc_sec_hi << 32 | shared->wc_sec) * NS_PER_S + shared->wc_nsec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (shared->wc_version != version);
    return base + ukg_clock_monotonic();
}
