#include "daemons.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

static const char *const names[] = {
    [DAEMONS_CHAOSD] = "chaosd",
    [DAEMONS_IOD] = "iod",
    [DAEMONS_BOTH] = "both",
};

bool daemons_parse(const char *name, enum daemons *which_out)
{
    for (unsigned i = DAEMONS_CHAOSD; i <= DAEMONS_BOTH; i++)
        if (strcmp(name, names[i]) == 0) {
            *which_out = (enum daemons)i;
            return true;
        }
    return false;
}

const char *daemons_name(enum daemons which)
{
    return names[which];
}

static void kill_one(const char *name)
{
    int pid = bench_pid(name);
    int fd = pid > 0 ? pidfd_open(pid, 0) : -1;
    struct pollfd gone = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return;
    pidfd_send_signal(fd, SIGKILL, NULL, 0);
    poll(&gone, 1, -1);
    close(fd);
}

/* chaosd first: it would start another chaos-iod. */
void daemons_kill(enum daemons which)
{
    if (which & DAEMONS_CHAOSD)
        kill_one("chaosd");
    if (which & DAEMONS_IOD)
        kill_one("chaos-iod");
}

int daemons_launch(void)
{
    const char *const arguments[] = {"chaosd", "-d", NULL};
    pid_t pid;
    int rc = posix_spawn(&pid, bench_program("chaosd"), NULL, NULL,
                         (char *const *)(uintptr_t)arguments, environ);

    if (rc != 0)
        bench_fail("chaosd", strerror(rc));
    return pid;
}

void daemons_await(int process)
{
    int status;

    if (waitpid(process, &status, 0) < 0 || status != 0)
        bench_fail("chaosd", "it does not start");
}
