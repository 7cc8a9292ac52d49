/*
 * Time that processors were not idle, by Xen's own account: dom0, guests and Xen together. For
 * tests/bench only, in dom0, as root.
 */
#ifndef BENCH_CPU_TIME_H
#define BENCH_CPU_TIME_H

#include <stdint.h>

struct cpu_time;

/* NULL: not on this host. */
struct cpu_time *cpu_time_open(void);
void cpu_time_close(struct cpu_time *cpu);
/* From here; nothing if cpu is NULL. */
void cpu_time_begin(struct cpu_time *cpu);
/* Up to here, of all processors together. */
double cpu_time_end_us(struct cpu_time *cpu);
/* CPU time that a domain, or all but dom0, has had so far. */
double cpu_time_dom0_us(const struct cpu_time *cpu);
double cpu_time_guests_us(const struct cpu_time *cpu);

#endif
