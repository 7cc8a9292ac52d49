/*
 * The data plane: all guests it serves, the switch between them, and the uplink. Knows nothing of
 * the socket its orders come from. May be included by io and by iod.c.
 */
#ifndef CHAOS_IO_H
#define CHAOS_IO_H

#include "io/console.h"
#include "io/doorbell.h"
#include "io/io_xen.h"
#include "io/uplink.h"
#include "io/vswitch.h"
#include "util/hash.h"
#include "util/list.h"

struct io_guest;

struct io {
    struct loop *loop;
    const struct io_xen_ops *xen;
    struct hash by_id; /* guests by chaosd's guest id */
    struct list guests;
    struct doorbell_batch bells;
    struct vswitch vswitch;
    struct uplink uplink;
    struct list lingering; /* consoles of detached guests: kept, or still being read */
    /* A guest broke a protocol and was stopped. Set by whoever wants to know. */
    void (*on_fault)(void *arg, struct io_guest *guest);
    void *arg;
};

void io_init(struct io *io, struct loop *loop, const struct io_xen_ops *xen);
/* Detaches all guests. */
void io_fini(struct io *io);
/* NULL: no such guest. */
struct io_guest *io_find(struct io *io, uint64_t id);

#endif
