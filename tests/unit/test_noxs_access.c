/* noxs/access.h: pairs and doorbells. */
#include <check.h>
#include <stdlib.h>

#include "noxs/access.h"

START_TEST(pair_splits_back)
{
    uint64_t pair = noxs_pair(7, 0xffffffffu);
    ck_assert_uint_eq(noxs_high(pair), 7);
    ck_assert_uint_eq(noxs_low(pair), 0xffffffffu);
}
END_TEST

/* The page, and what each side keeps for itself. */
static uint64_t kick, seen, own_kick, own_seen;

static void setup(void)
{
    kick = seen = own_kick = own_seen = 0;
}

static int ring(uint64_t slots)
{
    return noxs_doorbell_ring(&own_kick, &kick, &seen, slots);
}

static uint64_t take(void)
{
    return noxs_doorbell_take(&own_seen, &seen, &kick);
}

START_TEST(first_ring_wants_an_event_second_does_not)
{
    ck_assert_int_eq(ring(1u << 3), 1);
    ck_assert_int_eq(ring(1u << 3), 0);
    ck_assert_int_eq(ring(1u << 3 | 1u << 4), 1);
    ck_assert_uint_eq(take(), 1u << 3 | 1u << 4);
    ck_assert_uint_eq(take(), 0);
}
END_TEST

START_TEST(ring_after_take_is_pending_again)
{
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(ring(1), 1);
        ck_assert_uint_eq(take(), 1);
    }
}
END_TEST

/* The peer writes words that are not its own: what we know does not come from there. */
START_TEST(own_words_are_never_read_back)
{
    ck_assert_int_eq(ring(1), 1);
    kick = 0xf0;
    ck_assert_int_eq(ring(1), 0);
    ck_assert_int_eq(ring(2), 1);
    ck_assert_uint_eq(kick, 3);
    ck_assert_uint_eq(take(), 3);
    seen = 0xf0;
    ck_assert_uint_eq(take(), 0);
    ck_assert_uint_eq(seen, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noxs_access");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, pair_splits_back);
    tcase_add_test(tcase, first_ring_wants_an_event_second_does_not);
    tcase_add_test(tcase, ring_after_take_is_pending_again);
    tcase_add_test(tcase, own_words_are_never_read_back);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
