/* ukg_format(), held to the C library's printf. */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "ukg.h"

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        char ours[200], theirs[200];                                                               \
        size_t length = ukg_format(ours, sizeof ours, __VA_ARGS__);                                \
        ck_assert_int_eq(length, snprintf(theirs, sizeof theirs, __VA_ARGS__));                    \
        ck_assert_str_eq(ours, theirs);                                                            \
    } while (0)

START_TEST(says_what_printf_says)
{
    CHECK("plain");
    CHECK("%% %c|%s|%8s|%-8s|%.2s", 'x', "abc", "abc", "abc", "abc");
    CHECK("%d %d %d", 0, INT_MAX, INT_MIN);
    CHECK("%5d|%-5d|%05d|%5d|%05d", 42, 42, 42, -42, -42);
    CHECK("%u %x %08x", UINT_MAX, 0xbeef, 0xbeef);
    CHECK("%lu %lx %ld", ULONG_MAX, ULONG_MAX, LONG_MIN);
    CHECK("%llu %zu", ULLONG_MAX, (size_t)12);
}
END_TEST

START_TEST(cuts_and_terminates)
{
    char text[6] = "#####";
    ck_assert_uint_eq(ukg_format(text, sizeof text, "%s", "abcdefgh"), 8);
    ck_assert_str_eq(text, "abcde");
    ck_assert_uint_eq(ukg_format(text, 1, "xyz"), 3);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(ukg_format(NULL, 0, "xyz"), 3);
}
END_TEST

START_TEST(a_pointer_is_its_number)
{
    char text[20];
    ukg_format(text, sizeof text, "%p", (void *)0x1000);
    ck_assert_str_eq(text, "1000");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_format");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, says_what_printf_says);
    tcase_add_test(tcase, cuts_and_terminates);
    tcase_add_test(tcase, a_pointer_is_its_number);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
