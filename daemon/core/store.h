/*
 * The state store: what a chaosd that is started anew must know of the guests and shells of the one
 * before (core/adopt.h reads it). May be included by core and composition roots.
 *
 * A guest is recorded before anything of a shell is changed for it, and before its creator is
 * answered; a shell when it is ready; neither while it is being built. A domain of ours that is not
 * recorded is nobody's: it bears our mark in its UUID, and is destroyed.
 */
#ifndef CHAOS_CORE_STORE_H
#define CHAOS_CORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store_record.h"

struct guest;

/* The last six bytes of the UUID of every domain of a chaosd. */
#define STORE_MARK_BYTES 6u

/* The mark of the chaosd that serves this path: there is one of them at a time. */
void store_mark(const char *path, uint8_t mark_out[STORE_MARK_BYTES]);
/* A new UUID, of version 8 (RFC 9562), with the mark. */
void store_uuid(const uint8_t mark[STORE_MARK_BYTES], uint8_t uuid_out[16]);
bool store_is_marked(const uint8_t mark[STORE_MARK_BYTES], const uint8_t uuid[16]);

/* Record the guest as it is now, in this state. 0 or -errno. */
int store_save(struct guest *guest, enum store_state state);
/* The same; a failure is logged, and a restart will find what was recorded before. */
void store_note(struct guest *guest, enum store_state state);
/* In the state that it is in now. */
void store_refresh(struct guest *guest);
/* Forget it. */
void store_remove(struct guest *guest);

#endif
