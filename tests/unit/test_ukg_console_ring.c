/* guests/kernel/console_ring.h, against a host played by the test. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "console_ring.h"

static struct xencons_interface ring;

/* Indices that are about to run over: they must do so unnoticed. */
static void set_up(void)
{
    memset(&ring, 0, sizeof ring);
    ring.out_cons = ring.out_prod = UINT32_MAX - 2;
    ring.in_cons = ring.in_prod = UINT32_MAX - 2;
}

START_TEST(writes_across_the_end)
{
    set_up();
    ck_assert_uint_eq(console_ring_write(&ring, "hello", 5), 5);
    ck_assert_uint_eq(ring.out_prod, 2);
    ck_assert_uint_eq(console_ring_output(&ring), 5);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(ring.out[(ring.out_cons + i) % sizeof ring.out], "hello"[i]);
}
END_TEST

START_TEST(writes_no_more_than_fits)
{
    char text[3000];
    set_up();
    memset(text, 'x', sizeof text);
    ck_assert_uint_eq(console_ring_write(&ring, text, sizeof text), sizeof ring.out);
    ck_assert_uint_eq(console_ring_write(&ring, text, 1), 0);
    ring.out_cons += 10;
    ck_assert_uint_eq(console_ring_write(&ring, text, sizeof text), 10);
}
END_TEST

START_TEST(reads_what_has_arrived)
{
    char text[8] = "";
    set_up();
    ck_assert_uint_eq(console_ring_read(&ring, text, sizeof text), 0);
    for (unsigned i = 0; i < 4; i++)
        ring.in[(ring.in_prod + i) % sizeof ring.in] = "work"[i];
    ring.in_prod += 4;
    ck_assert_uint_eq(console_ring_read(&ring, text, 3), 3);
    ck_assert_uint_eq(console_ring_input(&ring), 1);
    ck_assert_uint_eq(console_ring_read(&ring, text + 3, 5), 1);
    ck_assert_str_eq(text, "work");
    ck_assert_uint_eq(ring.in_cons, ring.in_prod);
}
END_TEST

START_TEST(impossible_indices_of_the_host_count_as_nothing)
{
    char text[4];
    set_up();
    ring.in_prod += sizeof ring.in + 1;
    ck_assert_uint_eq(console_ring_read(&ring, text, sizeof text), 0);
    ring.out_cons += 5;
    ck_assert_uint_eq(console_ring_output(&ring), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_console_ring");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, writes_across_the_end);
    tcase_add_test(tcase, writes_no_more_than_fits);
    tcase_add_test(tcase, reads_what_has_arrived);
    tcase_add_test(tcase, impossible_indices_of_the_host_count_as_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
