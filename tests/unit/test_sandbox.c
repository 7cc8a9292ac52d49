/*
 * What chaos-iod gives up, tried in child processes; and the program itself, from its socket to its
 * end. Needs root.
 */
#include "io/io_msg.h"
#include "io/sandbox.h"
#include "util/fd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIP     77
#define SURVIVED 0
#define DIED     -1

static char dir[] = "/tmp/chaos-test.XXXXXX";
static char text[SANDBOX_TEXT_MAX];
static pid_t parent;

static void setup(void)
{
    strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chmod(dir, 0755), 0);
    parent = getpid();
}

static void teardown(void)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/empty", dir);
    rmdir(path);
    snprintf(path, sizeof(path), "%s/iod.sock", dir);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

/* Runs act in a sealed child. Its exit status, or DIED if the filter killed it. */
static int sealed(int (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (sandbox_seal(text) < 0)
            _exit(99);
        _exit(act());
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGSYS);
        return DIED;
    }
    return WEXITSTATUS(status);
}

static int nothing(void)
{
    return SURVIVED;
}

static int memory_and_time(void)
{
    struct timespec now;
    void *block = malloc(1 << 20);
    clock_gettime(CLOCK_MONOTONIC, &now);
    free(block);
    return SURVIVED;
}

static int signal_itself(void)
{
    return (int)syscall(SYS_tgkill, getpid(), gettid(), 0);
}

static int signal_another(void)
{
    return (int)syscall(SYS_tgkill, parent, parent, 0);
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0) < 0;
}

static int execute(void)
{
    return execl("/bin/true", "true", NULL);
}

static int change_root(void)
{
    return chroot("/");
}

static int change_user(void)
{
    return setuid(0);
}

static int load_module(void)
{
    return (int)syscall(SYS_init_module, NULL, 0, "");
}

static int (*const forbidden[])(void) = {
    open_socket, execute, change_root, change_user, load_module, signal_another,
};

START_TEST(what_serving_needs_is_allowed)
{
    ck_assert_int_eq(sealed(nothing), SURVIVED);
    ck_assert_int_eq(sealed(memory_and_time), SURVIVED);
    ck_assert_int_eq(sealed(signal_itself), SURVIVED);
}
END_TEST

START_TEST(forbidden_calls_kill)
{
    ck_assert_int_eq(sealed(forbidden[_i]), DIED);
}
END_TEST

#ifndef SANDBOX_SANITIZED
static int send_signal_to_group(void)
{
    return killpg(0, 0);
}

static int open_file(void)
{
    return open("/etc/passwd", O_RDONLY) < 0;
}

static int executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int other_ioctl(void)
{
    int size;
    return ioctl(0, 0x541b, &size);
}

static int duplicate(void)
{
    return fcntl(0, F_DUPFD, 3) < 0;
}

static int (*const forbidden_strictly[])(void) = {open_file, executable_memory, other_ioctl,
                                                  duplicate, send_signal_to_group};

START_TEST(forbidden_without_sanitizers)
{
    ck_assert_int_eq(sealed(forbidden_strictly[_i]), DIED);
}
END_TEST
#endif

/* In the child, after the drop: exits with the number of the line that does not hold. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 251 + 1);                                                             \
    } while (0)

static void check_dropped(void)
{
    uid_t real, effective, saved;
    HOLDS(getresuid(&real, &effective, &saved) == 0);
    HOLDS(real != 0 && real == effective && real == saved);
    HOLDS(setuid(0) < 0);
    HOLDS(getgroups(0, NULL) == 0);
    HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    HOLDS(prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0);
#ifndef SANDBOX_SANITIZED
    HOLDS(open("/etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
#endif
    HOLDS(open("/file", O_CREAT | O_WRONLY, 0600) < 0);
}

START_TEST(rights_are_gone)
{
    pid_t child = fork();
    if (child == 0) {
        char root[64];
        snprintf(root, sizeof(root), "%s/empty", dir);
        HOLDS(sandbox_drop(NULL, root, text) == 0);
        check_dropped();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* In the child: what sandbox_drop says to a root directory that is not as it must be. */
static void refuses(const char *root, int rc, const char *why)
{
    pid_t child = fork();
    if (child == 0) {
        HOLDS(sandbox_drop("nobody", root, text) == rc);
        HOLDS(strstr(text, why) != NULL);
        HOLDS(getuid() == 0);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(root_directory_must_be_safe)
{
    char root[64];
    snprintf(root, sizeof(root), "%s/none/empty", dir);
    refuses(root, -ENOENT, "none/empty");
    snprintf(root, sizeof(root), "%s/empty", dir);
    ck_assert_int_eq(mkdir(root, 0755), 0);
    refuses(dir, -EPERM, "not empty");
    ck_assert_int_eq(chmod(root, 0775), 0);
    refuses(root, -EPERM, "others than root");
    ck_assert_int_eq(chmod(root, 0755), 0);
    ck_assert_int_eq(chown(root, 65534, 0), 0);
    refuses(root, -EPERM, "others than root");
    ck_assert_int_eq(rmdir(root), 0);
    ck_assert_int_eq(symlink("/", root), 0);
    refuses(root, -ENOTDIR, "empty");
    ck_assert_int_eq(unlink(root), 0);
}
END_TEST

START_TEST(no_such_user)
{
    ck_assert_int_eq(sandbox_drop("no-such-user", dir, text), -ENOENT);
    ck_assert_str_eq(text, "there is no user no-such-user");
    ck_assert_int_eq(sandbox_drop("root", dir, text), -EINVAL);
}
END_TEST

/* ---- the program -------------------------------------------------------------------- */

static pid_t start(void)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/iod.sock", dir);
    pid_t child = fork();
    if (child == 0) {
        execl(IOD_PATH, "chaos-iod", "--socket", path, NULL);
        _exit(99);
    }
    return child;
}

static int dial(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/iod.sock", dir);
    for (int i = 0; i < 1000; i++) {
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
            return fd;
        nanosleep(&pause, NULL);
    }
    ck_abort_msg("chaos-iod does not listen");
    return -1;
}

static void greet(int fd)
{
    struct io_msg_hello hello = {
        .header = {.type = IO_MSG_HELLO, .size = sizeof(hello)},
        .version = IO_MSG_VERSION,
    };
    ck_assert_int_eq(fd_send(fd, &hello, sizeof(hello), NULL, 0), 0);
    ck_assert_int_eq(recv(fd, &hello, sizeof(hello), 0), sizeof(hello));
    ck_assert_uint_eq(hello.version, IO_MSG_VERSION);
}

static void stop(pid_t child)
{
    int status;
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(program_serves_and_ends)
{
    pid_t child = start();
    int fd = dial();
    greet(fd);
    close(fd);
    fd = dial();
    greet(fd);
    stop(child);
    close(fd);
    /* Its socket is left behind, and its successor replaces it. */
    child = start();
    fd = dial();
    greet(fd);
    close(fd);
    stop(child);
}
END_TEST

START_TEST(program_is_not_root)
{
    char path[64], line[128];
    pid_t child = start();
    int fd = dial();
    greet(fd);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    bool filtered = false;
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned uid;
        if (sscanf(line, "Uid: %u", &uid) == 1)
            ck_assert_uint_ne(uid, 0);
        if (strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapBnd:", 7) == 0)
            ck_assert_str_eq(line + 8, "0000000000000000\n");
        filtered = filtered || strcmp(line, "Seccomp:\t2\n") == 0;
    }
    fclose(file);
    ck_assert(filtered);
    stop(child);
    close(fd);
}
END_TEST

START_TEST(second_program_is_refused)
{
    int status;
    pid_t child = start();
    int fd = dial();
    greet(fd);
    pid_t second = start();
    ck_assert_int_eq(waitpid(second, &status, 0), second);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
    greet(fd);
    stop(child);
    close(fd);
}
END_TEST

int main(void)
{
    if (geteuid() != 0) {
        puts("skipped: needs root");
        return SKIP;
    }
    Suite *suite = suite_create("sandbox");
    TCase *tests = tcase_create("sandbox");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_serving_needs_is_allowed);
    tcase_add_loop_test(tests, forbidden_calls_kill, 0,
                        (int)(sizeof(forbidden) / sizeof(forbidden[0])));
#ifndef SANDBOX_SANITIZED
    tcase_add_loop_test(tests, forbidden_without_sanitizers, 0,
                        (int)(sizeof(forbidden_strictly) / sizeof(forbidden_strictly[0])));
#endif
    tcase_add_test(tests, rights_are_gone);
    tcase_add_test(tests, root_directory_must_be_safe);
    tcase_add_test(tests, no_such_user);
    tcase_add_test(tests, program_serves_and_ends);
    tcase_add_test(tests, program_is_not_root);
    tcase_add_test(tests, second_program_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
