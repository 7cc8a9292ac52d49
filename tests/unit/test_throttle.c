/* core/throttle: a guest that rings its control channel without pause. */
#include "core/throttle.h"
#include "fixture/suite.h"

#define MS UINT64_C(1000000)

START_TEST(a_well_behaved_guest_passes_always)
{
    struct throttle throttle;
    throttle_init(&throttle, 0);
    for (uint64_t now_ns = 0; now_ns < 100000 * MS; now_ns += 60 * MS)
        ck_assert_int_eq(throttle_ring(&throttle, now_ns), THROTTLE_PASS);
}
END_TEST

START_TEST(a_burst_is_forgiven)
{
    struct throttle throttle;
    throttle_init(&throttle, 0);
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < 50; i++)
            ck_assert_int_eq(throttle_ring(&throttle, (uint64_t)round * 5000 * MS), THROTTLE_PASS);
}
END_TEST

START_TEST(a_storm_is_slowed_down_and_ends)
{
    struct throttle throttle;
    enum throttle_verdict verdict = THROTTLE_PASS;
    uint64_t now_ns = 0, rings = 0, longest_ns = 0;
    throttle_init(&throttle, 0);
    /* It rings 10 us after it is heard again. */
    while (verdict != THROTTLE_STORM && rings < 100000) {
        verdict = throttle_ring(&throttle, now_ns);
        rings++;
        if (verdict == THROTTLE_DELAY) {
            now_ns += throttle.delay_ns;
            if (throttle.delay_ns > longest_ns)
                longest_ns = throttle.delay_ns;
        }
        now_ns += MS / 100;
    }
    ck_assert_int_eq(verdict, THROTTLE_STORM);
    ck_assert_uint_lt(rings, 400);
    ck_assert_uint_gt(now_ns, 1000 * MS);
    ck_assert_uint_lt(now_ns, 10000 * MS);
    ck_assert_uint_eq(longest_ns, 128 * MS);
}
END_TEST

int main(void)
{
    return SUITE_RUN("throttle", NULL, NULL, a_well_behaved_guest_passes_always,
                     a_burst_is_forgiven, a_storm_is_slowed_down_and_ends);
}
