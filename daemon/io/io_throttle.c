#include "io/io_throttle.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t pace(struct io_throttle *throttle, uint64_t now_ns)
{
    const uint64_t burst_ns = IO_THROTTLE_BURST * IO_THROTTLE_EVENT_NS;
    if (throttle->paced_ns < now_ns)
        throttle->paced_ns = now_ns;
    throttle->paced_ns += IO_THROTTLE_EVENT_NS;
    uint64_t ahead_ns = throttle->paced_ns - now_ns;
    return ahead_ns > burst_ns ? ahead_ns - burst_ns : 0;
}

static void forgive(struct io_throttle *throttle, uint64_t now_ns)
{
    uint64_t steps = (now_ns - throttle->last_ns) / IO_THROTTLE_FORGIVE_NS;
    if (steps >= throttle->idle) {
        throttle->idle = 0;
        throttle->last_ns = now_ns;
        return;
    }
    throttle->idle -= (uint32_t)steps;
    throttle->last_ns += steps * IO_THROTTLE_FORGIVE_NS;
}

static uint64_t idle_wait(const struct io_throttle *throttle)
{
    if (throttle->idle <= IO_THROTTLE_IDLE_FREE)
        return 0;
    uint32_t doublings = throttle->idle - IO_THROTTLE_IDLE_FREE - 1;
    if (doublings > 10)
        doublings = 10;
    uint64_t wait_ns = IO_THROTTLE_WAIT_FIRST_NS << doublings;
    return wait_ns < IO_THROTTLE_WAIT_LONGEST_NS ? wait_ns : IO_THROTTLE_WAIT_LONGEST_NS;
}

uint64_t io_throttle_event(struct io_throttle *throttle, uint64_t now_ns,
                           enum io_throttle_work work, bool *storm_out)
{
    forgive(throttle, now_ns);
    uint64_t paced_ns = pace(throttle, now_ns);
    if (work == IO_THROTTLE_WORKED) {
        /* Work excuses idle events, or a busy guest would be stopped for its few. */
        throttle->idle -= throttle->idle < 2 ? throttle->idle : 2;
        return paced_ns;
    }
    if (work == IO_THROTTLE_IDLE || throttle->idle < IO_THROTTLE_IDLE_REFUSED)
        throttle->idle++;
    if (throttle->idle >= IO_THROTTLE_IDLE_STORM)
        *storm_out = true;
    uint64_t wait_ns = idle_wait(throttle);
    return wait_ns > paced_ns ? wait_ns : paced_ns;
}

void bucket_init(struct bucket *bucket, uint64_t now_ns, uint32_t burst)
{
    bucket->tokens = burst;
    bucket->last_ns = now_ns;
}

bool bucket_ready(struct bucket *bucket, uint64_t now_ns, uint32_t per_second, uint32_t burst)
{
    uint64_t elapsed_ns = now_ns - bucket->last_ns;
    /* More than this fills any bucket; the product below must not overflow. */
    if (elapsed_ns > 3600 * NS_PER_S)
        elapsed_ns = 3600 * NS_PER_S;
    uint64_t earned = elapsed_ns * per_second / NS_PER_S;
    if (earned > 0) {
        bucket->last_ns = now_ns;
        bucket->tokens += (int64_t)earned;
    }
    if (bucket->tokens > (int64_t)burst)
        bucket->tokens = burst;
    return bucket->tokens > 0;
}

void bucket_pay(struct bucket *bucket, uint32_t cost)
{
    bucket->tokens -= cost;
}
