/* A guest's share of the host's CPUs. May be included by core and ctl. */
#ifndef CHAOS_CORE_SCHED_H
#define CHAOS_CORE_SCHED_H

#include "core/error.h"
#include "hv/hv.h"

struct guest;

#define SCHED_WEIGHT_MAX 65535u
/* Percent of a CPU that a vCPU can use. */
#define SCHED_CAP_VCPU   100u

/* Codes: BAD_STATE, NOT_SUPPORTED (a scheduler without weights), INTERNAL. */
int verb_sched(struct guest *guest, struct hv_sched *sched_out, struct error *error);
/*
 * Set the weight (1 to SCHED_WEIGHT_MAX), the cap (0: none), or both: NULL keeps what there is.
 * *sched_out is what the hypervisor then says. Codes also: CONFIG.
 */
int verb_sched_set(struct guest *guest, const uint64_t *weight, const uint64_t *cap,
                   struct hv_sched *sched_out, struct error *error);

#endif
