#include "ctl/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "ctl/client.h"
#include "ctl/message.h"
#include "util/fd.h"
#include "util/fd_closer.h"
#include "util/log.h"
#include "util/unix_socket.h"

#define BACKLOG 64
#define GROUP   "chaos"
#define LOCK    "state.lock"

/* ---- the door ----------------------------------------------------------------------- */

static unsigned count_user(const struct ctl_server *server, uid_t uid)
{
    unsigned count = 0;

    LIST_FOR_EACH(node, &server->clients)
    count += LIST_OWNER(node, struct ctl_client, node)->uid == uid;
    return count;
}

/*
 * Root can always look after a host whose users have taken all that they may. A connection whose
 * unread descriptors will not close is its user's still: it holds one of ours.
 */
static int check_room(const struct ctl_server *server, uid_t uid, struct error *error)
{
    unsigned reserved = uid == 0 ? 0 : LIMIT_ROOT_CLIENTS;
    unsigned used = uid == 0 ? 0 : count_user(server, uid) + fd_closer_connections(uid);

    if (uid != 0 && used >= limit_of(LIMIT_ID_USER_CLIENTS))
        return limit_used_up(error, LIMIT_ID_USER_CLIENTS, used, 1);
    if (server->client_count + reserved >= limit_of(LIMIT_ID_CLIENTS))
        return limit_used_up(error, LIMIT_ID_CLIENTS, server->client_count, 1);
    return 0;
}

/* There is no request yet to answer, so the answer has no id. */
static void refuse(struct ctl_server *server, int fd, uid_t uid, const struct error *error)
{
    const struct message nameless = {0};
    json_t *message = message_error(&nameless, error);
    size_t size =
        message == NULL ? 0 : json_dumpb(message, server->buffer, LIMIT_MESSAGE, JSON_COMPACT);

    json_decref(message);
    log_debug("a connection of user %u is refused: %s", (unsigned)uid, error->text);
    if (size > 0 && size <= LIMIT_MESSAGE && fd_send(fd, server->buffer, size, NULL, 0) < 0)
        log_debug("nor can it be told");
    fd_close_connection(&fd, uid);
}

static void on_listener(void *arg, int fd, unsigned ready)
{
    struct ctl_server *server = arg;
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    struct error error;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)ready;
    if (client < 0) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
            log_warning("a connection cannot be accepted: %s", strerror(errno));
        return;
    }
    int rc = getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    if (rc < 0)
        error_from_errno(&error, errno, "credentials");
    else
        rc = check_room(server, peer.uid, &error);
    if (rc == 0)
        ctl_client_create(server, client, peer.uid, peer.pid);
    else
        refuse(server, client, peer.uid, &error);
}

/* ---- the path ----------------------------------------------------------------------- */

static int path_error(struct error *error, const char *path, int errnum)
{
    int code = errnum == EACCES || errnum == EPERM ? UKVM_E_PERMISSION : UKVM_E_NO_FILE;
    return error_set(error, code, "%s: %s", path, strerror(errnum));
}

/*
 * Of the directory and not of the socket: a chaosd on another socket there would open the same
 * store and find the same chaos-iod. A file, because who may read a directory could lock that.
 */
static int lock_directory(const char *directory, int *lock_out, struct error *error)
{
    char path[UNIX_SOCKET_PATH_MAX + sizeof("/" LOCK)];

    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return path_error(error, directory, errno);
    snprintf(path, sizeof(path), "%s/" LOCK, directory);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return path_error(error, path, errno);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        fd_close(&lock);
        return error_set(error, UKVM_E_EXISTS,
                         "another chaosd has %s and its guests: stop it first", directory);
    }
    *lock_out = lock;
    return 0;
}

int ctl_server_lock(struct ctl_server *server, const char *path, struct error *error)
{
    char copy[UNIX_SOCKET_PATH_MAX];

    *server = (struct ctl_server){.lock = -1, .listener = -1};
    list_init(&server->clients);
    list_init(&server->users);
    if (strlen(path) >= UNIX_SOCKET_PATH_MAX)
        return path_error(error, path, ENAMETOOLONG);
    snprintf(copy, sizeof(copy), "%s", path);
    int rc = lock_directory(dirname(copy), &server->lock, error);
    if (rc < 0)
        return rc;
    server->path = strdup(path);
    server->buffer = malloc(LIMIT_MESSAGE + 1);
    if (server->path == NULL || server->buffer == NULL)
        return error_from_errno(error, ENOMEM, "control socket");
    return 0;
}

static int open_to_group(const char *path)
{
    const struct group *group = getgrnam(GROUP);

    if (group == NULL)
        return 0;
    return chown(path, (uid_t)-1, group->gr_gid) < 0 ? -errno : 0;
}

int ctl_server_listen(struct ctl_server *server, struct core *core, struct error *error)
{
    server->core = core;
    server->loop = core->loop;
    if (event_streams_init(&server->streams, core) < 0)
        return error_from_errno(error, ENOMEM, "control socket");
    /* The lock is ours, so what is left there is nobody's. */
    int rc = unix_socket_bind(server->path, 0660, &server->listener);
    if (rc == 0)
        rc = open_to_group(server->path);
    if (rc == 0 && listen(server->listener, BACKLOG) < 0)
        rc = -errno;
    if (rc < 0)
        return path_error(error, server->path, -rc);
    server->watch = server->loop->ops->watch_create(server->loop, server->listener, LOOP_READ,
                                                    on_listener, server);
    return server->watch == NULL ? error_from_errno(error, ENOMEM, "control socket") : 0;
}

void ctl_server_close(struct ctl_server *server)
{
    if (server->path == NULL)
        return;
    LIST_FOR_EACH(node, &server->clients)
    ctl_client_destroy(LIST_OWNER(node, struct ctl_client, node));
    event_streams_fini(&server->streams);
    ctl_users_free(server);
    if (server->watch != NULL)
        server->loop->ops->watch_destroy(server->watch);
    server->watch = NULL;
    if (server->listener >= 0)
        unlink(server->path);
    fd_close(&server->listener);
    free(server->path);
    free(server->buffer);
    server->path = NULL;
    server->buffer = NULL;
}

void ctl_server_unlock(struct ctl_server *server)
{
    fd_close(&server->lock);
}
