/* util/sm: moves, and that one which the table or the invariant forbids ends the process. */
#include <signal.h>

#include "fixture/suite.h"
#include "util/sm.h"

enum { OFF, ON, BROKEN };

static bool may_be_on;
static unsigned traced_from;
static uint64_t traced_ns;

static bool invariant(const void *owner, unsigned state)
{
    return state != ON || *(const bool *)owner;
}

static const struct sm_state states[] = {
    [OFF] = {"off", SM_BIT(ON)},
    [ON] = {"on", SM_BIT(OFF) | SM_BIT(BROKEN)},
    [BROKEN] = {"broken", 0},
};
static const struct sm_type lamp = {"lamp", states, 3, invariant};

static void trace(const struct sm *sm, unsigned from, uint64_t spent_ns)
{
    (void)sm;
    traced_from = from;
    traced_ns = spent_ns;
}

START_TEST(moves_stamp_and_trace)
{
    struct sm sm;
    may_be_on = true;
    sm_init(&sm, &lamp, &may_be_on, OFF, 100);
    sm_set_trace(trace);
    sm_move(&sm, ON, 130);
    ck_assert_str_eq(sm_name(&sm), "on");
    ck_assert_uint_eq(sm.since_ns, 130);
    ck_assert_uint_eq(traced_from, OFF);
    ck_assert_uint_eq(traced_ns, 30);
    ck_assert(sm_may(&sm, BROKEN));
    ck_assert(!sm_may(&sm, ON));
    ck_assert(!sm_may(&sm, 17));
}
END_TEST

START_TEST(a_move_that_is_not_in_the_table_aborts)
{
    struct sm sm;
    sm_init(&sm, &lamp, &may_be_on, OFF, 0);
    sm_move(&sm, BROKEN, 1);
}
END_TEST

START_TEST(a_move_against_the_invariant_aborts)
{
    struct sm sm;
    may_be_on = false;
    sm_init(&sm, &lamp, &may_be_on, OFF, 0);
    sm_move(&sm, ON, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sm");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, moves_stamp_and_trace);
    tcase_add_test_raise_signal(tcase, a_move_that_is_not_in_the_table_aborts, SIGABRT);
    tcase_add_test_raise_signal(tcase, a_move_against_the_invariant_aborts, SIGABRT);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
