/* guests/kernel/clock.h: scaling time stamp counts. */
#include <check.h>
#include <stdlib.h>

#include "clock.h"

#define HALF 0x80000000u /* of a 32-bit fraction */

START_TEST(scales_both_ways)
{
    ck_assert_uint_eq(clock_scale(1000, HALF, 0), 500);
    ck_assert_uint_eq(clock_scale(1000, HALF, 1), 1000);
    ck_assert_uint_eq(clock_scale(1000, HALF, -1), 250);
    ck_assert_uint_eq(clock_scale(0, UINT32_MAX, 31), 0);
}
END_TEST

START_TEST(long_spans_do_not_overflow)
{
    /* A year at 3 GHz: a third of a nanosecond each. */
    uint64_t cycles = UINT64_C(3000000000) * 86400 * 365;
    uint64_t ns = clock_scale(cycles, (uint32_t)(UINT64_C(0x100000000) / 3), 0);
    ck_assert_uint_ge(ns, UINT64_C(31535999) * 1000000000);
    ck_assert_uint_le(ns, UINT64_C(31536000) * 1000000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_clock");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, scales_both_ways);
    tcase_add_test(tcase, long_spans_do_not_overflow);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
