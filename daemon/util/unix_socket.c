#include "util/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

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
