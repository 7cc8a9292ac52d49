/*
 * What the host holds at one moment: memory, ports, descriptors, mappings. For tests/bench only, in
 * dom0, as root.
 */
#ifndef BENCH_CENSUS_H
#define BENCH_CENSUS_H

#include "guests.h"

struct census {
    double xen_free_bytes;
    double dom0_available_bytes; /* /proc/meminfo: what its processes and kernel could still have */
    double chaosd_bytes;         /* resident */
    double iod_bytes;
    double domains;      /* dom0 and the dying too */
    double ports;        /* of dom0, bound or not */
    double fds;          /* of both daemons */
    double mapped_pages; /* grants and foreign pages that both daemons have mapped */
};

void census_take(struct guests *guests, struct census *census_out);

#endif
