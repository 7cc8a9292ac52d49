/*
 * Closing descriptors that others made. May be included by every daemon layer that has threads.
 *
 * close() of a foreign descriptor may block for as long as its maker likes: a socket that lingers,
 * a file of a FUSE mount. So it is never done on the loop's thread, but by threads that do nothing
 * else; one user's descriptors keep at most a few of them busy, so that others' are closed too.
 * Who has more than FD_CLOSER_USER_MAX that wait is not waited for any longer: a signal to the
 * thread ends a close that lingers. So nobody's can use up the descriptors of the process.
 *
 * Descriptors of the loop's thread wait a little for company: a thread that were woken for each
 * would take the CPU from the client that has just been answered.
 */
#ifndef CHAOS_FD_CLOSER_H
#define CHAOS_FD_CLOSER_H

#include <stddef.h>
#include <sys/types.h>

#include "util/loop.h"

#define FD_CLOSER_THREADS      16u  /* at most; started when they are needed */
#define FD_CLOSER_USER_THREADS 2u   /* at most, of one user */
#define FD_CLOSER_USER_MAX     512u /* of one user may be held up */
#define FD_CLOSER_WAIT_NS      UINT64_C(10000000)
#define FD_CLOSER_WAIT_MAX     16u /* descriptors that may wait */

/*
 * From now on descriptors of this thread, the loop's, may wait; -ENOMEM. Without it, and on other
 * threads, they do not.
 */
int fd_closer_init(struct loop *loop);
/* Before the loop is destroyed. */
void fd_closer_fini(void);

/* Close *fd if it is one, later, and set it to -1. user: who made it. Never blocks. */
void fd_close_foreign(int *fd, uid_t user);
void fd_close_foreign_all(int *fds, size_t count, uid_t user);
/* How many of a user's are not closed yet: whoever has many should send no more. */
unsigned fd_closer_pending(uid_t user);

/*
 * The same for a user's SEQPACKET connection, whose peer sees its end now. Unread descriptors in it
 * go with the close, and may make it block; one without any is closed however many others of its
 * user are held up.
 */
void fd_close_connection(int *fd, uid_t user);
/* How many of a user's connections with unread descriptors are not closed yet. */
unsigned fd_closer_connections(uid_t user);

#endif
