/*
 * A thread that writes one file, piece by piece. May be included by core/dump.c only.
 *
 * It has no privileges left but the file itself: what a user may not fill, such as what a file
 * system reserves for root, it does not fill either.
 */
#ifndef CHAOS_CORE_DUMP_WRITER_H
#define CHAOS_CORE_DUMP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DUMP_WRITER_BYTES ((size_t)512 * 1024) /* of a piece, at most */

struct dump_writer;

/* fd is borrowed. owner: whom it is counted for. 0 or -errno. */
int dump_writer_create(int fd, uid_t owner, struct dump_writer **writer_out);
/* Never blocks. A thread that is in the middle of a write ends when that does. */
void dump_writer_destroy(struct dump_writer *writer);
/* Those whose threads are there, abandoned ones included; of one user, or with -1 of all. */
unsigned dump_writer_count(uid_t owner);

/* Where to put the next piece, while none is under way. */
uint8_t *dump_writer_buffer(struct dump_writer *writer);
/* Write the first size bytes of it at offset; 0 bytes are none, and answered all the same. */
void dump_writer_write(struct dump_writer *writer, size_t size, uint64_t offset);
/* All is written: cut the file to size, or extend it, and close it. */
void dump_writer_finish(struct dump_writer *writer, uint64_t size);
/* Readable when a piece, or the end, is done. */
int dump_writer_event_fd(const struct dump_writer *writer);
/* Takes the event, if there is one: 0, or the -errno that the file gave. */
bool dump_writer_result(struct dump_writer *writer, int *rc_out);

#endif
