/* chaos-cli/top: rates, orders, and the text that goes to a terminal of any size. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture/suite.h"
#include "top.h"

#define S  UINT64_C(1000000000)
#define MB UINT64_C(1048576)

static struct top_sample before, now;

static void teardown(void)
{
    free(before.rows);
    free(now.rows);
    before = now = (struct top_sample){.rows = NULL};
}

static struct ukvm_stats *add(struct top_sample *sample, const char *name, uint32_t domid,
                              uint64_t taken_ns, uint64_t cpu_ns)
{
    struct ukvm_stats stats = {.size = sizeof(stats),
                               .domid = domid,
                               .state = "running",
                               .vcpus = 1,
                               .taken_ns = taken_ns,
                               .cpu_ns = cpu_ns,
                               .memory_bytes = 2 * MB,
                               .net_known = true,
                               .vif_count = 1};

    snprintf(stats.name, sizeof(stats.name), "%s", name);
    top_add(sample, &stats);
    return &sample->rows[sample->count - 1].now;
}

static void expect(size_t width, size_t height, const char *wanted)
{
    char *text = top_render(&now, TOP_CPU, width, height);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(rates_are_of_the_time_between)
{
    add(&before, "a", 1, 10 * S, 5 * S)->vifs[0].rx_bytes = 1000;
    add(&before, "b", 2, 10 * S, 7 * S);
    add(&now, "a", 1, 12 * S, 6 * S)->vifs[0].rx_bytes = 5000;
    /* Its counters began anew with another chaos-iod. */
    now.rows[0].now.vifs[0].tx_bytes = 0;
    before.rows[0].now.vifs[0].tx_bytes = 900;
    /* The id is another guest's by now. */
    add(&now, "c", 2, 12 * S, 8 * S);
    add(&now, "d", 9, 12 * S, 8 * S);
    top_rates(&now, &before);
    ck_assert_double_eq_tol(now.rows[0].cpu_percent, 50, 0.001);
    ck_assert_double_eq_tol(now.rows[0].rx_per_s, 2000, 0.001);
    ck_assert_double_eq(now.rows[0].tx_per_s, 0);
    ck_assert_double_eq(now.rows[1].cpu_percent, 0);
    ck_assert_double_eq(now.rows[2].cpu_percent, 0);
    /* No time at all, and no sample before. */
    top_rates(&now, &now);
    struct top_sample none = {.rows = NULL};
    top_rates(&now, &none);
    top_rates(&none, &now);
    top_sort(&none, TOP_CPU);
}
END_TEST

START_TEST(the_largest_come_first)
{
    static const struct {
        enum top_key key;
        const char *order;
    } cases[] = {
        {TOP_CPU, "cab"}, {TOP_MEMORY, "bac"}, {TOP_RX, "bca"}, {TOP_TX, "cba"}, {TOP_NAME, "abc"}};

    add(&now, "b", 1, S, 0);
    add(&now, "c", 2, S, 0);
    add(&now, "a", 3, S, 0);
    now.rows[0] = (struct top_row){now.rows[0].now, 1, 30, 2};
    now.rows[1] = (struct top_row){now.rows[1].now, 3, 20, 3};
    now.rows[2] = (struct top_row){now.rows[2].now, 2, 10, 1};
    now.rows[0].now.memory_bytes = 9 * MB;
    now.rows[1].now.memory_bytes = 1 * MB;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char order[4] = "";
        top_sort(&now, cases[i].key);
        for (int at = 0; at < 3; at++)
            order[at] = now.rows[at].now.name[0];
        ck_assert_msg(strcmp(order, cases[i].order) == 0, "%s: %s", top_key_name(cases[i].key),
                      order);
    }
}
END_TEST

START_TEST(equal_ones_stay_where_they_are)
{
    for (uint32_t i = 1; i <= 50; i++)
        add(&now, "x", i, S, 0);
    top_sort(&now, TOP_CPU);
    for (uint32_t i = 1; i <= 50; i++)
        ck_assert_uint_eq(now.rows[i - 1].now.domid, i);
}
END_TEST

START_TEST(text)
{
    add(&now, "web", 3, S, 0);
    now.rows[0] = (struct top_row){now.rows[0].now, 99.96, 1536, 999};
    add(&now, "a-long-name", 12345, S, 0)->net_known = false;
    expect(0, 0,
           "2 guests, 100.0% CPU, 4.0MB, rx 1.5KB/s, tx 999B/s; by cpu\n"
           "NAME         DOMID  STATE            CPU%  MEMORY  VCPUS    RX/S    TX/S\n"
           "web              3  running         100.0    2.0M      1    1.5K     999\n"
           "a-long-name  12345  running           0.0    2.0M      1       -       -\n");
}
END_TEST

START_TEST(it_fits)
{
    char name[UKVM_NAME_MAX];

    for (uint32_t i = 1; i <= 200; i++) {
        snprintf(name, sizeof(name), "guest-%u-%.*s", i, (int)(i % 50),
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        add(&now, name, i, S, 0)->cpu_ns = UINT64_MAX;
        now.rows[i - 1].cpu_percent = 1e300;
        now.rows[i - 1].rx_per_s = 1e300;
        now.rows[i - 1].now.memory_bytes = UINT64_MAX;
    }
    for (size_t width = 1; width < 700; width += width < 20 ? 1 : 97) {
        for (size_t height = 1; height < 300; height += height < 5 ? 1 : 61) {
            char *drawn = top_render(&now, TOP_CPU, width, height);
            size_t lines = 0;
            for (char *at = drawn, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
                ck_assert_uint_le((size_t)(end - at), width);
                lines++;
            }
            ck_assert_uint_eq(lines, height < 202 ? height : 202);
            free(drawn);
        }
    }
    teardown();
    expect(1, 1, "0\n");
    expect(9, 5, "0 guests,\nNAME  DOM\n");
}
END_TEST

START_TEST(a_terminal_gets_nothing_that_it_obeys)
{
    add(&now, "\033[2J\x9bz", 1, S, 0);
    snprintf(now.rows[0].now.state, sizeof(now.rows[0].now.state), "a\nb\r\x7f");
    char *drawn = top_render(&now, TOP_CPU, 80, 24);
    ck_assert_ptr_nonnull(strstr(drawn, "\n?[2J?z"));
    ck_assert_ptr_nonnull(strstr(drawn, "a?b??"));
    for (const char *c = drawn; *c != '\0'; c++)
        ck_assert(*c == '\n' || (*c >= ' ' && *c <= '~'));
    free(drawn);
}
END_TEST

START_TEST(keys)
{
    enum top_key key = TOP_NAME;

    ck_assert(top_key_parse("rx", &key));
    ck_assert_int_eq(key, TOP_RX);
    ck_assert(!top_key_parse("r", &key));
    ck_assert(top_key_of_letter('m', &key));
    ck_assert_int_eq(key, TOP_MEMORY);
    ck_assert(!top_key_of_letter('\0', &key));
    ck_assert(!top_key_of_letter('\033', &key));
    ck_assert_int_eq(key, TOP_MEMORY);
}
END_TEST

START_TEST(a_library_that_knows_less_is_enough)
{
    struct ukvm_stats stats = {.size = offsetof(struct ukvm_stats, vif_count),
                               .domid = 7,
                               .net_known = true,
                               .vif_count = 99};

    top_add(&now, &stats);
    ck_assert_uint_eq(now.rows[0].now.domid, 7);
    ck_assert_uint_eq(now.rows[0].now.vif_count, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("top", NULL, teardown, rates_are_of_the_time_between, the_largest_come_first,
                     equal_ones_stay_where_they_are, text, it_fits,
                     a_terminal_gets_nothing_that_it_obeys, keys,
                     a_library_that_knows_less_is_enough);
}
