/* The event throttle and the token bucket. */
#include "io/io_throttle.h"

#include <check.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

static struct io_throttle throttle;
static bool storm;

static void setup(void)
{
    throttle = (struct io_throttle){0};
    storm = false;
}

static uint64_t event(uint64_t now_ns, bool worked)
{
    return io_throttle_event(&throttle, now_ns, worked ? IO_THROTTLE_WORKED : IO_THROTTLE_IDLE,
                             &storm);
}

START_TEST(work_at_a_moderate_rate_never_waits)
{
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(event(S + i * IO_THROTTLE_EVENT_NS, true), 0);
    ck_assert(!storm);
}
END_TEST

START_TEST(a_burst_is_free_then_paced)
{
    for (unsigned i = 0; i < IO_THROTTLE_BURST; i++)
        ck_assert_uint_eq(event(S, true), 0);
    ck_assert_uint_eq(event(S, true), IO_THROTTLE_EVENT_NS);
    ck_assert_uint_eq(event(S, true), 2 * IO_THROTTLE_EVENT_NS);
    /* Whoever waits as told keeps that pace, and a rest brings the burst back. */
    ck_assert_uint_eq(event(S + 2 * IO_THROTTLE_EVENT_NS, true), IO_THROTTLE_EVENT_NS);
    for (unsigned i = 0; i < IO_THROTTLE_BURST; i++)
        ck_assert_uint_eq(event(2 * S, true), 0);
}
END_TEST

START_TEST(idle_events_wait_longer_and_longer_until_the_storm)
{
    uint64_t now_ns = S, wait_ns = 0;
    unsigned events = 0;
    while (!storm && events < 10000) {
        uint64_t next_ns = event(now_ns, false);
        ck_assert(next_ns >= wait_ns || next_ns == IO_THROTTLE_WAIT_LONGEST_NS || wait_ns == 0);
        wait_ns = next_ns;
        now_ns += wait_ns + 10000;
        events++;
    }
    ck_assert(storm);
    ck_assert_uint_eq(wait_ns, IO_THROTTLE_WAIT_LONGEST_NS);
    /* Seconds, not minutes; and few events were let through meanwhile. */
    ck_assert_uint_lt(now_ns - S, 10 * S);
    ck_assert_uint_lt(events, 1000);
}
END_TEST

START_TEST(idle_events_at_a_low_rate_are_forgiven)
{
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(event(S + i * IO_THROTTLE_FORGIVE_NS, false), 0);
    ck_assert(!storm);
}
END_TEST

START_TEST(work_excuses_idle_events)
{
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(event(S + i * MS / 4, i % 3 == 0), 0);
    ck_assert(!storm);
}
END_TEST

START_TEST(refused_work_waits_but_is_no_storm)
{
    uint64_t now_ns = S, wait_ns = 0;
    for (unsigned i = 0; i < 5000; i++) {
        wait_ns = io_throttle_event(&throttle, now_ns, IO_THROTTLE_REFUSED, &storm);
        now_ns += wait_ns + 10000;
    }
    ck_assert(!storm);
    ck_assert_uint_ge(wait_ns, IO_THROTTLE_WAIT_LONGEST_NS / 2);
    /* Not even by the next idle event. */
    event(now_ns, false);
    ck_assert(!storm);
}
END_TEST

START_TEST(bucket_limits_and_refills)
{
    struct bucket bucket;
    bucket_init(&bucket, S, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(bucket_ready(&bucket, S, 10, 3));
        bucket_pay(&bucket, 1);
    }
    ck_assert(!bucket_ready(&bucket, S, 10, 3));
    ck_assert(!bucket_ready(&bucket, S + 99 * MS, 10, 3));
    ck_assert(bucket_ready(&bucket, S + 100 * MS, 10, 3));
    /* Not more than the burst, however long the rest. */
    ck_assert(bucket_ready(&bucket, 1000000 * S, 10, 3));
    bucket_pay(&bucket, 3);
    ck_assert(!bucket_ready(&bucket, 1000000 * S, 10, 3));
}
END_TEST

START_TEST(bucket_debt_is_paid_back)
{
    struct bucket bucket;
    bucket_init(&bucket, 0, 3);
    bucket_pay(&bucket, 13);
    ck_assert(!bucket_ready(&bucket, S, 10, 3));
    ck_assert(bucket_ready(&bucket, S + 200 * MS, 10, 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_throttle");
    TCase *tests = tcase_create("throttle");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, work_at_a_moderate_rate_never_waits);
    tcase_add_test(tests, a_burst_is_free_then_paced);
    tcase_add_test(tests, idle_events_wait_longer_and_longer_until_the_storm);
    tcase_add_test(tests, idle_events_at_a_low_rate_are_forgiven);
    tcase_add_test(tests, work_excuses_idle_events);
    tcase_add_test(tests, refused_work_waits_but_is_no_storm);
    tcase_add_test(tests, bucket_limits_and_refills);
    tcase_add_test(tests, bucket_debt_is_paid_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
