/*
 * Work that may wait for a disk, done by a thread of its own. May be included by every daemon
 * layer. The work touches nothing that the loop's thread uses meanwhile.
 */
#ifndef CHAOS_JOB_H
#define CHAOS_JOB_H

#include "util/loop.h"

struct job;

/*
 * work runs in a thread, then done on the loop's thread, once, with what work returned; the job is
 * freed before that. 0, or -errno and neither is called.
 */
int job_start(struct loop *loop, int (*work)(void *arg), void (*done)(void *arg, int rc), void *arg,
              struct job **job_out);
/* Waits for work to end, and frees the job; done is not called. Returns what work did. */
int job_join(struct job *job);

#endif
