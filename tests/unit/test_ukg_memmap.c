/* guests/kernel/memmap.h. */
#include <check.h>
#include <stdlib.h>

#include "memmap.h"

#define RAM      XEN_HVM_MEMMAP_TYPE_RAM
#define RESERVED XEN_HVM_MEMMAP_TYPE_RESERVED
#define LIMIT    UINT64_C(0x100000000)
#define MAX      4u

static struct memmap_range out[MAX];

static void check_range(size_t i, uint64_t start, uint64_t end)
{
    ck_assert_uint_eq(out[i].start, start);
    ck_assert_uint_eq(out[i].end, end);
}

START_TEST(used_parts_are_cut_out)
{
    const struct hvm_memmap_table_entry map[] = {
        {.addr = 0, .size = 0xfd000, .type = RAM},
        {.addr = 0xfd000, .size = 0x3000, .type = RESERVED},
    };
    const struct memmap_range used[] = {
        {0x40000, 0x40010},
        {0, 0x18000},
        {0x1000, 0x2000},
        {0x80000, 0x80000},
    };
    ck_assert_uint_eq(memmap_free(map, 2, used, 4, LIMIT, out, MAX), 2);
    check_range(0, 0x18000, 0x40000);
    check_range(1, 0x41000, 0xfd000);
    ck_assert_uint_eq(memmap_ram_end(map, 2, LIMIT), 0xfd000);
}
END_TEST

START_TEST(only_whole_pages)
{
    const struct hvm_memmap_table_entry map[] = {{.addr = 0x800, .size = 0x2c00, .type = RAM}};
    ck_assert_uint_eq(memmap_free(map, 1, NULL, 0, LIMIT, out, MAX), 1);
    check_range(0, 0x1000, 0x3000);
}
END_TEST

START_TEST(used_to_the_end_or_altogether)
{
    const struct hvm_memmap_table_entry map[] = {{.addr = 0x10000, .size = 0x10000, .type = RAM}};
    const struct memmap_range tail[] = {{0x18000, 0x30000}}, all[] = {{0, 0x30000}};
    ck_assert_uint_eq(memmap_free(map, 1, tail, 1, LIMIT, out, MAX), 1);
    check_range(0, 0x10000, 0x18000);
    ck_assert_uint_eq(memmap_free(map, 1, all, 1, LIMIT, out, MAX), 0);
}
END_TEST

START_TEST(nothing_beyond_the_limit)
{
    const struct hvm_memmap_table_entry map[] = {
        {.addr = LIMIT - 0x2000, .size = UINT64_MAX, .type = RAM},
        {.addr = LIMIT, .size = 0x2000, .type = RAM},
    };
    ck_assert_uint_eq(memmap_free(map, 2, NULL, 0, LIMIT, out, MAX), 1);
    check_range(0, LIMIT - 0x2000, LIMIT);
    ck_assert_uint_eq(memmap_ram_end(map, 2, LIMIT), LIMIT);
}
END_TEST

START_TEST(no_more_than_asked_for)
{
    const struct hvm_memmap_table_entry map[] = {{.addr = 0, .size = 0x100000, .type = RAM}};
    struct memmap_range used[8];
    for (unsigned i = 0; i < 8; i++)
        used[i] = (struct memmap_range){0x10000 * (i + 1), 0x10000 * (i + 1) + 1};
    ck_assert_uint_eq(memmap_free(map, 1, used, 8, LIMIT, out, MAX), MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_memmap");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, used_parts_are_cut_out);
    tcase_add_test(tcase, only_whole_pages);
    tcase_add_test(tcase, used_to_the_end_or_altogether);
    tcase_add_test(tcase, nothing_beyond_the_limit);
    tcase_add_test(tcase, no_more_than_asked_for);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
