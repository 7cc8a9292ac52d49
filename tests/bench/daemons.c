#include "daemons.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Who died and was not waited for has the name, too. */
static bool runs(const char *pid, const char *name)
{
    char path[300], is[32], state;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;
    bool ok = fscanf(file, "%*d (%31[^)]) %c", is, &state) == 2;
    fclose(file);
    return ok && strcmp(is, name) == 0 && state != 'Z';
}

static void end(const char *pid)
{
    int fd = pidfd_open((pid_t)strtol(pid, NULL, 10), 0);
    struct pollfd gone = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return;
    pidfd_send_signal(fd, SIGKILL, NULL, 0);
    poll(&gone, 1, -1);
    close(fd);
}

static void kill_named(const char *name)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;

    if (dir == NULL)
        bench_fail("/proc", strerror(errno));
    while ((entry = readdir(dir)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) && runs(entry->d_name, name))
            end(entry->d_name);
    closedir(dir);
}

/* chaosd first: it would start another chaos-iod. */
void daemons_kill(enum daemons which)
{
    if (which & DAEMONS_CHAOSD)
        kill_named("chaosd");
    if (which & DAEMONS_IOD)
        kill_named("chaos-iod");
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
