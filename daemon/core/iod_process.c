#include "core/iod_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/log.h"
#include "util/unix_socket.h"

#define STOP_MS 2000

static struct iod_process *from_link(struct iod_link *link)
{
    return (struct iod_process *)link;
}

/* If it is our child it stays a zombie until this. */
static void forget(struct iod_process *process)
{
    siginfo_t info;

    if (process->pidfd < 0)
        return;
    waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG);
    fd_close(&process->pidfd);
}

/*
 * Call this before another process can have got the pid: of a child, while it is not reaped; of a
 * peer, see process_connect.
 */
static void remember(struct iod_process *process, pid_t pid)
{
    forget(process);
    process->pidfd = pidfd_open(pid, 0);
}

/* ---- finding ------------------------------------------------------------------------ */

static int process_connect(struct iod_link *link, int *fd_out)
{
    struct iod_process *process = from_link(link);
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int fd = -1;
    int rc = unix_socket_connect(process->socket, &fd);

    if (rc < 0)
        return rc;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
        remember(process, peer.pid);
    /* If it was gone when we looked up its pid, another process may have that: not to be killed. */
    struct pollfd gone = {.fd = fd};
    if (poll(&gone, 1, 0) != 0) {
        forget(process);
        fd_close(&fd);
        return -ECONNREFUSED;
    }
    *fd_out = fd;
    return 0;
}

/* ---- starting ----------------------------------------------------------------------- */

/* Nothing is inherited but stderr: not the hypervisor's fds, not a signal that is ignored here. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes)
{
    sigset_t all, none;

    sigfillset(&all);
    sigemptyset(&none);
    int rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return rc;
}

static int process_start(struct iod_link *link)
{
    struct iod_process *process = from_link(link);
    const char *const arguments[] = {"chaos-iod", "--socket", process->socket, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int rc = prepare(&files, &attributes);
    /* exec does not write to its arguments, though its type says so. */
    if (rc == 0)
        rc = posix_spawn(&pid, process->program, &files, &attributes,
                         (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (rc != 0) {
        log_error("%s: %s", process->program, strerror(rc));
        return -rc;
    }
    remember(process, pid);
    process->started = true;
    return 0;
}

/* ---- ending ------------------------------------------------------------------------- */

static void process_kill(struct iod_link *link)
{
    struct iod_process *process = from_link(link);

    if (process->pidfd < 0)
        return;
    pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
    /* It still holds its socket and the uplink until it is gone; that takes no time. */
    struct pollfd gone = {.fd = process->pidfd, .events = POLLIN};
    poll(&gone, 1, STOP_MS);
    forget(process);
}

void iod_process_stop(struct iod_process *process)
{
    int fd = -1;

    if (process->pidfd < 0 && process_connect(&process->link, &fd) < 0)
        return;
    fd_close(&fd);
    if (process->pidfd >= 0) {
        struct pollfd gone = {.fd = process->pidfd, .events = POLLIN};
        pidfd_send_signal(process->pidfd, SIGTERM, NULL, 0);
        if (poll(&gone, 1, STOP_MS) != 1)
            process_kill(&process->link);
    }
    forget(process);
    /* It cannot do that from its sandbox. */
    unlink(process->socket);
}

static const struct iod_link_ops process_ops = {
    .connect = process_connect,
    .start = process_start,
    .kill = process_kill,
};

void iod_process_init(struct iod_process *process, const char *program, const char *socket)
{
    *process = (struct iod_process){
        .link.ops = &process_ops, .program = program, .socket = socket, .pidfd = -1};
}
