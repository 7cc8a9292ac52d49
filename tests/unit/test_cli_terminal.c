/* What chaos does on a terminal: the console in raw mode and back, and tables cut to its width. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fixture/fake_chaosd.h"

#define CONSOLE "request {\"op\":\"console\",\"follow\":true}\n"

static char socket_path[64];
static pid_t fake, chaos;
static int terminal, keeper; /* the two ends: ours, and one that keeps the other open */
static struct termios before;

static void start(const char *script, unsigned short columns, const char *verb, const char *guest)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};

    snprintf(socket_path, sizeof(socket_path), "/tmp/test-cli-%d.sock", (int)getpid());
    setenv("CHAOS_SOCKET", socket_path, 1);
    fake = fake_chaosd_start(socket_path, script);
    ck_assert_int_gt(fake, 0);
    ck_assert_int_eq(openpty(&terminal, &keeper, NULL, NULL, &size), 0);
    ck_assert_int_eq(tcgetattr(keeper, &before), 0);
    chaos = fork();
    if (chaos == 0) {
        /* Not its controlling terminal: that would be hung up, and drop output, when it ends. */
        for (int fd = 0; fd <= 2; fd++)
            dup2(keeper, fd);
        close(terminal);
        close(keeper);
        execl(CHAOS_PROGRAM, "chaos", verb, guest, NULL);
        _exit(127);
    }
}

/* Collects what appears on the terminal until it holds a text. */
static void wait_for(const char *text)
{
    static char seen[4096];
    struct pollfd fd = {.fd = terminal, .events = POLLIN};
    size_t length = 0;

    seen[0] = '\0';
    while (strstr(seen, text) == NULL) {
        ck_assert_msg(poll(&fd, 1, 10000) == 1, "no '%s' in '%s'", text, seen);
        ssize_t n = read(terminal, seen + length, sizeof(seen) - 1 - length);
        ck_assert_int_gt(n, 0);
        length += (size_t)n;
        seen[length] = '\0';
    }
}

static void expect_mode(bool raw)
{
    struct termios now;

    ck_assert_int_eq(tcgetattr(keeper, &now), 0);
    ck_assert_int_eq((now.c_lflag & (ICANON | ECHO | ISIG)) == 0, raw);
    if (!raw) {
        ck_assert_uint_eq(now.c_lflag, before.c_lflag);
        ck_assert_uint_eq(now.c_iflag, before.c_iflag);
        ck_assert_uint_eq(now.c_oflag, before.c_oflag);
    }
}

static int wait_chaos(void)
{
    int status;

    ck_assert_int_eq(waitpid(chaos, &status, 0), chaos);
    expect_mode(false);
    ck_assert(fake_chaosd_stop(fake));
    unlink(socket_path);
    return status;
}

static void type(const char *keys)
{
    ck_assert_int_eq(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

START_TEST(detach_key)
{
    start(CONSOLE "fd-echo 1000\nreply {\"ok\":{}}\n", 80, "console", "web");
    wait_for("press Ctrl-] to leave");
    expect_mode(true);
    /* Ctrl-C is the guest's. What is typed before the detach key still arrives. */
    type("abc\x03");
    wait_for("abc\x03");
    type("xyz\x1d");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(detach_key_when_the_guest_takes_nothing)
{
    static char keys[4096];
    start(CONSOLE "fd-deaf\nreply {\"ok\":{}}\n", 80, "console", "web");
    wait_for("press Ctrl-] to leave");
    memset(keys, 'x', sizeof(keys) - 1);
    /* More than the socket and all buffers on the way hold. */
    for (int i = 0; i < 256; i++)
        type(keys);
    type("\x1d");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(guest_ends)
{
    start(CONSOLE "fd bye\\n\nreply {\"ok\":{}}\n", 80, "console", "web");
    /* The line ends as a terminal wants it, although keys are raw. */
    wait_for("bye\r\n");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(who_only_reads_is_told_and_can_leave)
{
    start(CONSOLE "fd-reader hello\nreply {\"ok\":{}}\n", 80, "console", "web");
    wait_for("somebody else has the input of this console; this one only reads");
    expect_mode(true);
    type("lost");
    type("\x1d");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

#define STATS(cpu, taken)                                                                          \
    "request {\"op\":\"stats\"}\n"                                                                 \
    "reply {\"ok\":{\"guests\":[{\"name\":\"web\",\"domid\":3,\"state\":\"running\",\"vcpus\":1,"  \
    "\"cpu_ns\":" cpu ",\"memory_bytes\":4194304,\"vifs\":[]},"                                    \
    "{\"name\":\"db\",\"domid\":4,\"state\":\"paused\",\"vcpus\":1,\"cpu_ns\":0,"                  \
    "\"memory_bytes\":8388608,\"vifs\":null}],\"last\":4,\"taken_ns\":" taken                      \
    ",\"more\":false}}\n"
#define WEB_FIRST                                                                                  \
    "web       3  running          50.0    4.0M      1       0       0\033[K\r\n"                  \
    "db        4  paused            0.0    8.0M      1       -       -\033[K"
#define DB_FIRST                                                                                   \
    "db        4  paused            0.0    8.0M      1       -       -\033[K\r\n"                  \
    "web       3  running          50.0    4.0M      1       0       0\033[K"

static void start_top(const char *script)
{
    start(script, 80, "top", "--delay=0.5");
    wait_for(WEB_FIRST);
}

START_TEST(top_is_live)
{
    struct termios now;

    start_top(STATS("0", "1000000000") STATS("500000000", "2000000000") "sleep 10000\n");
    ck_assert_int_eq(tcgetattr(keeper, &now), 0);
    ck_assert_uint_eq(now.c_lflag & (ICANON | ECHO), 0);
    type("m");
    wait_for(DB_FIRST);
    type("xc");
    wait_for(WEB_FIRST);
    const struct winsize small = {.ws_row = 2, .ws_col = 9};
    ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &small), 0);
    kill(chaos, SIGWINCH);
    wait_for("\033[H2 guests,\033[K\r\nNAME  DOM\033[K\033[J");
    type("q");
    wait_for("\033[?25h\033[?1049l");
    int status;
    ck_assert_int_eq(waitpid(chaos, &status, 0), chaos);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_mode(false);
    kill(fake, SIGKILL);
    fake_chaosd_stop(fake);
    unlink(socket_path);
}
END_TEST

START_TEST(top_stops_and_goes_on)
{
    int status;

    start_top(STATS("0", "1000000000") STATS("500000000", "2000000000") "sleep 10000\n");
    kill(chaos, SIGTSTP);
    ck_assert_int_eq(waitpid(chaos, &status, WUNTRACED), chaos);
    ck_assert(WIFSTOPPED(status));
    expect_mode(false);
    wait_for("\033[?25h\033[?1049l");
    kill(chaos, SIGCONT);
    wait_for(WEB_FIRST);
    kill(chaos, SIGTERM);
    wait_for("\033[?25h\033[?1049l");
    ck_assert_int_eq(waitpid(chaos, &status, 0), chaos);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    expect_mode(false);
    kill(fake, SIGKILL);
    fake_chaosd_stop(fake);
    unlink(socket_path);
}
END_TEST

START_TEST(top_ends_with_chaosd)
{
    start(STATS("0", "1000000000") "close\n", 80, "top", "--delay=0.1");
    wait_for("\033[?25h\033[?1049lchaos: top: ");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}
END_TEST

static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

START_TEST(killed)
{
    start(CONSOLE "fd-echo 1000\nreply {\"ok\":{}}\n", 80, "console", "web");
    wait_for("press Ctrl-] to leave");
    expect_mode(true);
    kill(chaos, signals[_i]);
    int status = wait_chaos();
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == signals[_i]);
}
END_TEST

START_TEST(table_fits)
{
    start("request {\"op\":\"list\"}\n"
          "reply {\"ok\":{\"guests\":[{\"name\":\"web\",\"domid\":3,\"uuid\":\"u\",\"state\":"
          "\"crashed\",\"reason\":\"a long reason that does not fit\",\"memory_bytes\":4194304,"
          "\"vcpus\":1,\"kernel\":\"/k\",\"vifs\":[]}],\"more\":false}}\n",
          50, "list", NULL);
    wait_for("NAME  DOMID  STATE    MEMORY  VCPUS  IP  REASON\r\n"
             "web   3      crashed  4 MiB   1      -   a long re\r\n");
    int status = wait_chaos();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_terminal");
    TCase *cases = tcase_create("terminal");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, detach_key);
    tcase_add_test(cases, detach_key_when_the_guest_takes_nothing);
    tcase_add_test(cases, guest_ends);
    tcase_add_test(cases, who_only_reads_is_told_and_can_leave);
    tcase_add_loop_test(cases, killed, 0, (int)(sizeof(signals) / sizeof(signals[0])));
    tcase_add_test(cases, table_fits);
    tcase_add_test(cases, top_is_live);
    tcase_add_test(cases, top_stops_and_goes_on);
    tcase_add_test(cases, top_ends_with_chaosd);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
