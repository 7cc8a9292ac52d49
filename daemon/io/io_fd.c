#include "io/io_fd.h"

#include <poll.h>

bool io_fd_hung_up(int fd)
{
    struct pollfd poller = {.fd = fd};
    return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLHUP | POLLERR)) != 0;
}
