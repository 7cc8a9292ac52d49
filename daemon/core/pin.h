/*
 * Which of the host's CPUs a guest's vCPUs may run on: hard affinity, at its creation and later. It
 * stays with the domain, whatever becomes of chaosd. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_PIN_H
#define CHAOS_CORE_PIN_H

#include <stdint.h>

#include "core/spec.h"

struct guest;

#define PIN_ALL_VCPUS UINT32_MAX

/* Whether the host has what is named. label: the guest, for messages. Codes: CONFIG, INTERNAL. */
int pin_check(struct hv *hv, const char *label, const struct spec_cpus *cpus, struct error *error);
/* Bind vCPUs 0 to count - 1 of a domain; nothing is done for SPEC_CPUS_ANY. Codes: CONFIG,
   INTERNAL. */
int pin_domain(struct hv *hv, const char *label, uint32_t domid, uint32_t count,
               const struct spec_cpus *cpus, struct error *error);

/* The same for one vCPU, or PIN_ALL_VCPUS, of a guest that runs. Codes: BAD_STATE, NOT_FOUND (no
   such vCPU), CONFIG, INTERNAL. */
int verb_vcpu_pin(struct guest *guest, uint32_t vcpu, const struct spec_cpus *cpus,
                  struct error *error);

#endif
