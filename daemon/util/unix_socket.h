/*
 * SEQPACKET unix sockets at a path; all nonblocking and closed on exec. May be included by every
 * daemon layer.
 */
#ifndef CHAOS_UNIX_SOCKET_H
#define CHAOS_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#define UNIX_SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path)) /* with its end */

/* 0; -ENAMETOOLONG; -ENOENT, -ECONNREFUSED: nobody is there; -EAGAIN: somebody, but busy; -errno.
 */
int unix_socket_connect(const char *path, int *fd_out);
/*
 * A socket at path, in place of whatever is there, that has this mode from its first moment. It
 * does not listen yet. 0, -ENAMETOOLONG or -errno. Changes the umask of the process meanwhile.
 */
int unix_socket_bind(const char *path, mode_t mode, int *fd_out);

/*
 * Throws away what came on a connection that was shut down and nobody will read, up to a packet
 * with descriptors. Returns whether there is none left, so that close() of it cannot block.
 */
bool unix_socket_drain(int fd);

#endif
