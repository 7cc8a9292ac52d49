/* hv/xen/pvh.h: what the guest finds in its frames at entry. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "hv/xen/pvh.h"
#include "noxs/page.h"

static const uint8_t text_part[5000] = {[0] = 1, [4095] = 2, [4999] = 3};
static struct hv_segment segments[3];
static struct hv_load load;
static uint8_t page[HV_PAGE_SIZE];

/* 1 MiB of RAM: text at 0x10000, data right behind it in the same frame, and far .bss. */
static void setup(void)
{
    segments[0] = (struct hv_segment){
        .paddr = 0x10000, .memsz_bytes = 5000, .filesz_bytes = 5000, .data = text_part};
    segments[1] = (struct hv_segment){
        .paddr = 0x10000 + 5000, .memsz_bytes = 100, .filesz_bytes = 10, .data = text_part};
    segments[2] = (struct hv_segment){.paddr = 0x20ff0, .memsz_bytes = 0x20};
    load = (struct hv_load){
        .segments = segments,
        .segment_count = 3,
        .entry = 0x10000,
        .info_gfn = {247},
        .ram_pages = 256,
        .reserved_first = 247,
        .cmdline = "console=noxs",
    };
    memset(page, 0xa5, sizeof(page));
}

START_TEST(info_is_complete)
{
    struct hvm_start_info info;
    struct hvm_memmap_table_entry map[3];

    hv_xen_pvh_info(&load, page);
    memcpy(&info, page, sizeof(info));
    ck_assert_uint_eq(info.magic, XEN_HVM_START_MAGIC_VALUE);
    ck_assert_uint_eq(info.version, 1);
    ck_assert_uint_eq(info.nr_modules, 0);
    ck_assert_uint_eq(info.cmdline_paddr / HV_PAGE_SIZE, 247);
    ck_assert_str_eq((char *)page + info.cmdline_paddr % HV_PAGE_SIZE, "console=noxs");
    ck_assert_uint_eq(info.memmap_entries, 3);
    memcpy(map, page + info.memmap_paddr % HV_PAGE_SIZE, sizeof(map));
    ck_assert_uint_eq(map[0].addr, 0);
    ck_assert_uint_eq(map[0].size, 247 * HV_PAGE_SIZE);
    ck_assert_uint_eq(map[0].type, XEN_HVM_MEMMAP_TYPE_RAM);
    ck_assert_uint_eq(map[1].addr, 247 * HV_PAGE_SIZE);
    ck_assert_uint_eq(map[1].size, 9 * HV_PAGE_SIZE);
    ck_assert_uint_eq(map[1].type, XEN_HVM_MEMMAP_TYPE_RESERVED);
    ck_assert_uint_eq(map[2].addr, (uint64_t)NOXS_SHARED_INFO_GFN * HV_PAGE_SIZE);
    ck_assert_uint_eq(map[2].size, HV_PAGE_SIZE);
    ck_assert_uint_eq(map[2].type, XEN_HVM_MEMMAP_TYPE_RESERVED);
    ck_assert_uint_eq(page[HV_PAGE_SIZE - 1], 0);
}
END_TEST

START_TEST(longest_cmdline_fits_and_no_longer)
{
    char cmdline[HV_CMDLINE_MAX + 1];

    memset(cmdline, 'x', sizeof(cmdline));
    cmdline[HV_CMDLINE_MAX - 1] = '\0';
    load.cmdline = cmdline;
    ck_assert_int_eq(hv_xen_pvh_check(&load), 0);
    hv_xen_pvh_info(&load, page);
    ck_assert_str_eq((char *)page + HV_XEN_PVH_CMDLINE, cmdline);
    cmdline[HV_CMDLINE_MAX - 1] = 'x';
    cmdline[HV_CMDLINE_MAX] = '\0';
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
}
END_TEST

START_TEST(frames_are_filled_to_the_last_byte)
{
    hv_xen_pvh_page(&load, 0x10, page);
    ck_assert_mem_eq(page, text_part, HV_PAGE_SIZE);
    memset(page, 0xa5, sizeof(page));
    hv_xen_pvh_page(&load, 0x11, page);
    ck_assert_mem_eq(page, text_part + HV_PAGE_SIZE, 5000 - HV_PAGE_SIZE);
    ck_assert_mem_eq(page + 5000 - HV_PAGE_SIZE, text_part, 10);
    for (size_t i = 5010 - HV_PAGE_SIZE; i < HV_PAGE_SIZE; i++)
        ck_assert_uint_eq(page[i], 0);
    memset(page, 0xa5, sizeof(page));
    hv_xen_pvh_page(&load, 0x20, page);
    for (size_t i = 0; i < HV_PAGE_SIZE; i++)
        ck_assert_uint_eq(page[i], 0);
}
END_TEST

START_TEST(next_visits_each_frame_once)
{
    static const uint64_t expected[] = {0x10, 0x11, 0x20, 0x21, 247, 248, 249,
                                        250,  251,  252,  253,  254, 255, 256};
    uint64_t gfn = 0;

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        gfn = hv_xen_pvh_next(&load, gfn);
        ck_assert_uint_eq(gfn, expected[i]);
        gfn++;
    }
}
END_TEST

START_TEST(impossible_orders_are_refused)
{
    ck_assert_int_eq(hv_xen_pvh_check(&load), 0);
    segments[2].paddr = 247 * HV_PAGE_SIZE - 0x1f;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    segments[2].paddr = UINT64_MAX - 8;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    segments[1].paddr--;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    segments[2].memsz_bytes = 0;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    segments[1].filesz_bytes = 101;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    load.info_gfn.n = 246;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    load.info_gfn.n = 256;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    load.reserved_first = 257;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
    setup();
    load.ram_pages = HV_RAM_PAGES_MAX + 1;
    ck_assert_int_eq(hv_xen_pvh_check(&load), -EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pvh");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, info_is_complete);
    tcase_add_test(tcase, longest_cmdline_fits_and_no_longer);
    tcase_add_test(tcase, frames_are_filled_to_the_last_byte);
    tcase_add_test(tcase, next_visits_each_frame_once);
    tcase_add_test(tcase, impossible_orders_are_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
