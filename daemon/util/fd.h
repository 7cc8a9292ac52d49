/*
 * File descriptors and packets on SEQPACKET sockets. May be included by every daemon layer.
 * int functions return 0 (or a length where said) or -errno.
 */
#ifndef CHAOS_FD_H
#define CHAOS_FD_H

#include <stddef.h>
#include <sys/types.h>

#define FD_PASS_MAX    8u   /* descriptors in one packet of ours */
#define FD_RECEIVE_MAX 253u /* in one of anyone's: the kernel's SCM_MAX_FD */

/* Close *fd if it is one, and set it to -1. */
void fd_close(int *fd);
void fd_close_all(int *fds, size_t count);
/* A copy with close-on-exec. */
int fd_dup(int fd, int *copy_out);
int fd_nonblock(int fd);

/* Send one packet with fds (borrowed; at most FD_PASS_MAX). -EAGAIN when it would block. */
int fd_send(int socket, const void *data, size_t size, const int *fds, size_t count);

struct fd_packet {
    size_t size; /* bytes received; 0: the peer has closed */
    size_t fd_count;
    int truncated;           /* data did not fit, or more than FD_PASS_MAX fds came */
    int fds[FD_RECEIVE_MAX]; /* the caller's to close, all fd_count */
};
/*
 * Receive one packet into data, never blocking. fds come with close-on-exec. There is room for all
 * that a sender can pass, because the kernel closes what does not fit in this thread, which may
 * block (util/fd_closer.h).
 */
int fd_receive(int socket, void *data, size_t capacity, struct fd_packet *packet_out);

#endif
