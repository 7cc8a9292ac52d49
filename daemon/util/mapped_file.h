/*
 * A file of a fixed size in memory: what is stored there outlives the process, killed at whatever
 * instant, and costs no system call. May be included by every daemon layer. Who opens it sees to it
 * that nobody else does.
 */
#ifndef CHAOS_MAPPED_FILE_H
#define CHAOS_MAPPED_FILE_H

#include <stddef.h>

/*
 * The file at path, made with mode 0600 if there is none, and of zeroes if it had another size. All
 * its pages are there when this returns, so that a file system that gets full later is no signal at
 * a store. -ENOSPC: it is full now. -ELOOP, -EINVAL: path is no regular file. -errno.
 */
int mapped_file_open(const char *path, size_t size, void **memory_out);
/* Safe on NULL. The file stays. */
void mapped_file_close(void *memory, size_t size);

#endif
