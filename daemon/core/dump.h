/*
 * Core dumps: a guest's memory and registers into an ELF file that gdb opens. May be included by
 * core and ctl.
 *
 * The file is written by a thread of its own, for a file may block for as long as who made it
 * likes. The loop's thread copies a piece of memory a turn for it. Between turns nothing of the
 * guest is mapped, so a dump never holds up a guest's end.
 */
#ifndef CHAOS_CORE_DUMP_H
#define CHAOS_CORE_DUMP_H

#include "core/error.h"

struct dump;
struct guest;

/* error NULL: the file is complete. */
typedef void dump_done_fn(void *arg, const struct error *error);

/*
 * Begin a dump of a guest that runs, is paused, or has ended and is kept. One that runs stands
 * still until done is called, and then runs on. fd: a regular file open for writing, not for
 * appending; borrowed, a copy is used. What it held is lost.
 *
 * done is called once, unless this fails, and never before this returns: when all is written, with
 * an error of the file (NO_FILE) or of the hypervisor (INTERNAL), or, from destroy_release, because
 * the guest goes away (BAD_STATE; guest_hold is no more GUEST_HELD then, and done must not destroy
 * it). The file begins with zeroes unless it is complete.
 *
 * Codes: BAD_STATE, NO_FILE (not such a file), LIMIT (too many at once), NO_MEMORY, INTERNAL.
 */
int dump_begin(struct guest *guest, int fd, dump_done_fn *done, void *arg, struct error *error);

/* For core: the guest goes away. Its dump, if there is one, ends with an error; the thread is left
   to itself and lets go of the file when that lets go of it. */
void dump_abort(struct guest *guest);
/* chaosd goes away, and the guest stays: it runs on. */
void dump_abandon(struct guest *guest);
/* The process ends: nothing is undone, and nobody is told. */
void dump_forget(struct guest *guest);

#endif
