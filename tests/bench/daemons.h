/*
 * Ending the daemons as a crash does, and starting them again. For tests/bench only, in dom0, as
 * root; every error ends the program.
 */
#ifndef BENCH_DAEMONS_H
#define BENCH_DAEMONS_H

#include <stdbool.h>

enum daemons {
    DAEMONS_CHAOSD = 1,
    DAEMONS_IOD = 2,
    DAEMONS_BOTH = 3,
};

/* "chaosd", "iod", "both"; false: none of them. */
bool daemons_parse(const char *name, enum daemons *which_out);
const char *daemons_name(enum daemons which);

/* SIGKILL; returns when the processes are gone, what does not run counts as gone. */
void daemons_kill(enum daemons which);
/* Start chaosd -d; returns its process, to be waited for with daemons_await. */
int daemons_launch(void);
/* Returns when chaosd serves. */
void daemons_await(int process);

#endif
