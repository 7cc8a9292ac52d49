#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>

#include <xen/grant_table.h>

#include <xen/evtchn.h>
#include <xen/gntdev.h>

/* What serving guests needs: no way to open, create, execute or look anything up. */
/* clang-format off */
static const int plain_calls[] = {
    /* rings, frames, clients, orders */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
    SCMP_SYS(recvfrom), SCMP_SYS(accept4), SCMP_SYS(getsockopt), SCMP_SYS(shutdown),
    SCMP_SYS(close), SCMP_SYS(poll),
    /* the loop */
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    /* the end, also by assert */
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(writev),
#ifdef SANDBOX_SANITIZED /* reports and the search for leaks */
    SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(lseek),
    SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(mprotect), SCMP_SYS(mmap),
    SCMP_SYS(sigaltstack), SCMP_SYS(prctl), SCMP_SYS(ptrace), SCMP_SYS(clone), SCMP_SYS(wait4),
    SCMP_SYS(sched_yield), SCMP_SYS(getppid), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64),
    SCMP_SYS(setrlimit), SCMP_SYS(process_vm_readv), SCMP_SYS(pipe2), SCMP_SYS(dup),
    SCMP_SYS(getuid), SCMP_SYS(kill), SCMP_SYS(access), SCMP_SYS(unlink), SCMP_SYS(stat),
    SCMP_SYS(ioctl), SCMP_SYS(open), SCMP_SYS(sched_getaffinity), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
#endif
};
/* clang-format on */

/* Calls that are harmless with this argument only. */
static const struct {
    int call;
    struct scmp_arg_cmp argument;
} checked_calls[] = {
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, IOCTL_EVTCHN_NOTIFY, 0}},
    {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, IOCTL_GNTDEV_MAP_GRANT_REF, 0}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, F_GETFL, 0}},
    {SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, F_SETFL, 0}},
    {SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
};

static int add_rules(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp own_pid = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(plain_calls) / sizeof(plain_calls[0]); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_calls[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof(checked_calls) / sizeof(checked_calls[0]); i++) {
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, checked_calls[i].call, 1,
                                    &checked_calls[i].argument);
        /* The sanitizers' list allows some of them whole. */
        if (rc == -EEXIST)
            rc = 0;
    }
    /* abort() signals the process itself, and may signal no other of the same user. */
    if (rc == 0)
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own_pid);
    return rc;
}

int sandbox_seal(char *text)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return -ENOMEM;
    /* A binary tree: the filter runs on every system call of the data path. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int rc = add_rules(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc < 0)
        snprintf(text, SANDBOX_TEXT_MAX, "cannot install the system call filter: %s",
                 strerror(-rc));
    return rc;
}
