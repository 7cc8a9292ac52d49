#include "util/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

/* Packets that one looks at: the kernel lets fewer pile up, unless told otherwise. */
#define UNREAD_MAX 1024u

static int open_socket(const char *path, struct sockaddr_un *address_out, int *fd_out)
{
    size_t size = strlen(path) + 1;

    if (size > UNIX_SOCKET_PATH_MAX)
        return -ENAMETOOLONG;
    *address_out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address_out->sun_path, path, size);
    *fd_out = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd_out < 0 ? -errno : 0;
}

int unix_socket_connect(const char *path, int *fd_out)
{
    struct sockaddr_un address;
    int fd = -1;
    int rc = open_socket(path, &address, &fd);

    if (rc == 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        rc = -errno;
    if (rc == 0)
        *fd_out = fd;
    else
        fd_close(&fd);
    return rc;
}

static int bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t before = umask(~mode & 0777);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(before);
    return rc;
}

int unix_socket_bind(const char *path, mode_t mode, int *fd_out)
{
    struct sockaddr_un address;
    int fd = -1;
    int rc = open_socket(path, &address, &fd);

    if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
        rc = -errno;
    if (rc == 0)
        rc = bind_with_mode(fd, &address, mode);
    if (rc == 0)
        *fd_out = fd;
    else
        fd_close(&fd);
    return rc;
}

enum unread { UNREAD_NONE, UNREAD_PLAIN, UNREAD_DESCRIPTORS };

/*
 * Each packet comes with the peer's credentials, for which there is room, and maybe descriptors,
 * for which there is none, so that they are not made ours. The end comes without either, unlike
 * an empty packet.
 */
static enum unread look(int fd)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};

    if (recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
        return errno == EAGAIN ? UNREAD_NONE : UNREAD_DESCRIPTORS;
    if (message.msg_flags & MSG_CTRUNC)
        return UNREAD_DESCRIPTORS;
    return message.msg_controllen > 0 ? UNREAD_PLAIN : UNREAD_NONE;
}

bool unix_socket_drain(int fd)
{
    const int yes = 1;
    enum unread unread = UNREAD_PLAIN;

    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
        return false;
    for (unsigned i = 0; i < UNREAD_MAX && unread == UNREAD_PLAIN; i++) {
        unread = look(fd);
        if (unread == UNREAD_PLAIN)
            recv(fd, NULL, 0, MSG_DONTWAIT);
    }
    return unread == UNREAD_NONE;
}
