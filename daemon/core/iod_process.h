/*
 * The real chaos-iod: found by its socket, started from its program, known by a pidfd. May be
 * included by composition roots only.
 */
#ifndef CHAOS_CORE_IOD_PROCESS_H
#define CHAOS_CORE_IOD_PROCESS_H

#include <stdbool.h>

#include "core/iod.h"

struct iod_process {
    struct iod_link link;
    const char *program; /* borrowed */
    const char *socket;  /* borrowed */
    bool started;        /* by us, at least once */
    int pidfd; /* of the process last started (then it is a child, reaped by us) or connected to */
};

void iod_process_init(struct iod_process *process, const char *program, const char *socket);
/*
 * End the process, giving it time to end by itself, then none. Also one that a former chaosd left
 * behind. Blocks, two seconds at most.
 */
void iod_process_stop(struct iod_process *process);

#endif
