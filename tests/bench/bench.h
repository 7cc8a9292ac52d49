/*
 * What the benchmarks share: the clock, series of samples, processes, and lines of results. For
 * tests/bench only.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Percentiles of fewer samples than this would be the maximum under another name. */
#define BENCH_P99_LEAST 200u

double bench_now_us(void);
/* Prints "PROGRAM: what: why" and exits. */
_Noreturn void bench_fail(const char *what, const char *why);
size_t bench_number(const char *option, const char *text, size_t min, size_t max);

/* Events by kind, of one run or summed up. */
struct bench_counts {
    double hypercalls;
    double context_switches;
    double grant_ops;
    double events;
};

struct bench_series {
    double *us;
    size_t count, capacity;
    bool counted; /* counts are means for one run; else there are none */
    struct bench_counts counts;
};

void bench_add(struct bench_series *series, double us);
/* Empties it. */
void bench_clear(struct bench_series *series);
void bench_series_fini(struct bench_series *series);
/* The value that p percent of the samples do not exceed. Sorts them; there must be one. */
double bench_percentile(struct bench_series *series, unsigned p);

struct bench_line {
    const char *bench, *mode, *phase;
    unsigned memory_mib; /* of a guest; 0: there is none */
    size_t guests;       /* running at the end */
    size_t image_bytes;  /* the file that was booted; 0: not known */
};

/* One line of the series, as JSON or for people. Nothing for an empty one. */
void bench_print(const struct bench_line *line, struct bench_series *series, bool json);

/*
 * Where a program lies, for commands that are timed: looking along PATH costs a failed exec for
 * each directory before the right one. Valid until it is called for other programs.
 */
const char *bench_program(const char *name);
/* Runs a command to its exit, which must be good. */
void bench_process(const char *const argv[]);
/* The processor's number in /proc of a daemon by its name; 0: it does not run. */
int bench_pid(const char *name);

#endif
