/* What chaosd gives up, tried in child processes: capabilities and system calls. Needs root. */
#include "fixture/suite.h"
#include "io/io_msg.h"
#include "util/seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP 77
#define DIED -1

static char text[SEAL_TEXT_MAX];
static char dir[] = "/tmp/chaos-test.XXXXXX";

static void setup(void)
{
    strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chmod(dir, 0755), 0);
}

static void teardown(void)
{
    char path[64];
    static const char *const names[] = {"file", "iod.sock"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/empty", dir);
    rmdir(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

/* In a child after both: what act returns, or DIED if the filter killed it. */
static int sealed(int (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (seal_capabilities(text) < 0 || seal_calls(text) < 0)
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

/* Exits with the number of the line that does not hold. */
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 97 + 1);                                                              \
    } while (0)

/* ---- what it may -------------------------------------------------------------------- */

static int files(void)
{
    char path[64], renamed[64];
    snprintf(path, sizeof(path), "%s/file", dir);
    snprintf(renamed, sizeof(renamed), "%s/other", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    HOLDS(fd >= 0);
    HOLDS(posix_fallocate(fd, 0, 8192) == 0 && pwrite(fd, "x", 1, 4096) == 1);
    void *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    HOLDS(map != MAP_FAILED && msync(map, 8192, MS_SYNC) == 0);
    HOLDS(munmap(map, 8192) == 0);
    HOLDS(ftruncate(fd, 0) == 0 && fdatasync(fd) == 0);
    HOLDS(rename(path, renamed) == 0 && rename(renamed, path) == 0);
    HOLDS(chown(path, (uid_t)-1, 65534) == 0);
    HOLDS(memfd_create("x", MFD_CLOEXEC) >= 0);
    return 0;
}

static void *in_thread(void *arg)
{
    *(bool *)arg = true;
    return NULL;
}

static int threads(void)
{
    pthread_t thread;
    bool ran = false;
    HOLDS(pthread_create(&thread, NULL, in_thread, &ran) == 0);
    HOLDS(pthread_join(thread, NULL) == 0 && ran);
    return 0;
}

static int sockets(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HOLDS(socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0);
    HOLDS(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    /* Below 1024, as root may publish: in use is as good an answer. */
    address.sin_port = htons(1);
    HOLDS(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EADDRINUSE);
    return 0;
}

static int dial(const struct sockaddr_un *address)
{
    for (int i = 0; i < 1000; i++) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            return fd;
        close(fd);
        usleep(10000);
    }
    return -1;
}

/* As chaosd starts it, and as it is ended. In between it has entered its own sandbox. */
static int run_iod(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[] = "chaos-iod", option[] = "--socket";
    char *const arguments[] = {name, option, address.sun_path, NULL};
    struct io_msg_hello hello = {.header = {.type = IO_MSG_HELLO, .size = sizeof(hello)},
                                 .version = IO_MSG_VERSION};
    siginfo_t info = {0};
    pid_t pid;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/iod.sock", dir);
    HOLDS(posix_spawn(&pid, IOD_PATH, NULL, NULL, arguments, environ) == 0);
    int fd = dial(&address);
    HOLDS(fd >= 0);
    HOLDS(send(fd, &hello, sizeof(hello), 0) == sizeof(hello));
    HOLDS(recv(fd, &hello, sizeof(hello), 0) == sizeof(hello));
    HOLDS(kill(pid, SIGTERM) == 0);
    HOLDS(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
    HOLDS(info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS);
    return 0;
}

/* What chaos-iod does to become a user without rights. */
static int become_nobody(void)
{
    HOLDS(chdir(dir) == 0 && chroot(".") == 0);
    HOLDS(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0) == 0);
    pid_t child = fork();
    HOLDS(child >= 0);
    if (child == 0) {
        gid_t none[1];
        HOLDS(syscall(SYS_setgroups, 0, none) == 0);
        HOLDS(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
        HOLDS(setuid(0) < 0);
        for (;;)
            pause();
    }
    /* Another user's by now, or soon: either way it ends. */
    usleep(10000);
    HOLDS(kill(child, SIGKILL) == 0);
    HOLDS(waitpid(child, NULL, 0) == child);
    return 0;
}

static int (*const allowed[])(void) = {files, threads, sockets, run_iod, become_nobody};

START_TEST(what_chaosd_does_is_allowed)
{
    ck_assert_int_eq(sealed(allowed[_i]), 0);
}
END_TEST

/* ---- what kills it ------------------------------------------------------------------ */

static const long deadly[] = {
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_unshare,
    SYS_setns,
    SYS_init_module,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_io_uring_setup,
    SYS_pidfd_getfd,
    SYS_execveat,
    SYS_add_key,
    SYS_finit_module,
    SYS_kexec_file_load,
    SYS_request_key,
    SYS_iopl,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_delete_module,
    SYS_acct,
    SYS_syslog,
    SYS_adjtimex,
    SYS_clock_settime,
    SYS_process_vm_writev,
#ifndef SEAL_SANITIZED
    SYS_ptrace,
    SYS_process_vm_readv,
#endif
};

static long number;

/* With arguments that do nothing even where the call is allowed. */
static int call_it(void)
{
    syscall(number, -1L, 0L, 0L, 0L, 0L, 0L);
    return 1;
}

START_TEST(what_no_toolstack_does_kills)
{
    number = deadly[_i];
    ck_assert_msg(sealed(call_it) == DIED, "system call %ld", number);
}
END_TEST

/* ---- what is not there -------------------------------------------------------------- */

static int odd_calls(void)
{
    errno = 0;
    HOLDS(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == ENOSYS);
    HOLDS(socket(AF_INET6, SOCK_DGRAM, 0) < 0 && errno == ENOSYS);
    HOLDS(syscall(SYS_nfsservctl, 0, 0, 0) < 0 && errno == ENOSYS);
    HOLDS(syscall(SYS_semget, 1, 1, 0) < 0 && errno == ENOSYS);
#ifndef SEAL_SANITIZED
    HOLDS(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0 && errno == ENOSYS);
    HOLDS(syscall(SYS_clone3, 0, 0) < 0 && errno == ENOSYS);
#endif
    return 0;
}

START_TEST(other_calls_are_not_there)
{
    ck_assert_int_eq(sealed(odd_calls), 0);
}
END_TEST

/* ---- capabilities ------------------------------------------------------------------- */

/* No right by capability, whatever the owner of the file: root of before could. */
static int without_capabilities(void)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/file", dir);
    int fd = open(path, O_RDONLY);
    HOLDS(fd >= 0); /* CAP_DAC_READ_SEARCH */
    HOLDS(open(path, O_WRONLY) < 0 && errno == EACCES);
    HOLDS(chmod(path, 0777) < 0 && errno == EPERM);
    return 0;
}

START_TEST(root_is_not_almighty)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/file", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchown(fd, 65534, 65534) | close(fd), 0);
    ck_assert_int_eq(sealed(without_capabilities), 0);
}
END_TEST

/* The sets of the process and, with exec, of the program it starts: docs/threat-model.md. */
#define SETS "grep -qx 'Cap%s:.%s' /proc/self/status"

static int executed_gains_nothing(void)
{
    static const char *const sets[] = {"Prm", "Eff", "Bnd"};
    char command[128];
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        snprintf(command, sizeof(command), SETS, sets[i], "00000000000415e5");
        HOLDS(system(command) == 0);
    }
    snprintf(command, sizeof(command), SETS, "Inh", "0000000000000000");
    HOLDS(system(command) == 0);
    HOLDS(system("grep -qx 'NoNewPrivs:.1' /proc/self/status") == 0);
    HOLDS(system("grep -qx 'Seccomp:.2' /proc/self/status") == 0);
    return 0;
}

START_TEST(what_is_executed_gains_nothing)
{
    ck_assert_int_eq(sealed(executed_gains_nothing), 0);
}
END_TEST

int main(void)
{
    if (geteuid() != 0) {
        puts("skipped: needs root");
        return SKIP;
    }
    Suite *suite = suite_create("seal");
    TCase *tests = tcase_create("seal");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_chaosd_does_is_allowed, 0,
                        (int)(sizeof(allowed) / sizeof(allowed[0])));
    tcase_add_loop_test(tests, what_no_toolstack_does_kills, 0,
                        (int)(sizeof(deadly) / sizeof(deadly[0])));
    tcase_add_test(tests, other_calls_are_not_there);
    tcase_add_test(tests, root_is_not_almighty);
    tcase_add_test(tests, what_is_executed_gains_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
