#include "io/io_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4

static int set_path(struct sockaddr_un *address, const char *path)
{
    size_t size = strlen(path) + 1;
    if (size > sizeof(address->sun_path))
        return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, size);
    return 0;
}

/* Whether somebody listens there. A socket nobody listens on was left by one that died. */
static bool is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool served = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    close(fd);
    return served;
}

static int bind_privately(int fd, const struct sockaddr_un *address)
{
    /* The mode must be right from the first moment. */
    mode_t mask = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
    umask(mask);
    return rc;
}

int io_server_listen(const char *path)
{
    struct sockaddr_un address;
    int rc = set_path(&address, path);
    if (rc < 0)
        return rc;
    if (is_served(&address))
        return -EADDRINUSE;
    if (unlink(path) < 0 && errno != ENOENT)
        return -errno;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    rc = bind_privately(fd, &address);
    if (rc == 0 && listen(fd, BACKLOG) < 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}
