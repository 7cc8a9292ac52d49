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

START_TEST(first_ring_wants_an_event_second_does_not)
{
    uint64_t kick = 0, seen = 0;
    ck_assert_int_eq(noxs_doorbell_ring(&kick, &seen, 1u << 3), 1);
    ck_assert_int_eq(noxs_doorbell_ring(&kick, &seen, 1u << 3), 0);
    ck_assert_int_eq(noxs_doorbell_ring(&kick, &seen, 1u << 3 | 1u << 4), 1);
    ck_assert_uint_eq(noxs_doorbell_take(&seen, &kick), 1u << 3 | 1u << 4);
    ck_assert_uint_eq(noxs_doorbell_take(&seen, &kick), 0);
}
END_TEST

START_TEST(ring_after_take_is_pending_again)
{
    uint64_t kick = 0, seen = 0;
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(noxs_doorbell_ring(&kick, &seen, 1), 1);
        ck_assert_uint_eq(noxs_doorbell_take(&seen, &kick), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noxs_access");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, pair_splits_back);
    tcase_add_test(tcase, first_ring_wants_an_event_second_does_not);
    tcase_add_test(tcase, ring_after_take_is_pending_again);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
