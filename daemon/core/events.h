/*
 * Events: what happened to guests, with its time and cause, for whoever wants to know. May be
 * included by core and ctl.
 *
 *     events_add                anything; one call, some hundred instructions, no system call
 *     events_tell               what core/guest.c calls for each move of a guest's life
 *     events_listen, _read      ctl/event_stream.c: what clients get
 *
 * What is told of a guest is a chain: each event's "from" is the "to" of the one before, also
 * across a restart of chaosd. What a former chaosd was killed before it could tell is told by the
 * next, when it has found the guest (events_adopt_*).
 */
#ifndef CHAOS_CORE_EVENTS_H
#define CHAOS_CORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event_log.h"
#include "util/list.h"

struct core;
struct guest;
struct event_index;

/* How many are kept. */
#define EVENTS_KEPT   8192u
#define EVENTS_NOBODY ((uid_t)-1)

/* Told of each event, after it is in the history. Must not add one. */
struct events_listener {
    struct list node;
    void (*on_event)(struct events_listener *listener);
};

struct events {
    struct event_log log;
    struct list listeners;
    uid_t asker;               /* whose request is being served, or EVENTS_NOBODY */
    struct event_index *index; /* while guests are adopted */
};

/* memory: as event_log_open has it; borrowed. */
void events_init(struct events *events, void *memory, size_t size);

/* A text of a fixed length, as the record has it, so that to copy it is two instructions. */
struct event_word {
    char text[16];
};

/* An event to be. */
struct event {
    const struct event_word *kind; /* {"state"}, ... */
    const struct guest *guest;
    const struct event_word *from;
    const struct event_word *to;
    const char *cause; /* NULL: ""; cut if it is too long */
    uid_t by;          /* who asked for it, or EVENTS_NOBODY */
    uint64_t time_ns;
};
void events_add(struct events *events, const struct event *event);

/* The name of a state; {""} for GUEST_NEVER_TOLD. */
const struct event_word *events_state_word(unsigned state);

/* The guest is in a state that it was not told to be in: adds the event, and answers who waits. */
void events_tell(struct guest *guest);

/* ---- restart ------------------------------------------------------------------------ */

/* Before guests are restored: what was told of them. Without memory for it, nothing was. */
void events_adopt_begin(struct core *core);
/* A guest that is restored, before its first move. state: what it is recorded as. */
void events_adopt_guest(struct guest *guest, uint64_t id, const char *state);
/* It is as it is now: tells the difference, if there is one. */
void events_adopt_settle(struct guest *guest);
/* Those of which something was told and that are not there: tells their end. */
void events_adopt_end(struct core *core);
/* For events_add. */
void events_index_note(struct event_index *index, uint64_t guest, uint64_t id);

/* ---- reading ------------------------------------------------------------------------ */

void events_listen(struct events *events, struct events_listener *listener);
/* CLOCK_REALTIME of a record's time, the same for one record unless the clock was set. */
uint64_t events_wall_ns(struct events *events, uint64_t time_ns, uint64_t now_ns);
/* The record's cause with who asked for it. */
#define EVENTS_CAUSE_MAX 224u
void events_cause(const struct event_record *record, char text[EVENTS_CAUSE_MAX]);
/* Whether the last that is known of this name is that it is gone. */
bool events_has_gone(const struct events *events, const char *name);

#endif
