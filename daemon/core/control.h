/*
 * The control channel of a guest: its words in the noxs page, requests to it, and how often it may
 * ring. May be included by core only. Every foreign word is read once and checked; a guest that
 * breaks the protocol is crashed.
 */
#ifndef CHAOS_CORE_CONTROL_H
#define CHAOS_CORE_CONTROL_H

#include "noxs/page.h"

struct core;
struct guest;

/* Bind the channel and expect events. 0 or -errno. */
int control_open(struct guest *guest);
void control_close(struct guest *guest);

/* The hypervisor says that some channel has an event. */
void control_dispatch(struct core *core);
/* Look at the guest's words now. */
void control_read(struct guest *guest);
/* Ask the guest for something; a later request replaces an earlier one. 0 or -errno. */
int control_request(struct guest *guest, enum noxs_op op);

#endif
