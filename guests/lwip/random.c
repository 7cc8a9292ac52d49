/*
 * Numbers that an outsider cannot guess: TCP's initial sequence numbers and local ports. Keyed by
 * the CPU's random number generator; where there is none, by clocks, which is weaker.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lwip_hooks.h"
#include "ukg.h"

#define CPUID_1_ECX_RDRAND (1u << 30)
#define RDRAND_TRIES       10
#define NS_PER_ISN_STEP    4000u /* RFC 6528: the clock of sequence numbers runs at 4 us */

static uint64_t key[2];
static uint64_t counter;

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of `count` whole words. */
static uint64_t keyed_hash(const uint64_t *words, unsigned count)
{
    uint64_t v[4] = {
        key[0] ^ UINT64_C(0x736f6d6570736575),
        key[1] ^ UINT64_C(0x646f72616e646f6d),
        key[0] ^ UINT64_C(0x6c7967656e657261),
        key[1] ^ UINT64_C(0x7465646279746573),
    };
    for (unsigned i = 0; i <= count; i++) {
        /* The last word of the algorithm holds the length in bytes, and no rest here. */
        uint64_t word = i < count ? words[i] : (uint64_t)count * 8 << 56;
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool has_rdrand(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx & CPUID_1_ECX_RDRAND;
}

static bool rdrand(uint64_t *value_out)
{
    for (unsigned i = 0; i < RDRAND_TRIES; i++) {
        bool ok;
        __asm__ volatile("rdrand %0" : "=r"(*value_out), "=@ccc"(ok));
        if (ok)
            return true;
    }
    return false;
}

static void make_key(void)
{
    if (has_rdrand() && rdrand(&key[0]) && rdrand(&key[1]))
        return;
    key[0] = ukg_clock_wall();
    key[1] = ukg_clock_monotonic();
}

uint64_t ukg_lwip_random(void)
{
    if (key[0] == 0 && key[1] == 0)
        make_key();
    counter++;
    return keyed_hash(&counter, 1);
}

u32_t ukg_lwip_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                   u16_t remote_port)
{
    const uint64_t words[] = {
        (uint64_t)local_ip->addr << 32 | remote_ip->addr,
        (uint64_t)local_port << 16 | remote_port,
    };
    if (key[0] == 0 && key[1] == 0)
        make_key();
    return (u32_t)(keyed_hash(words, 2) + ukg_clock_monotonic() / NS_PER_ISN_STEP);
}
