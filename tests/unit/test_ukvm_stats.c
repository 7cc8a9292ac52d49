/* ukvm_stats against a scripted chaosd, a good one and bad ones. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fixture/fake_client.h"
#include "fixture/suite.h"

#define VIF                                                                                        \
    "{\"rx_frames\":1,\"rx_bytes\":2,\"rx_drops\":3,\"tx_frames\":4,\"tx_bytes\":5,"               \
    "\"tx_drops\":9223372036854775807}"
#define STATS(name, domid, vifs)                                                                   \
    "{\"name\":\"" name "\",\"domid\":" domid ",\"state\":\"running\",\"vcpus\":2,\"cpu_ns\":77,"  \
    "\"memory_bytes\":2097152,\"vifs\":" vifs "}"
#define PAGE(guests, last, more)                                                                   \
    "reply {\"ok\":{\"guests\":[" guests "],\"last\":" last ",\"taken_ns\":5,\"more\":" more "}}"  \
    "\n"
#define ASKED(after) "request {\"op\":\"stats\",\"after\":" after "}\n"

static struct ukvm_stats seen[8];
static unsigned count;

static void on_stats(void *arg, const struct ukvm_stats *stats)
{
    (void)arg;
    ck_assert_uint_lt(count, 8);
    seen[count++] = *stats;
}

START_TEST(every_page_is_asked_for)
{
    /* The last of the first page was gone when it was answered. */
    fake_connect(ASKED("0") PAGE(STATS("a", "1", "[" VIF "]"), "4", "true") ASKED("4")
                     PAGE(STATS("b", "9", "null") "," STATS("c", "10", "[]"), "10", "false"));
    ck_assert_int_eq(ukvm_stats(fake_handle, on_stats, NULL), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(seen[0].size, sizeof(seen[0]));
    ck_assert_str_eq(seen[0].name, "a");
    ck_assert_str_eq(seen[0].state, "running");
    ck_assert_uint_eq(seen[0].vcpus, 2);
    ck_assert_uint_eq(seen[0].cpu_ns, 77);
    ck_assert_uint_eq(seen[0].memory_bytes, 2097152);
    ck_assert_uint_eq(seen[0].taken_ns, 5);
    ck_assert(seen[0].net_known);
    ck_assert_uint_eq(seen[0].vif_count, 1);
    ck_assert_uint_eq(seen[0].vifs[0].rx_bytes, 2);
    ck_assert_uint_eq(seen[0].vifs[0].tx_drops, INT64_MAX);
    ck_assert(!seen[1].net_known);
    ck_assert(seen[2].net_known);
    ck_assert_uint_eq(seen[2].vif_count, 0);
    fake_finish();
}
END_TEST

START_TEST(nobody)
{
    fake_connect(ASKED("0") PAGE("", "0", "false"));
    ck_assert_int_eq(ukvm_stats(fake_handle, on_stats, NULL), 0);
    ck_assert_uint_eq(count, 0);
    fake_finish();
}
END_TEST

static const char *const bad[] = {
    "reply {\"ok\":{}}\n",
    "reply {\"ok\":{\"guests\":[],\"last\":0,\"more\":false}}\n",
    "reply {\"ok\":{\"guests\":[],\"taken_ns\":1,\"more\":false}}\n",
    "reply {\"ok\":{\"guests\":[],\"last\":-1,\"taken_ns\":1,\"more\":false}}\n",
    PAGE("7", "0", "false"),
    PAGE("", "0", "true"),
    PAGE(STATS("a", "0", "[]"), "0", "false"),
    PAGE(STATS("a", "-1", "[]"), "0", "false"),
    PAGE(STATS("a", "4294967296", "[]"), "0", "false"),
    PAGE(STATS("a", "2", "[]") "," STATS("b", "1", "[]"), "2", "false"),
    PAGE(STATS("a", "1", "7"), "1", "false"),
    PAGE(STATS("a", "1", "[{}]"), "1", "false"),
    PAGE(STATS("a", "1", "[" VIF "," VIF "," VIF "]"), "1", "false"),
    PAGE(STATS("0123456789012345678901234567890123456789012345678901234567890123", "1", "[]"), "1",
         "false"),
};

START_TEST(bad_answers)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char script[2048];
        snprintf(script, sizeof(script), ASKED("0") "%s", bad[i]);
        fake_connect(script);
        ck_assert_msg(ukvm_stats(fake_handle, on_stats, NULL) == -UKVM_E_PROTOCOL, "%s", bad[i]);
        fake_finish();
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("ukvm_stats", NULL, NULL, every_page_is_asked_for, nobody, bad_answers);
}
