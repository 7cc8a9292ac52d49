#include "util/sm.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/fault.h"

static sm_trace_fn *trace;

void sm_set_trace(sm_trace_fn *fn)
{
    trace = fn;
}

static const char *state_name(const struct sm *sm, unsigned state)
{
    return state < sm->type->count ? sm->type->states[state].name : "unknown";
}

_Noreturn static void broken(const struct sm *sm, unsigned to, const char *what)
{
    fprintf(stderr, "%s: %s -> %s: %s\n", sm->type->name, sm_name(sm), state_name(sm, to), what);
    abort();
}

static void check_invariant(const struct sm *sm, unsigned state)
{
    if (sm->type->invariant != NULL && !sm->type->invariant(sm->owner, state))
        broken(sm, state, "invariant does not hold");
}

void sm_init(struct sm *sm, const struct sm_type *type, const void *owner, unsigned state,
             uint64_t now_ns)
{
    fault_machine(type);
    *sm = (struct sm){.type = type, .owner = owner, .state = state, .since_ns = now_ns};
    check_invariant(sm, state);
}

bool sm_may(const struct sm *sm, unsigned state)
{
    return state < sm->type->count && (sm->type->states[sm->state].next & SM_BIT(state)) != 0;
}

void sm_move(struct sm *sm, unsigned state, uint64_t now_ns)
{
    unsigned from = sm->state;
    uint64_t spent_ns = now_ns - sm->since_ns;

    if (!sm_may(sm, state))
        broken(sm, state, "not allowed");
    check_invariant(sm, state);
    fault_move(sm->type, from, state, "before");
    sm->state = state;
    sm->since_ns = now_ns;
    if (trace != NULL)
        trace(sm, from, spent_ns);
    fault_move(sm->type, from, state, "after");
}

const char *sm_name(const struct sm *sm)
{
    return state_name(sm, sm->state);
}
