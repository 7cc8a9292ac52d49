/* libukvm's calls against a scripted chaosd. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fixture/fail_alloc.h"
#include "fixture/fake_client.h"

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
    return ukvm_open(path, &fake_handle, message);
}

START_TEST(no_daemon)
{
    char message[UKVM_MESSAGE_MAX];

    ck_assert_int_eq(open_at("/nonexistent/sock", message), -UKVM_E_NO_DAEMON);
    ck_assert_ptr_nonnull(strstr(message, "chaosd is not running"));
    ck_assert_int_eq(open_at("/nonexistent/sock", NULL), -UKVM_E_NO_DAEMON);
    ck_assert_ptr_null(fake_handle);
}
END_TEST

START_TEST(daemon_died)
{
    char message[UKVM_MESSAGE_MAX];

    /* The socket's file is still there, and nobody listens. */
    fake_start("");
    fake_end();
    ck_assert_int_eq(open_at(fake_socket, message), -UKVM_E_NO_DAEMON);
    unlink(fake_socket);
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
    fake_start("");
    fake_end();
    ck_assert_int_eq(chmod(fake_socket, 0600), 0);
    /* Every test is a process of its own, so this one need not become root again. */
    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(open_at(fake_socket, message), -UKVM_E_PERMISSION);
    ck_assert_ptr_nonnull(strstr(message, "run as root"));
    ck_assert_int_eq(seteuid(0), 0);
    unlink(fake_socket);
}
END_TEST

START_TEST(path_from_environment)
{
    char message[UKVM_MESSAGE_MAX];

    fake_start("request {\"op\":\"pause\"}\nreply {\"ok\":{}}");
    setenv("CHAOS_SOCKET", fake_socket, 1);
    ck_assert_int_eq(open_at(NULL, message), 0);
    ck_assert_int_eq(ukvm_pause(fake_handle, "a"), 0);
    fake_finish();
}
END_TEST

/* ---- calls ---- */

START_TEST(info_fills_the_guest)
{
    struct ukvm_guest guest;

    fake_connect("request {\"op\":\"info\",\"guest\":\"web\"}\n"
                 "reply {\"ok\":{\"guest\":" GUEST("web", "7") "}}\n");
    ck_assert_int_eq(ukvm_info(fake_handle, "web", &guest), 0);
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
    fake_finish();
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
    fake_connect(script);
    ck_assert_int_eq(ukvm_info(fake_handle, "a", &guest), 0);
    ck_assert_uint_eq(strlen(guest.reason), sizeof(guest.reason) - 1);
    ck_assert_uint_eq(strlen(guest.kernel), sizeof(guest.kernel) - 1);
    ck_assert_int_eq(strncmp(guest.kernel, "...k", 4), 0);
    ck_assert_str_eq(guest.kernel + strlen(guest.kernel) - 4, "kend");
    fake_finish();
}
END_TEST

START_TEST(errors_travel)
{
    fake_connect("request {\"op\":\"destroy\",\"guest\":\"x\",\"wait\":true}\n"
                 "reply {\"error\":{\"code\":\"not-found\",\"message\":\"no guest 'x'\"}}\n"
                 "request {\"op\":\"pause\"}\n"
                 "reply {\"error\":{\"code\":\"of-the-future\",\"message\":\"two\\nlines\"}}\n"
                 "request {\"op\":\"unpause\"}\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_destroy(fake_handle, "x", true), -UKVM_E_NOT_FOUND);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "no guest 'x'");
    ck_assert_int_eq(ukvm_pause(fake_handle, "x"), -UKVM_E_PROTOCOL);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "two?lines");
    ck_assert_int_eq(ukvm_unpause(fake_handle, "x"), 0);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "");
    fake_finish();
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

    fake_connect(
        "request-fd {\"op\":\"create\",\"timeout_ms\":2000,\"timing\":true,"
        "\"config\":{\"name\":\"web\",\"kernel\":\"/proc/self/exe\",\"memory\":4}}\n"
        "reply {\"ok\":{\"guest\":" GUEST(
            "web", "7") ",\"timing\":[{\"phase\":\"domain\","
                        "\"us\":12.5},{\"phase\":\"ready\",\"us\":3}]}}\n"
                        "request-fd {\"op\":\"create\",\"wait\":false}\n"
                        "reply {\"ok\":{\"guest\":" GUEST("web", "8") ",\"timing\":[]}}\n");
    fds = fake_open_fds();
    ck_assert_int_eq(ukvm_create(fake_handle, web, &options, &guest), 0);
    ck_assert_uint_eq(guest.domid, 7);
    ck_assert_uint_eq(options.phase_count, 2);
    ck_assert_str_eq(phases[0].name, "domain");
    ck_assert_double_eq(phases[1].us, 3.0);
    options = (struct ukvm_create_options){
        .size = sizeof(options), .no_wait = true, .kernel_fd = STDERR_FILENO};
    ck_assert_int_eq(ukvm_create(fake_handle, web, &options, NULL), 0);
    ck_assert_int_eq(fake_open_fds(), fds);
    ukvm_config_free(web);
    fake_finish();
}
END_TEST

struct seen {
    struct ukvm_create_options *options;
    unsigned created, failed;
    uint32_t last;
};

static void on_created(void *arg, const struct ukvm_created *created)
{
    struct seen *seen = arg;

    seen->last = created->number;
    seen->created += created->guest != NULL;
    seen->failed += created->guest == NULL;
    if (created->guest == NULL) {
        ck_assert_int_eq(created->rc, -UKVM_E_NO_MEMORY);
        ck_assert_str_eq(created->message, "web-2: none left");
        return;
    }
    ck_assert_int_eq(created->rc, 0);
    ck_assert_str_eq(created->message, "");
    ck_assert_str_eq(created->guest->state, "ready");
    ck_assert_uint_eq(seen->options->phase_count, 1);
    ck_assert_double_eq(seen->options->phases[0].us, created->number);
    ck_assert_str_eq(seen->options->path_taken, "loaded");
}

#define CREATED(name, number)                                                                      \
    "reply {\"number\":" number ",\"ok\":{\"guest\":" GUEST(                                       \
        name, number) ",\"path\":\"loaded\",\"timing\":[{\"phase\":\"ready\",\"us\":" number       \
                      "}]}}\n"

START_TEST(create_many_tells_of_each)
{
    struct ukvm_phase phases[UKVM_PHASES_MAX];
    struct ukvm_create_options options = {.size = sizeof(options), .phases = phases};
    struct seen seen = {.options = &options};
    struct ukvm_config *web = config("name='web'\nkernel='/proc/self/exe'");

    fake_connect(
        "request-fd {\"op\":\"create\",\"count\":2,\"timing\":true}\n" CREATED("web-2", "2")
            CREATED("web-1", "1") "reply {\"ok\":{\"created\":2}}\n"
                                  "request-fd {\"count\":3}\n" CREATED(
                                      "web-1", "1") "reply {\"number\":2,\"error\":{"
                                                    "\"code\":\"no-memory\",\"message\":"
                                                    "\"web-2: none left\"}}\n"
                                                    "reply {\"error\":{\"code\":"
                                                    "\"no-memory\",\"message\":"
                                                    "\"1 of 3\"}}\n"
                                                    "request-fd {\"count\":1}\n" CREATED(
                                                        "web-1", "1") "reply "
                                                                      "{\"ok\":{\"created\":1}}");
    ck_assert_int_eq(ukvm_create_many(fake_handle, web, &options, 2, on_created, &seen), 0);
    ck_assert_uint_eq(seen.created, 2);
    ck_assert_uint_eq(seen.last, 1);
    ck_assert_int_eq(ukvm_create_many(fake_handle, web, &options, 3, on_created, &seen),
                     -UKVM_E_NO_MEMORY);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "1 of 3");
    ck_assert_uint_eq(seen.created, 3);
    ck_assert_uint_eq(seen.failed, 1);
    /* Whoever does not want to know need not. */
    ck_assert_int_eq(ukvm_create_many(fake_handle, web, NULL, 1, NULL, NULL), 0);
    ck_assert_int_eq(ukvm_create_many(fake_handle, web, NULL, 0, NULL, NULL), -UKVM_E_USAGE);
    ukvm_config_free(web);
    fake_finish();
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

    fake_connect("accept");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ukvm_config *made = config(cases[i].config);
        ck_assert_int_eq(ukvm_create(fake_handle, made, NULL, NULL), cases[i].rc);
        ck_assert_str_eq(ukvm_error_message(fake_handle), cases[i].message);
        ukvm_config_free(made);
    }
    fake_finish();
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
    fake_connect(script);
    ck_assert_int_eq(ukvm_create(fake_handle, made, NULL, NULL), 0);
    ukvm_config_free(made);
    fake_finish();
}
END_TEST

START_TEST(list_asks_for_every_page)
{
    struct ukvm_guest *guests;
    size_t count;

    fake_connect("request {\"op\":\"list\",\"after\":0}\n"
                 "reply {\"ok\":{\"guests\":[" GUEST("a", "1") "," GUEST(
                     "b", "5") "],\"more\":true}}\n"
                               "request {\"op\":\"list\",\"after\":5}\n"
                               "reply {\"ok\":{\"guests\":[" GUEST(
                                   "c", "6") "],\"more\":false}}\n"
                                             "request {\"op\":\"list\",\"after\":0}\nreply "
                                             "{\"ok\":{\"guests\":[],\"more\":false}}\n");
    ck_assert_int_eq(ukvm_list(fake_handle, &guests, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(guests[2].name, "c");
    free(guests);
    ck_assert_int_eq(ukvm_list(fake_handle, &guests, &count), 0);
    ck_assert_uint_eq(count, 0);
    free(guests);
    fake_finish();
}
END_TEST

START_TEST(console_gives_a_stream)
{
    char text[16] = "";
    int fd;

    fake_connect("request {\"op\":\"console\",\"guest\":\"a\",\"follow\":false}\nfd hello\\n\n"
                 "reply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_console(fake_handle, "a", false, &fd), 0);
    ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 6);
    ck_assert_str_eq(text, "hello\n");
    close(fd);
    fake_finish();
}
END_TEST

START_TEST(logs_give_a_stream)
{
    const struct ukvm_logs_options options = {
        .size = sizeof(options), .follow = true, .since_ms = 5000};
    int fd;

    fake_connect("request {\"op\":\"console\",\"guest\":\"a\",\"follow\":true,\"input\":false,"
                 "\"since_ms\":5000}\nfd hello\\n\nreply {\"ok\":{}}\n"
                 "request {\"follow\":false,\"input\":false}\nfd x\nreply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_logs(fake_handle, "a", &options, &fd), 0);
    close(fd);
    ck_assert_int_eq(ukvm_logs(fake_handle, "a", NULL, &fd), 0);
    close(fd);
    fake_finish();
}
END_TEST

START_TEST(replies_as_text)
{
    char *json;

    fake_connect(
        "request {\"op\":\"noxs\",\"guest\":\"a\"}\nreply {\"ok\":{\"page\":{\"daemon\":1}}}\n"
        "request {\"op\":\"version\"}\nreply {\"ok\":{\"version\":\"9\"}}\n");
    ck_assert_int_eq(ukvm_noxs_json(fake_handle, "a", &json), 0);
    ck_assert_str_eq(json, "{\"daemon\":1}");
    free(json);
    ck_assert_int_eq(ukvm_version_json(fake_handle, &json), 0);
    ck_assert_str_eq(json, "{\"version\":\"9\"}");
    free(json);
    fake_finish();
}
END_TEST

START_TEST(shutdown_options)
{
    fake_connect("request {\"op\":\"shutdown\",\"guest\":\"a\",\"timeout_ms\":500,\"force\":true}\n"
                 "reply {\"ok\":{}}\n");
    ck_assert_int_eq(ukvm_shutdown(fake_handle, "a", 500, true), 0);
    fake_finish();
}
END_TEST

START_TEST(names_that_no_guest_has)
{
    struct ukvm_guest guest;

    fake_connect("accept");
    ck_assert_int_eq(ukvm_info(fake_handle, "\xff", &guest), -UKVM_E_NOT_FOUND);
    ck_assert_int_eq(ukvm_shutdown(fake_handle, "\xff", 1, false), -UKVM_E_NOT_FOUND);
    fake_finish();
}
END_TEST

START_TEST(a_request_has_a_limit)
{
    static char name[70000];
    struct ukvm_guest guest;

    memset(name, 'x', sizeof(name) - 1);
    fake_connect("accept");
    ck_assert_int_eq(ukvm_info(fake_handle, name, &guest), -UKVM_E_LIMIT);
    fake_finish();
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
    fake_connect(script);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(ukvm_pause(fake_handle, "a"), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    fake_finish();
}
END_TEST

/* ---- memory ---- */

#define UNION                                                                                      \
    "request {}\nreply {\"ok\":{\"guest\":" GUEST("a", "1") ",\"guests\":[" GUEST(                 \
        "a", "1") "],\"more\":false,\"timing\":[{\"phase\":\"x\",\"us\":1}],\"page\":{}}}\n"

#define ONE_OF_MANY                                                                                \
    "request-fd {\"count\":1}\nreply {\"number\":1,\"ok\":{\"guest\":" GUEST(                      \
        "web-1", "1") "}}\nreply {\"ok\":{\"created\":1}}\n"

static int call_all(struct ukvm_config *web)
{
    struct ukvm_guest guest, *guests;
    size_t count;
    char *json;
    int rc = ukvm_open(fake_socket, &fake_handle, NULL);

    if (rc == 0)
        rc = ukvm_create(fake_handle, web, NULL, &guest);
    if (rc == 0)
        rc = ukvm_shutdown(fake_handle, "a", 5, false);
    if (rc == 0)
        rc = ukvm_create_many(fake_handle, web, NULL, 1, NULL, NULL);
    if (rc == 0)
        rc = ukvm_noxs_json(fake_handle, "a", &json);
    if (rc == 0)
        free(json);
    if (rc == 0)
        rc = ukvm_list(fake_handle, &guests, &count);
    if (rc == 0)
        free(guests);
    ukvm_close(fake_handle);
    fake_handle = NULL;
    return rc;
}

/*
 * Whichever allocation fails, nothing leaks, and nothing else goes wrong. The call need not say so:
 * jansson 2.14 drops a byte of a string that it reads when its buffer cannot grow.
 */
START_TEST(memory_runs_out)
{
    struct ukvm_config *web = config("name='web'\nkernel='/proc/self/exe'\nmemory=4");
    bool happened = true;

    for (unsigned n = 1; happened; n++) {
        fake_start(UNION UNION ONE_OF_MANY UNION UNION);
        fail_alloc_at(n);
        int rc = call_all(web);
        happened = fail_alloc_happened();
        fail_alloc_at(0);
        ck_assert_msg(rc == 0 || happened, "allocation %u: %d", n, rc);
        fake_kill();
    }
    ukvm_config_free(web);
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

int main(void)
{
    Suite *suite = suite_create("ukvm_client");
    TCase *cases = tcase_create("ukvm_client");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, no_daemon);
    tcase_add_test(cases, daemon_died);
    tcase_add_test(cases, path_too_long);
    tcase_add_test(cases, no_permission);
    tcase_add_test(cases, path_from_environment);
    tcase_add_test(cases, info_fills_the_guest);
    tcase_add_test(cases, long_texts_are_cut);
    tcase_add_test(cases, errors_travel);
    tcase_add_test(cases, create_passes_the_kernel);
    tcase_add_test(cases, create_many_tells_of_each);
    tcase_add_test(cases, create_checks_before_it_asks);
    tcase_add_test(cases, a_long_kernel_path_is_shown_shortened);
    tcase_add_test(cases, list_asks_for_every_page);
    tcase_add_test(cases, console_gives_a_stream);
    tcase_add_test(cases, logs_give_a_stream);
    tcase_add_test(cases, replies_as_text);
    tcase_add_test(cases, shutdown_options);
    tcase_add_test(cases, names_that_no_guest_has);
    tcase_add_test(cases, a_request_has_a_limit);
    tcase_add_test(cases, signals_do_not_interrupt);
    tcase_add_test(cases, memory_runs_out);
    tcase_add_test(cases, errors_have_names);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
