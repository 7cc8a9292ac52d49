/*
 * What Xen and dom0 did between two moments, by Xen's own trace buffers and /proc/stat. For
 * tests/bench only, in dom0, as root. Recording costs instructions, so what is counted is not
 * timed.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "bench.h"

struct trace;

/* NULL: this host has no trace buffers; *why_out says why. */
struct trace *trace_open(const char **why_out);
void trace_close(struct trace *trace);

/* From here on. */
void trace_begin(struct trace *trace);
/*
 * Up to here, added to *counts:
 *   hypercalls        of dom0 and of guests; a multicall is one
 *   context_switches  of dom0's kernel, on all its processors
 *   grant_ops         operations on grants, of which one hypercall may bring many
 *   events            sent over event channels, by dom0 and by guests
 * False: more happened than the buffers hold, and nothing was added.
 */
bool trace_end(struct trace *trace, struct bench_counts *counts);

/* The same for wake-ups of guests; to be read at least every few seconds. */
void trace_wakes_begin(struct trace *trace);
bool trace_wakes_read(struct trace *trace, uint64_t *wakes);
void trace_wakes_end(struct trace *trace);

#endif
