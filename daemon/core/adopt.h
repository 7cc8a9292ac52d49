/*
 * Taking over what a former chaosd has left, by the state store: guests, shells and the domains of
 * neither. May be included by core only.
 *
 * In the order it happens:
 *
 *     adopt_begin    every record that holds becomes a guest again, named and addressed as it was,
 *                    its page mapped, its channel bound, its ports published. What was not
 *                    complete, and every domain with our mark and no record, is destroyed
 *     adopt_stray    chaos-iod serves somebody whom no record names: it is told to let go
 *     adopt_finish   chaos-iod is up: shells join the pool
 *
 * Of what a guest can write only the words are believed that a guest may say at any time.
 */
#ifndef CHAOS_CORE_ADOPT_H
#define CHAOS_CORE_ADOPT_H

#include <stdint.h>

#include "core/error.h"

struct core;
struct guest;

/* Codes: INTERNAL, NO_MEMORY; then nothing is changed but for what was done up to there. */
int adopt_begin(struct core *core, struct error *error);
/* 0 or -ENOMEM. */
int adopt_stray(struct core *core, uint64_t id);
void adopt_finish(struct core *core);
/* A shell whose adoption waited for chaos-iod has its devices, or cannot have them. */
void adopt_shell(struct guest *guest, int status);

#endif
