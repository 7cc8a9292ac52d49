/* guests/tests/client/address.h: IP:PORT. */
#include <check.h>
#include <stdlib.h>

#include "address.h"

START_TEST(parses_and_says_what_follows)
{
    struct address address;
    const char *rest = address_parse("10.77.0.5:13 stay", &address);
    ck_assert_ptr_nonnull(rest);
    ck_assert_str_eq(rest, " stay");
    ck_assert_uint_eq(address.ip[0], 10);
    ck_assert_uint_eq(address.ip[3], 5);
    ck_assert_uint_eq(address.port, 13);
}
END_TEST

START_TEST(refuses_what_is_not_one)
{
    static const char *const bad[] = {
        "",           "10",          "10.77.0:13",    "10.77.0.5",
        "10.77.0.5:", "1.2.3.256:1", "1.2.3.4:65536", "1.2.3.4:0",
        "1..3.4:5",   "a.b.c.d:1",   "1.2.3.4.5:6",   "1.2.3.99999999999999999999:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct address address = {.port = 99};
        ck_assert_msg(address_parse(bad[i], &address) == NULL, "%s", bad[i]);
        ck_assert_uint_eq(address.port, 99);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_address");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, parses_and_says_what_follows);
    tcase_add_test(tcase, refuses_what_is_not_one);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
