#include "io/io_server.h"

#include "util/fd.h"
#include "util/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>

#define BACKLOG 4

/* Whether somebody listens there. A socket nobody listens on was left by one that died. */
static bool is_served(const char *path)
{
    int fd = -1;
    int rc = unix_socket_connect(path, &fd);
    fd_close(&fd);
    return rc == 0 || rc == -EAGAIN;
}

int io_server_listen(const char *path)
{
    int fd = -1;
    if (is_served(path))
        return -EADDRINUSE;
    int rc = unix_socket_bind(path, 0600, &fd);
    if (rc == 0 && listen(fd, BACKLOG) < 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    fd_close(&fd);
    return rc;
}
