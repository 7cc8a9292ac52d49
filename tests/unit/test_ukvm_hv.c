/* libukvm: dump-core, mem-set, vcpu-pin, sched and dmesg, and a chaosd that answers nonsense. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture/fake_client.h"
#include "fixture/suite.h"

static void setup(void)
{
}

static void teardown(void)
{
}

START_TEST(a_dump_passes_the_file)
{
    fake_connect("request-fd {\"op\":\"dump-core\",\"guest\":\"a\"}\nreply {\"ok\":{}}\n"
                 "request {}\nreply {\"error\":{\"code\":\"limit\",\"message\":\"too many\"}}\n");
    ck_assert_int_eq(ukvm_dump_core(fake_handle, "a", STDOUT_FILENO), 0);
    ck_assert_int_eq(ukvm_dump_core(fake_handle, "a", STDOUT_FILENO), -UKVM_E_LIMIT);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "too many");
    fake_finish();
}
END_TEST

START_TEST(memory)
{
    fake_connect("request {\"op\":\"mem-set\",\"guest\":\"a\",\"memory\":4}\nreply {\"ok\":{}}\n"
                 "request {\"memory\":1,\"timeout_ms\":7}\n"
                 "reply {\"error\":{\"code\":\"timeout\",\"message\":\"late\"}}\n");
    ck_assert_int_eq(ukvm_mem_set(fake_handle, "a", 4, 0), 0);
    ck_assert_int_eq(ukvm_mem_set(fake_handle, "a", 1, 7), -UKVM_E_TIMEOUT);
    fake_finish();
}
END_TEST

START_TEST(affinity)
{
    fake_connect(
        "request {\"op\":\"vcpu-pin\",\"guest\":\"a\",\"vcpu\":0,\"cpus\":{\"only\":[3]}}\n"
        "reply {\"ok\":{}}\n"
        "request {\"op\":\"vcpu-pin\",\"guest\":\"a\",\"cpus\":{\"except\":[]}}\n"
        "reply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "a", 0, "3"), 0);
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "a", UKVM_ALL_VCPUS, "all"), 0);
    /* What is no set of CPUs is not sent. */
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "a", 0, "x"), -UKVM_E_CONFIG);
    ck_assert_str_eq(ukvm_error_message(fake_handle),
                     "cpus 'x' is not N, N-M, ^N, ^N-M or all, with CPUs 0 to 1023");
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "a", 0, "nodes:0"), -UKVM_E_NOT_SUPPORTED);
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "a", 0, "\xff"), -UKVM_E_CONFIG);
    fake_finish();
}
END_TEST

#define SCHED(name, weight, cap)                                                                   \
    "reply {\"ok\":{\"sched\":{\"scheduler\":" name ",\"weight\":" weight ",\"cap\":" cap "}}}\n"

START_TEST(shares)
{
    struct ukvm_sched sched = {.weight = 99};
    const uint32_t weight = 512, cap = 0;
    static const char script[] = "request {\"op\":\"sched\",\"guest\":\"a\"}\n" /* one */
        SCHED("\"credit2\"", "256", "50")                                       /* and its answer */
        "request {\"op\":\"sched-set\",\"weight\":512}\n"                       /* one of two */
        SCHED("\"credit\"", "512", "0")                                         /* as it is then */
        "request {\"op\":\"sched-set\",\"weight\":512,\"cap\":0}\n"             /* both */
        SCHED("\"credit\"", "512", "0");

    fake_connect(script);
    ck_assert_int_eq(ukvm_sched(fake_handle, "a", &sched), 0);
    ck_assert_str_eq(sched.scheduler, "credit2");
    ck_assert_uint_eq(sched.weight, 256);
    ck_assert_uint_eq(sched.cap, 50);
    ck_assert_int_eq(ukvm_sched_set(fake_handle, "a", &weight, NULL, &sched), 0);
    ck_assert_str_eq(sched.scheduler, "credit");
    ck_assert_uint_eq(sched.weight, 512);
    ck_assert_int_eq(ukvm_sched_set(fake_handle, "a", &weight, &cap, NULL), 0);
    fake_finish();
}
END_TEST

START_TEST(shares_that_are_none)
{
    static const char *const answers[] = {
        "reply {\"ok\":{}}\n",
        SCHED("7", "256", "0"),
        SCHED("\"credit2\"", "-1", "0"),
        SCHED("\"credit2\"", "256", "4294967296"),
        SCHED("\"credit2\"", "256", "1.5"),
    };
    struct ukvm_sched sched = {.weight = 99};

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script), "request {}\n%s", answers[i]);
        fake_connect(script);
        ck_assert_int_eq(ukvm_sched(fake_handle, "a", &sched), -UKVM_E_PROTOCOL);
        ck_assert_uint_eq(sched.weight, 99);
        fake_finish();
    }
}
END_TEST

START_TEST(messages)
{
    char *text = NULL;

    fake_connect("request {\"op\":\"dmesg\",\"after\":0,\"clear\":true}\n"
                 "reply {\"ok\":{\"text\":\"one\\ntw\",\"next\":6,\"more\":true}}\n"
                 "request {\"op\":\"dmesg\",\"after\":6,\"clear\":true}\n"
                 "reply {\"ok\":{\"text\":\"o\\n\",\"next\":8,\"more\":false}}\n"
                 "request {\"clear\":false}\n"
                 "reply {\"ok\":{\"text\":\"\",\"next\":8,\"more\":false}}\n");
    ck_assert_int_eq(ukvm_dmesg(fake_handle, true, &text), 0);
    ck_assert_str_eq(text, "one\ntwo\n");
    free(text);
    ck_assert_int_eq(ukvm_dmesg(fake_handle, false, &text), 0);
    ck_assert_str_eq(text, "");
    free(text);
    fake_finish();
}
END_TEST

START_TEST(messages_that_are_none)
{
    static const char *const answers[] = {
        "{}", "{\"text\":7,\"next\":1,\"more\":false}", "{\"text\":\"a\",\"more\":false}",
        "{\"text\":\"\",\"next\":0,\"more\":true}", /* for ever */
    };
    char untouched[] = "";
    char *text = untouched;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script), "request {}\nreply {\"ok\":%s}\n", answers[i]);
        fake_connect(script);
        ck_assert_int_eq(ukvm_dmesg(fake_handle, false, &text), -UKVM_E_PROTOCOL);
        ck_assert_ptr_eq(text, untouched);
        fake_finish();
    }
    fake_connect("request {}\nreply {\"ok\":{\"text\":\"a\",\"next\":1,\"more\":true}}\n"
                 "request {}\nclose\n");
    ck_assert_int_eq(ukvm_dmesg(fake_handle, false, &text), -UKVM_E_NO_DAEMON);
    fake_finish();
}
END_TEST

START_TEST(names_that_no_guest_has)
{
    struct ukvm_sched sched;

    fake_connect("accept");
    ck_assert_int_eq(ukvm_dump_core(fake_handle, "\xff", STDOUT_FILENO), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_mem_set(fake_handle, "\xff", 1, 0), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_vcpu_pin(fake_handle, "\xff", 0, "0"), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_sched(fake_handle, "\xff", &sched), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_sched_set(fake_handle, "\xff", NULL, NULL, NULL), -UKVM_E_NOT_FOUND);
    fake_finish();
}
END_TEST

int main(void)
{
    return SUITE_RUN("ukvm_hv", setup, teardown, a_dump_passes_the_file, memory, affinity, shares,
                     shares_that_are_none, messages, messages_that_are_none,
                     names_that_no_guest_has);
}
