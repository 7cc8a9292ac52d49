/*
 * Records by number in a file that outlives the process: what is put is there after the process was
 * killed at any instant. It does not survive the machine. May be included by every daemon layer.
 *
 * The file is LMDB's, mapped and never synchronized, so a put makes no system call. Who opens it
 * sees to it that nobody else does.
 */
#ifndef CHAOS_KEYVAL_H
#define CHAOS_KEYVAL_H

#include <stddef.h>
#include <stdint.h>

struct keyval;

#define KEYVAL_SIZE_MAX 2048u /* of one record */

/* The file at path, made with mode 0600 if there is none. -EPROTO: it is not one of ours; -errno.
 */
int keyval_open(const char *path, struct keyval **keyval_out);
/* Safe on NULL. */
void keyval_close(struct keyval *keyval);

/* In place of what was there. -ENOSPC: the file system is full, or the file as large as it gets. */
int keyval_put(struct keyval *keyval, uint64_t key, const void *data, size_t size);
/* 0 also when it was not there. */
int keyval_delete(struct keyval *keyval, uint64_t key);

/* data is at no particular alignment, and valid during the call, which changes nothing here. */
typedef void keyval_fn(void *arg, uint64_t key, const void *data, size_t size);
/* All, by ascending key. 0 or -errno. */
int keyval_each(struct keyval *keyval, keyval_fn *fn, void *arg);

#endif
