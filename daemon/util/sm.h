/*
 * A checked state machine: which states there are, which may follow which, and when the present
 * one was entered. May be included by every daemon layer. A move that the table does not allow is
 * a bug of ours and ends the process, in release builds too.
 */
#ifndef CHAOS_SM_H
#define CHAOS_SM_H

#include <stdbool.h>
#include <stdint.h>

#define SM_BIT(state) (1u << (state))

struct sm_state {
    const char *name;
    uint32_t next; /* SM_BIT of each state that may follow */
};

struct sm_type {
    const char *name;
    const struct sm_state *states;
    unsigned count;
    /* What must hold of the machine's owner in a state; NULL: nothing. */
    bool (*invariant)(const void *owner, unsigned state);
};

struct sm {
    const struct sm_type *type;
    const void *owner;
    unsigned state;
    uint64_t since_ns; /* when the state was entered */
};

/* Called after each move of any machine; spent_ns: in the state before. NULL: no trace. */
typedef void sm_trace_fn(const struct sm *sm, unsigned from, uint64_t spent_ns);
void sm_set_trace(sm_trace_fn *fn);

void sm_init(struct sm *sm, const struct sm_type *type, const void *owner, unsigned state,
             uint64_t now_ns);
/* Enter a state: the owner must already be as its invariant demands. */
void sm_move(struct sm *sm, unsigned state, uint64_t now_ns);
bool sm_may(const struct sm *sm, unsigned state);
const char *sm_name(const struct sm *sm);

#endif
