/*
 * The I/O channel of one guest: its event channel and the doorbell words of its noxs page.
 * Ringing is collected in a batch and done once at the end of a turn, so that many frames to one
 * guest cost one event. May be included by io only.
 */
#ifndef CHAOS_DOORBELL_H
#define CHAOS_DOORBELL_H

#include "io/io_xen.h"
#include "noxs/page.h"

#include <stdbool.h>
#include <stdint.h>

struct doorbell;

/* Doorbells to be rung at the end of the turn. All zero is empty. */
struct doorbell_batch {
    struct doorbell *first;
};

struct doorbell {
    const struct io_xen_ops *xen;
    struct noxs_page *page;
    struct doorbell_batch *batch;
    struct doorbell *next; /* in the batch */
    bool queued;
    uint64_t ring_slots; /* to be rung */
    uint64_t kick;       /* our words of the page, which the guest can write there */
    uint64_t seen;
    int fd; /* borrowed */
    uint32_t port;
};

void doorbell_init(struct doorbell *bell, struct doorbell_batch *batch,
                   const struct io_xen_ops *xen, struct noxs_page *page, int fd, uint32_t port);
/* Leaves the batch. Safe on zeroed memory. */
void doorbell_fini(struct doorbell *bell);

/* Consumes events; the kernel masks the port until doorbell_unmask. 1: there were some; 0; -errno.
 */
int doorbell_read(struct doorbell *bell);
/* 0 or -errno. An event that came in between is delivered at once. */
int doorbell_unmask(struct doorbell *bell);
/* Slots the guest has rung since the last call. Unknown bits may be set. */
uint64_t doorbell_take(struct doorbell *bell);
/* Ring the guest's slot at the end of this turn. */
void doorbell_ring(struct doorbell *bell, unsigned slot);
/* Ring all slots and send an event, also when all are pending: a predecessor may have died between
 * a ring and its event. */
void doorbell_resume(struct doorbell *bell);

/* The end of a turn. */
void doorbell_flush(struct doorbell_batch *batch);

#endif
