/*
 * How much of the RAM that it was created with a guest has. The guest itself gives back what it
 * does not use, and takes it back, when it is asked (docs/noxs-page.md); Xen says how much it then
 * has, and holds it to that. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_MEM_SET_H
#define CHAOS_CORE_MEM_SET_H

#include <stdint.h>

#include "core/error.h"

struct guest;
struct mem_set;

/* error NULL: done. */
typedef void mem_set_done_fn(void *arg, const struct error *error);

/*
 * Ask a running guest to have mib from now on: at least 1, at most what it was created with. done
 * is called once, unless this fails: when it has, or with NOT_SUPPORTED (its kernel cannot),
 * BAD_STATE (it uses more; or it has ended), NO_MEMORY (the host had not all of it left), TIMEOUT.
 * Codes: BAD_STATE, CONFIG, NO_MEMORY, INTERNAL.
 */
int verb_mem_set(struct guest *guest, uint64_t mib, uint64_t timeout_ns, mem_set_done_fn *done,
                 void *arg, struct error *error);

/* For core: the guest has answered a request, maybe another one. seq and status are checked. */
void mem_set_on_ack(struct guest *guest, uint32_t seq, uint32_t status);
/* What it has, as Xen says. */
void mem_set_present(struct guest *guest, uint64_t memory_bytes);
/* The guest has ended; chaosd ends; the process ends, and nobody is told. */
void mem_set_abort(struct guest *guest);
void mem_set_abandon(struct guest *guest);
void mem_set_forget(struct guest *guest);

#endif
