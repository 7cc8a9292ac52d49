#include "core/throttle.h"

#define MS           UINT64_C(1000000)

/* A guest rings when it is ready, once an answer, and when it exits: this is plenty. */
#define TOKENS_MAX   50u
#define TOKEN_NS     (50 * MS)
#define DELAY_MIN_NS (1 * MS)
#define DELAY_MAX_NS (128 * MS)
/* Delays in a row, each longer than the one before: about 6 s of ringing without pause. */
#define STRIKES_MAX  50u

void throttle_init(struct throttle *throttle, uint64_t now_ns)
{
    *throttle = (struct throttle){.refilled_ns = now_ns, .tokens = TOKENS_MAX};
}

static void refill(struct throttle *throttle, uint64_t now_ns)
{
    uint64_t earned = (now_ns - throttle->refilled_ns) / TOKEN_NS;

    if (earned == 0)
        return;
    if (throttle->tokens + earned >= TOKENS_MAX) {
        throttle_init(throttle, now_ns);
        return;
    }
    throttle->tokens += (uint32_t)earned;
    throttle->refilled_ns += earned * TOKEN_NS;
}

enum throttle_verdict throttle_ring(struct throttle *throttle, uint64_t now_ns)
{
    refill(throttle, now_ns);
    if (throttle->tokens > 0) {
        throttle->tokens--;
        return THROTTLE_PASS;
    }
    if (++throttle->strikes > STRIKES_MAX)
        return THROTTLE_STORM;
    throttle->delay_ns = throttle->delay_ns == 0 ? DELAY_MIN_NS : throttle->delay_ns * 2;
    if (throttle->delay_ns > DELAY_MAX_NS)
        throttle->delay_ns = DELAY_MAX_NS;
    return THROTTLE_DELAY;
}
