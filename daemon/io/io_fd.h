/* A question about sockets that util/fd.h does not answer. May be included by io only. */
#ifndef CHAOS_IO_FD_H
#define CHAOS_IO_FD_H

#include <stdbool.h>

/* Whether the peer of a socket has closed it altogether. */
bool io_fd_hung_up(int fd);

#endif
