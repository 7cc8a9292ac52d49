/* libukvm against a chaosd that goes away or breaks the protocol. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fixture/fake_client.h"

/* ---- a daemon that goes away ---- */

START_TEST(daemon_closes_mid_call)
{
    struct ukvm_guest guest = {.domid = 99};

    fake_connect("request {\"op\":\"info\"}\nclose\n"
                 "request {\"op\":\"info\"}\nreply {\"ok\":{\"guest\":" GUEST("a", "1") "}}\n");
    ck_assert_int_eq(ukvm_info(fake_handle, "a", &guest), -UKVM_E_NO_DAEMON);
    ck_assert_uint_eq(guest.domid, 99);
    /* The next call finds the next chaosd. */
    ck_assert_int_eq(ukvm_info(fake_handle, "a", &guest), 0);
    fake_finish();
}
END_TEST

START_TEST(daemon_closes_between_calls)
{
    const struct timespec pause = {.tv_nsec = 100000000};

    fake_connect("request {\"op\":\"pause\"}\nreply {\"ok\":{}}\nclose\n"
                 "request {\"op\":\"pause\"}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), 0);
    nanosleep(&pause, NULL);
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), 0);
    fake_finish();
}
END_TEST

START_TEST(daemon_is_gone)
{
    fake_connect("request {}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), 0);
    fake_end();
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), -UKVM_E_NO_DAEMON);
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), -UKVM_E_NO_DAEMON);
    ukvm_close(fake_handle);
    unlink(fake_socket);
}
END_TEST

START_TEST(daemon_says_why_it_closes)
{
    const struct timespec pause = {.tv_nsec = 100000000};

    fake_connect("close\nclose\n"
                 "request {}\nreply {\"error\":{\"code\":\"limit\",\"message\":\"too many "
                 "clients\"}}\nclose\n");
    nanosleep(&pause, NULL);
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), -UKVM_E_NO_DAEMON);
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), -UKVM_E_LIMIT);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "too many clients");
    fake_finish();
}
END_TEST

/* ---- replies that break the protocol ---- */

#define FD "fd x\n"

static const struct {
    const char *answer;
} malformed[] = {
    {"raw not JSON"},
    {"raw []"},
    {"raw {}"},
    {"raw {\"ok\":{}}{\"ok\":{}}"},
    {"raw {\"ok\":{},\"ok\":{}}"},
    {"reply {}"},
    {"reply {\"ok\":1}"},
    {"reply {\"ok\":null}"},
    {"reply {\"error\":{}}"},
    {"reply {\"error\":{\"code\":\"limit\"}}"},
    {"reply {\"error\":{\"code\":1,\"message\":\"x\"}}"},
    {"reply {\"ok\":{},\"error\":{\"code\":\"limit\",\"message\":\"x\"}}"},
    {"raw {\"id\":77,\"ok\":{}}"},
    {"raw {\"id\":null,\"ok\":{}}"},
    {"bytes 65537"},
    {"bytes 100000"},
    {"reply {\"ok\":{}}"},
    {"reply {\"ok\":{\"guest\":[]}}"},
    {"reply {\"ok\":{\"guest\":{\"name\":\"a\"}}}"},
    {FD "raw not JSON"},
    {FD FD "reply {\"ok\":{}}"},
    {FD FD FD FD FD FD FD "reply {\"ok\":{}}"},
    {FD "bytes 70000"},
};

START_TEST(malformed_replies)
{
    struct ukvm_guest guest = {.domid = 99};
    char script[512];
    int fds;

    snprintf(script, sizeof(script), "request {}\n%s\n", malformed[_i].answer);
    fake_connect(script);
    fds = fake_open_fds();
    ck_assert_msg(ukvm_info(fake_handle, "a", &guest) == -UKVM_E_PROTOCOL, "%s",
                  malformed[_i].answer);
    ck_assert_uint_eq(guest.domid, 99);
    ck_assert_ptr_nonnull(strstr(ukvm_error_message(fake_handle), "malformed reply"));
    /* The connection cannot be trusted any more, and nothing else was kept open. */
    ck_assert_int_eq(fake_open_fds(), fds - 1);
    fake_finish();
}
END_TEST

/* One member of a good guest, changed into what it must not be. */
static const struct {
    const char *from, *to;
} bad_members[] = {
    {"\"name\":\"a\"", "\"name\":null"},
    {"\"name\":\"a\"", "\"nam\":\"a\""},
    {"\"name\":\"a\"", "\"name\":\""
                       "0123456789012345678901234567890123456789012345678901234567890123\""},
    {"\"domid\":1", "\"domid\":-1"},
    {"\"domid\":1", "\"domid\":4294967296"},
    {"\"domid\":1", "\"domid\":\"1\""},
    {"\"memory_bytes\":1048576", "\"memory_bytes\":1.5"},
    {"\"vcpus\":1", "\"vcpus\":null"},
    {"\"uuid\":\"6f", "\"uuid\":\"66f"},
    {"\"state\":\"ready\"", "\"state\":\"a-state-that-is-too-long\""},
    {"\"prefix_len\":16", "\"prefix_len\":33"},
    {"\"ip\":\"10.77.0.2\"", "\"ip\":\"10.77.0.2/16-and-more\""},
    {"\"mac\":\"00:16:3e:00:00:01\"", "\"mac\":null"},
    {"\"vifs\":[", "\"vifs\":[1,"},
    {"\"vifs\":[", "\"vifs\":[{},{},"},
    {"\"vifs\":[", "\"v\":["},
};

START_TEST(malformed_guests)
{
    static const char good[] = GUEST("a", "1");
    const char *at = strstr(good, bad_members[_i].from);
    struct ukvm_guest guest;
    char script[2048];

    ck_assert_ptr_nonnull(at);
    snprintf(script, sizeof(script), "request {}\nreply {\"ok\":{\"guest\":%.*s%s%s}}\n",
             (int)(at - good), good, bad_members[_i].to, at + strlen(bad_members[_i].from));
    fake_connect(script);
    ck_assert_msg(ukvm_info(fake_handle, "a", &guest) == -UKVM_E_PROTOCOL, "%s",
                  bad_members[_i].to);
    fake_finish();
}
END_TEST

static const char *const bad_lists[] = {
    "reply {\"ok\":{}}",
    "reply {\"ok\":{\"guests\":{}}}",
    "reply {\"ok\":{\"guests\":[],\"more\":true}}",
    "reply {\"ok\":{\"guests\":[1],\"more\":false}}",
    "reply {\"ok\":{\"guests\":[" GUEST("a", "2") "," GUEST("b", "2") "],\"more\":false}}",
    "reply {\"ok\":{\"guests\":[" GUEST("a", "2") "],\"more\":true}}\nrequest {\"after\":2}\n"
                                                  "reply {\"ok\":{\"guests\":[" GUEST(
                                                      "b", "1") "],\"more\":true}}",
};

START_TEST(malformed_lists)
{
    struct ukvm_guest *guests = NULL;
    char script[4096];
    size_t count;

    snprintf(script, sizeof(script), "request {}\n%s\n", bad_lists[_i]);
    fake_connect(script);
    ck_assert_int_eq(ukvm_list(fake_handle, &guests, &count), -UKVM_E_PROTOCOL);
    ck_assert_ptr_null(guests);
    fake_finish();
}
END_TEST

START_TEST(malformed_others)
{
    int fd = -1;
    char *json;

    fake_connect("request {}\nreply {\"ok\":{}}\nclose\nrequest {}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_console(fake_handle, "a", true, &fd), -UKVM_E_PROTOCOL);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(ukvm_noxs_json(fake_handle, "a", &json), -UKVM_E_PROTOCOL);
    fake_finish();
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("ukvm_bad_daemon");
    TCase *cases = tcase_create("ukvm_bad_daemon");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, daemon_closes_mid_call);
    tcase_add_test(cases, daemon_closes_between_calls);
    tcase_add_test(cases, daemon_is_gone);
    tcase_add_test(cases, daemon_says_why_it_closes);
    tcase_add_loop_test(cases, malformed_replies, 0, COUNT(malformed));
    tcase_add_loop_test(cases, malformed_guests, 0, COUNT(bad_members));
    tcase_add_loop_test(cases, malformed_lists, 0, COUNT(bad_lists));
    tcase_add_test(cases, malformed_others);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
