/* libukvm's calls against a scripted chaosd, also one that breaks the protocol or goes away. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fixture/fake_chaosd.h"
#include "ukvm.h"

#define GUEST(name, domid)                                                                         \
    "{\"name\":\"" name "\",\"domid\":" domid ",\"uuid\":\"6f0c0a3e-0000-4000-8000-000000000001\"" \
    ",\"state\":\"ready\",\"reason\":null,\"memory_bytes\":1048576,\"vcpus\":1,\"kernel\":\"/k\"," \
    "\"vifs\":[{\"mac\":\"00:16:3e:00:00:01\",\"ip\":\"10.77.0.2\",\"prefix_len\":16,"             \
    "\"gateway\":\"10.77.0.1\",\"bridge\":null}]}"

static char socket_path[64];
static pid_t fake;
static struct ukvm *handle;

static void make_path(void)
{
    snprintf(socket_path, sizeof(socket_path), "/tmp/test-ukvm-%d.sock", (int)getpid());
    handle = NULL;
}

static void start(const char *script)
{
    char message[UKVM_MESSAGE_MAX];

    fake = fake_chaosd_start(socket_path, script);
    ck_assert_int_gt(fake, 0);
    ck_assert_int_eq(ukvm_open(socket_path, &handle, message), 0);
}

static void finish(void)
{
    ukvm_close(handle);
    ck_assert(fake_chaosd_stop(fake));
    unlink(socket_path);
}

static int open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static struct ukvm_config *config(const char *text)
{
    struct ukvm_config *made = NULL;
    char message[UKVM_MESSAGE_MAX] = "";
    int rc = ukvm_config_parse("test.cfg", text, strlen(text), &made, message);

    ck_assert_msg(rc == 0, "%s", message);
    return made;
}

/* ---- connecting ---- */

static int open_at(const char *path, char *message)
{
    return ukvm_open(path, &handle, message);
}

START_TEST(no_daemon)
{
    char message[UKVM_MESSAGE_MAX];

    ck_assert_int_eq(open_at("/nonexistent/sock", message), -UKVM_E_NO_DAEMON);
    ck_assert_ptr_nonnull(strstr(message, "chaosd is not running"));
    ck_assert_int_eq(open_at("/nonexistent/sock", NULL), -UKVM_E_NO_DAEMON);
    ck_assert_ptr_null(handle);
}
END_TEST

START_TEST(daemon_died)
{
    char message[UKVM_MESSAGE_MAX];

    /* The socket's file is still there, and nobody listens. */
    fake = fake_chaosd_start(socket_path, "");
    ck_assert(fake_chaosd_stop(fake));
    ck_assert_int_eq(open_at(socket_path, message), -UKVM_E_NO_DAEMON);
    unlink(socket_path);
}
END_TEST

START_TEST(path_too_long)
{
    char path[200], message[UKVM_MESSAGE_MAX];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(open_at(path, message), -UKVM_E_NO_DAEMON);
}
END_TEST

START_TEST(no_permission)
{
    char message[UKVM_MESSAGE_MAX];

    if (geteuid() != 0)
        return;
    fake = fake_chaosd_start(socket_path, "");
    ck_assert(fake_chaosd_stop(fake));
    ck_assert_int_eq(chmod(socket_path, 0600), 0);
    /* Every test is a process of its own, so this one need not become root again. */
    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(open_at(socket_path, message), -UKVM_E_PERMISSION);
    ck_assert_ptr_nonnull(strstr(message, "run as root"));
    ck_assert_int_eq(seteuid(0), 0);
    unlink(socket_path);
}
END_TEST

START_TEST(path_from_environment)
{
    char message[UKVM_MESSAGE_MAX];

    fake = fake_chaosd_start(socket_path, "request {\"op\":\"pause\"}\nreply {\"ok\":{}}");
    setenv("CHAOS_SOCKET", socket_path, 1);
    ck_assert_int_eq(open_at(NULL, message), 0);
    ck_assert_int_eq(ukvm_pause(handle, "a"), 0);
    finish();
}
END_TEST

/* ---- calls ---- */

START_TEST(info_fills_the_guest)
{
    struct ukvm_guest guest;

    start("request {\"op\":\"info\",\"guest\":\"web\"}\n"
          "reply {\"ok\":{\"guest\":" GUEST("web", "7") "}}\n");
    ck_assert_int_eq(ukvm_info(handle, "web", &guest), 0);
    ck_assert_str_eq(guest.name, "web");
    ck_assert_uint_eq(guest.domid, 7);
    ck_assert_str_eq(guest.uuid, "6f0c0a3e-0000-4000-8000-000000000001");
    ck_assert_str_eq(guest.state, "ready");
    ck_assert_str_eq(guest.reason, "");
    ck_assert_uint_eq(guest.memory_bytes, 1048576);
    ck_assert_uint_eq(guest.vcpus, 1);
    ck_assert_str_eq(guest.kernel, "/k");
    ck_assert_uint_eq(guest.vif_count, 1);
    ck_assert_str_eq(guest.vifs[0].ip, "10.77.0.2");
    ck_assert_uint_eq(guest.vifs[0].prefix_len, 16);
    ck_assert_str_eq(guest.vifs[0].bridge, "");
    finish();
}
END_TEST

START_TEST(long_texts_are_cut)
{
    char script[4096], kernel[301], reason[301];
    struct ukvm_guest guest;

    memset(kernel, 'k', 300);
    memset(reason, 'r', 300);
    kernel[300] = reason[300] = '\0';
    memcpy(kernel + 297, "end", 3);
    snprintf(script, sizeof(script),
             "request {}\nreply {\"ok\":{\"guest\":{\"name\":\"a\",\"domid\":1,\"uuid\":\"u\","
             "\"state\":\"ready\",\"reason\":\"%s\",\"memory_bytes\":1,\"vcpus\":1,"
             "\"kernel\":\"%s\",\"vifs\":[]}}}\n",
             reason, kernel);
    start(script);
    ck_assert_int_eq(ukvm_info(handle, "a", &guest), 0);
    ck_assert_uint_eq(strlen(guest.reason), sizeof(guest.reason) - 1);
    ck_assert_uint_eq(strlen(guest.kernel), sizeof(guest.kernel) - 1);
    ck_assert_int_eq(strncmp(guest.kernel, "...k", 4), 0);
    ck_assert_str_eq(guest.kernel + strlen(guest.kernel) - 4, "kend");
    finish();
}
END_TEST

START_TEST(errors_travel)
{
    start("request {\"op\":\"destroy\",\"guest\":\"x\",\"wait\":true}\n"
          "reply {\"error\":{\"code\":\"not-found\",\"message\":\"no guest 'x'\"}}\n"
          "request {\"op\":\"pause\"}\n"
          "reply {\"error\":{\"code\":\"of-the-future\",\"message\":\"two\\nlines\"}}\n"
          "request {\"op\":\"unpause\"}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_destroy(handle, "x", true), -UKVM_E_NOT_FOUND);
    ck_assert_str_eq(ukvm_error_message(handle), "no guest 'x'");
    ck_assert_int_eq(ukvm_pause(handle, "x"), -UKVM_E_PROTOCOL);
    ck_assert_str_eq(ukvm_error_message(handle), "two?lines");
    ck_assert_int_eq(ukvm_unpause(handle, "x"), 0);
    ck_assert_str_eq(ukvm_error_message(handle), "");
    finish();
}
END_TEST

START_TEST(create_passes_the_kernel)
{
    struct ukvm_phase phases[UKVM_PHASES_MAX];
    struct ukvm_create_options options = {
        .size = sizeof(options), .timeout_ms = 2000, .phases = phases};
    struct ukvm_config *web = config("name='web'\nkernel='/proc/self/exe'\nmemory=4");
    struct ukvm_guest guest;
    int fds;

    start("request-fd {\"op\":\"create\",\"timeout_ms\":2000,"
          "\"config\":{\"name\":\"web\",\"kernel\":\"/proc/self/exe\",\"memory\":4}}\n"
          "reply {\"ok\":{\"guest\":" GUEST(
              "web", "7") ",\"timing\":[{\"phase\":\"domain\","
                          "\"us\":12.5},{\"phase\":\"ready\",\"us\":3}]}}\n"
                          "request-fd {\"op\":\"create\",\"wait\":false}\n"
                          "reply {\"ok\":{\"guest\":" GUEST("web", "8") ",\"timing\":[]}}\n");
    fds = open_fds();
    ck_assert_int_eq(ukvm_create(handle, web, &options, &guest), 0);
    ck_assert_uint_eq(guest.domid, 7);
    ck_assert_uint_eq(options.phase_count, 2);
    ck_assert_str_eq(phases[0].name, "domain");
    ck_assert_double_eq(phases[1].us, 3.0);
    options = (struct ukvm_create_options){
        .size = sizeof(options), .no_wait = true, .kernel_fd = STDERR_FILENO};
    ck_assert_int_eq(ukvm_create(handle, web, &options, NULL), 0);
    ck_assert_int_eq(open_fds(), fds);
    ukvm_config_free(web);
    finish();
}
END_TEST

START_TEST(create_checks_before_it_asks)
{
    static const struct {
        const char *config;
        int rc;
        const char *message;
    } cases[] = {
        {"kernel='/k'", -UKVM_E_CONFIG, "test.cfg: 'name' is missing"},
        {"name='a'", -UKVM_E_CONFIG, "test.cfg: 'kernel' is missing"},
        {"name='a';kernel='/nonexistent'", -UKVM_E_NO_FILE,
         "kernel /nonexistent: No such file or directory (check 'kernel' in test.cfg)"},
        {"name='a';kernel='/tmp'", -UKVM_E_NO_FILE,
         "kernel /tmp: not a regular file (check 'kernel' in test.cfg)"},
    };

    start("accept");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ukvm_config *made = config(cases[i].config);
        ck_assert_int_eq(ukvm_create(handle, made, NULL, NULL), cases[i].rc);
        ck_assert_str_eq(ukvm_error_message(handle), cases[i].message);
        ukvm_config_free(made);
    }
    finish();
}
END_TEST

START_TEST(a_long_kernel_path_is_shown_shortened)
{
    char path[600] = "/proc/", text[700], script[1200];

    while (strlen(path) < 400)
        strcat(path, "./");
    strcat(path, "self/exe");
    snprintf(text, sizeof(text), "name='a'\nkernel='%s'", path);
    struct ukvm_config *made = config(text);
    snprintf(script, sizeof(script),
             "request-fd {\"config\":{\"name\":\"a\",\"kernel\":\"...%s\"}}\n"
             "reply {\"ok\":{\"guest\":" GUEST("a", "1") "}}\n",
             path + strlen(path) - 252);
    start(script);
    ck_assert_int_eq(ukvm_create(handle, made, NULL, NULL), 0);
    ukvm_config_free(made);
    finish();
}
END_TEST

START_TEST(list_asks_for_every_page)
{
    struct ukvm_guest *guests;
    size_t count;

    start("request {\"op\":\"list\",\"after\":0}\n"
          "reply {\"ok\":{\"guests\":[" GUEST("a", "1") "," GUEST(
              "b", "5") "],\"more\":true}}\n"
                        "request {\"op\":\"list\",\"after\":5}\n"
                        "reply {\"ok\":{\"guests\":[" GUEST(
                            "c", "6") "],\"more\":false}}\n"
                                      "request {\"op\":\"list\",\"after\":0}\nreply "
                                      "{\"ok\":{\"guests\":[],\"more\":false}}\n");
    ck_assert_int_eq(ukvm_list(handle, &guests, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(guests[2].name, "c");
    free(guests);
    ck_assert_int_eq(ukvm_list(handle, &guests, &count), 0);
    ck_assert_uint_eq(count, 0);
    free(guests);
    finish();
}
END_TEST

START_TEST(console_gives_a_stream)
{
    char text[16] = "";
    int fd;

    start("request {\"op\":\"console\",\"guest\":\"a\",\"follow\":false}\nfd hello\\n\n"
          "reply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_console(handle, "a", false, &fd), 0);
    ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 6);
    ck_assert_str_eq(text, "hello\n");
    close(fd);
    finish();
}
END_TEST

START_TEST(replies_as_text)
{
    char *json;

    start("request {\"op\":\"noxs\",\"guest\":\"a\"}\nreply {\"ok\":{\"page\":{\"daemon\":1}}}\n"
          "request {\"op\":\"version\"}\nreply {\"ok\":{\"version\":\"9\"}}\n");
    ck_assert_int_eq(ukvm_noxs_json(handle, "a", &json), 0);
    ck_assert_str_eq(json, "{\"daemon\":1}");
    free(json);
    ck_assert_int_eq(ukvm_version_json(handle, &json), 0);
    ck_assert_str_eq(json, "{\"version\":\"9\"}");
    free(json);
    finish();
}
END_TEST

START_TEST(shutdown_options)
{
    start("request {\"op\":\"shutdown\",\"guest\":\"a\",\"timeout_ms\":500,\"force\":true}\n"
          "reply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_shutdown(handle, "a", 500, true), 0);
    finish();
}
END_TEST

START_TEST(names_that_no_guest_has)
{
    struct ukvm_guest guest;

    start("accept");
    ck_assert_int_eq(ukvm_info(handle, "\xff", &guest), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_shutdown(handle, "\xff", 1, false), -UKVM_E_NOT_FOUND);
    finish();
}
END_TEST

START_TEST(a_request_has_a_limit)
{
    static char name[70000];
    struct ukvm_guest guest;

    memset(name, 'x', sizeof(name) - 1);
    start("accept");
    ck_assert_int_eq(ukvm_info(handle, name, &guest), -UKVM_E_LIMIT);
    finish();
}
END_TEST

/* ---- a daemon that goes away ---- */

START_TEST(daemon_closes_mid_call)
{
    struct ukvm_guest guest = {.domid = 99};

    start("request {\"op\":\"info\"}\nclose\n"
          "request {\"op\":\"info\"}\nreply {\"ok\":{\"guest\":" GUEST("a", "1") "}}\n");
    ck_assert_int_eq(ukvm_info(handle, "a", &guest), -UKVM_E_NO_DAEMON);
    ck_assert_uint_eq(guest.domid, 99);
    /* The next call finds the next chaosd. */
    ck_assert_int_eq(ukvm_info(handle, "a", &guest), 0);
    finish();
}
END_TEST

START_TEST(daemon_closes_between_calls)
{
    const struct timespec pause = {.tv_nsec = 100000000};

    start("request {\"op\":\"pause\"}\nreply {\"ok\":{}}\nclose\n"
          "request {\"op\":\"pause\"}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_pause(handle, "a"), 0);
    nanosleep(&pause, NULL);
    ck_assert_int_eq(ukvm_pause(handle, "a"), 0);
    finish();
}
END_TEST

START_TEST(daemon_is_gone)
{
    start("request {}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_pause(handle, "a"), 0);
    ck_assert(fake_chaosd_stop(fake));
    ck_assert_int_eq(ukvm_pause(handle, "a"), -UKVM_E_NO_DAEMON);
    ck_assert_int_eq(ukvm_pause(handle, "a"), -UKVM_E_NO_DAEMON);
    ukvm_close(handle);
    unlink(socket_path);
}
END_TEST

START_TEST(daemon_says_why_it_closes)
{
    const struct timespec pause = {.tv_nsec = 100000000};

    start("close\nclose\n"
          "request {}\nreply {\"error\":{\"code\":\"limit\",\"message\":\"too many "
          "clients\"}}\nclose\n");
    nanosleep(&pause, NULL);
    ck_assert_int_eq(ukvm_pause(handle, "a"), -UKVM_E_NO_DAEMON);
    ck_assert_int_eq(ukvm_pause(handle, "a"), -UKVM_E_LIMIT);
    ck_assert_str_eq(ukvm_error_message(handle), "too many clients");
    finish();
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
    start(script);
    fds = open_fds();
    ck_assert_msg(ukvm_info(handle, "a", &guest) == -UKVM_E_PROTOCOL, "%s", malformed[_i].answer);
    ck_assert_uint_eq(guest.domid, 99);
    ck_assert_ptr_nonnull(strstr(ukvm_error_message(handle), "malformed reply"));
    /* The connection cannot be trusted any more, and nothing else was kept open. */
    ck_assert_int_eq(open_fds(), fds - 1);
    finish();
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
    start(script);
    ck_assert_msg(ukvm_info(handle, "a", &guest) == -UKVM_E_PROTOCOL, "%s", bad_members[_i].to);
    finish();
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
    start(script);
    ck_assert_int_eq(ukvm_list(handle, &guests, &count), -UKVM_E_PROTOCOL);
    ck_assert_ptr_null(guests);
    finish();
}
END_TEST

START_TEST(malformed_others)
{
    int fd = -1;
    char *json;

    start("request {}\nreply {\"ok\":{}}\nclose\nrequest {}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_console(handle, "a", true, &fd), -UKVM_E_PROTOCOL);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(ukvm_noxs_json(handle, "a", &json), -UKVM_E_PROTOCOL);
    finish();
}
END_TEST

/* ---- signals ---- */

static void on_alarm(int number)
{
    (void)number;
}

START_TEST(signals_do_not_interrupt)
{
    /* A signal a millisecond, without SA_RESTART, while answers take longer than that. */
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = on_alarm};
    char script[8192] = "";

    for (int i = 0; i < 50; i++)
        strcat(script, "request {\"op\":\"pause\"}\nsleep 5\nreply {\"ok\":{}}\n");
    start(script);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(ukvm_pause(handle, "a"), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    finish();
}
END_TEST

START_TEST(errors_have_names)
{
    ck_assert_str_eq(ukvm_error_name(-UKVM_E_NOT_FOUND), "not-found");
    ck_assert_str_eq(ukvm_error_name(UKVM_E_NOT_FOUND), "not-found");
    ck_assert_str_eq(ukvm_error_name(0), "ok");
    ck_assert_str_eq(ukvm_error_name(-1000), "unknown");
    ukvm_close(NULL);
    ukvm_config_free(NULL);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static TCase *connecting_and_calls(void)
{
    TCase *cases = tcase_create("calls");

    tcase_add_test(cases, no_daemon);
    tcase_add_test(cases, daemon_died);
    tcase_add_test(cases, path_too_long);
    tcase_add_test(cases, no_permission);
    tcase_add_test(cases, path_from_environment);
    tcase_add_test(cases, info_fills_the_guest);
    tcase_add_test(cases, long_texts_are_cut);
    tcase_add_test(cases, errors_travel);
    tcase_add_test(cases, create_passes_the_kernel);
    tcase_add_test(cases, create_checks_before_it_asks);
    tcase_add_test(cases, a_long_kernel_path_is_shown_shortened);
    tcase_add_test(cases, list_asks_for_every_page);
    tcase_add_test(cases, console_gives_a_stream);
    tcase_add_test(cases, replies_as_text);
    tcase_add_test(cases, shutdown_options);
    tcase_add_test(cases, names_that_no_guest_has);
    tcase_add_test(cases, a_request_has_a_limit);
    tcase_add_test(cases, signals_do_not_interrupt);
    tcase_add_test(cases, errors_have_names);
    return cases;
}

static TCase *bad_daemons(void)
{
    TCase *cases = tcase_create("bad daemons");

    tcase_add_test(cases, daemon_closes_mid_call);
    tcase_add_test(cases, daemon_closes_between_calls);
    tcase_add_test(cases, daemon_is_gone);
    tcase_add_test(cases, daemon_says_why_it_closes);
    tcase_add_loop_test(cases, malformed_replies, 0, COUNT(malformed));
    tcase_add_loop_test(cases, malformed_guests, 0, COUNT(bad_members));
    tcase_add_loop_test(cases, malformed_lists, 0, COUNT(bad_lists));
    tcase_add_test(cases, malformed_others);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("ukvm_client");
    TCase *all[] = {connecting_and_calls(), bad_daemons()};
    SRunner *runner = srunner_create(suite);

    for (int i = 0; i < COUNT(all); i++) {
        tcase_add_checked_fixture(all[i], make_path, NULL);
        tcase_set_timeout(all[i], 30);
        suite_add_tcase(suite, all[i]);
    }
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
