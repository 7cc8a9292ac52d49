/*
 * Accessors for words of the noxs page that the other side may change at any time.
 * May be included by anyone, host or guest. Every foreign word is read exactly once,
 * into a local, with acquire order; own words are published with release order.
 */
#ifndef NOXS_ACCESS_H
#define NOXS_ACCESS_H

#include "noxs/page.h"

static inline uint64_t noxs_read64(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint32_t noxs_read32(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void noxs_write64(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline void noxs_write32(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* The two 32-bit halves of request, ack and status. */
static inline uint64_t noxs_pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

static inline uint32_t noxs_high(uint64_t pair)
{
    return (uint32_t)(pair >> 32);
}

static inline uint32_t noxs_low(uint64_t pair)
{
    return (uint32_t)pair;
}

/*
 * Doorbells. mine is the caller's own copy of the word it writes, in memory that the peer cannot
 * write; the word in the page is stored, never read. Both begin as the page's word does.
 *
 * Ring the doorbell of the given slots. peer_seen is the peer's copy of kick. Returns true when the
 * peer must also be sent an event: some bit was not pending before. A bit already pending needs no
 * event: its first ringer sent one, and the peer copies kick to seen before it looks at the ring.
 */
static inline int noxs_doorbell_ring(uint64_t *mine, uint64_t *kick, const uint64_t *peer_seen,
                                     uint64_t slots)
{
    /* Orders the ring's producer index, stored before, against the load of *peer_seen. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t idle = slots & ~(*mine ^ noxs_read64(peer_seen));
    if (idle == 0)
        return 0;
    *mine ^= idle;
    noxs_write64(kick, *mine);
    return 1;
}

/*
 * Take the pending doorbells. mine is the caller's copy of seen, as above. Returns a bitmap of
 * slots to look at: bits of slots that do not exist may be set by a hostile peer and must be
 * ignored.
 */
static inline uint64_t noxs_doorbell_take(uint64_t *mine, uint64_t *seen, const uint64_t *peer_kick)
{
    uint64_t kick = noxs_read64(peer_kick);
    uint64_t pending = kick ^ *mine;
    *mine = kick;
    noxs_write64(seen, kick);
    /* Orders the store of *seen against the ring reads that follow. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return pending;
}

#endif
