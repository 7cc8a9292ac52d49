/* What users do to existing guests. May be included by core and ctl. */
#ifndef CHAOS_CORE_VERBS_H
#define CHAOS_CORE_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct guest;

/* error NULL: done. */
typedef void verb_done_fn(void *arg, const struct error *error);

/* Codes: BAD_STATE, INTERNAL. */
int verb_pause(struct guest *guest, struct error *error);
int verb_unpause(struct guest *guest, struct error *error);

/*
 * Ask the guest to stop: what is NOXS_OP_POWEROFF or NOXS_OP_REBOOT. done is called once, unless
 * this fails: when it has stopped, or with TIMEOUT (with force it is destroyed instead), BAD_STATE
 * (it refused) or GUEST_FAILED (it crashed). Codes: BAD_STATE (also: it is asked for the other
 * already), NO_MEMORY.
 */
int verb_shutdown(struct guest *guest, uint32_t what, uint64_t timeout_ns, bool force,
                  verb_done_fn *done, void *arg, struct error *error);
/* For core: the guest has stopped or crashed, was destroyed, or refused. */
void verb_shutdown_ended(struct guest *guest);
/* Nobody will wait for it any more. */
void verb_shutdown_abandon(struct guest *guest);
void verb_shutdown_refused(struct guest *guest, const char *why);

#endif
