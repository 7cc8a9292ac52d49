/*
 * What a chaosd that is started anew makes of the history: each guest's chain of events goes on
 * where it ended, with one event for what changed without being told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define UNTOLD "found so by a chaosd that was started anew"

/* The last event of each guest, by the guest's id: open addressing, at most half full. */
struct event_index {
    size_t size; /* a power of two */
    struct {
        uint64_t guest; /* 0: free */
        uint64_t id;    /* of the event */
    } slots[];
};

static size_t place_of(const struct event_index *index, uint64_t guest)
{
    size_t at = (guest * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (index->size - 1);

    while (index->slots[at].guest != 0 && index->slots[at].guest != guest)
        at = (at + 1) & (index->size - 1);
    return at;
}

void events_index_note(struct event_index *index, uint64_t guest, uint64_t id)
{
    size_t at = place_of(index, guest);

    index->slots[at].guest = guest;
    index->slots[at].id = id;
}

void events_adopt_begin(struct core *core)
{
    const struct event_log *log = &core->events.log;
    size_t size = 2;

    while (size < log->capacity * 2)
        size *= 2;
    struct event_index *index = calloc(1, sizeof(*index) + size * sizeof(index->slots[0]));
    core->events.index = index;
    if (index == NULL)
        return;
    index->size = size;
    for (uint64_t id = event_log_first(log); id <= event_log_last(log); id++) {
        const struct event_record *record = event_log_peek(log, id);
        if (record != NULL && record->guest != 0 &&
            strncmp(record->kind, "state", sizeof(record->kind)) == 0)
            events_index_note(index, record->guest, id);
    }
}

static bool find_last(const struct core *core, uint64_t guest, struct event_record *out)
{
    const struct event_index *index = core->events.index;

    if (index == NULL)
        return false;
    size_t at = place_of(index, guest);
    return index->slots[at].guest == guest &&
           event_log_read(&core->events.log, index->slots[at].id, out);
}

void events_adopt_guest(struct guest *guest, uint64_t id, const char *state)
{
    struct event_record last;

    /* Its moves from here on repeat what was. */
    guest->untold = true;
    guest->told = guest_state_by_name(state);
    if (find_last(guest->core, id, &last) && guest_state_by_name(last.to) != GUEST_NEVER_TOLD)
        guest->told = guest_state_by_name(last.to);
}

void events_adopt_settle(struct guest *guest)
{
    /* Its chaosd was killed before it had recorded this. It will be found to have ended again. */
    if (guest->told == GUEST_STOPPED || guest->told == GUEST_CRASHED)
        return;
    guest->untold = false;
    guest->cause = UNTOLD;
    events_tell(guest);
    guest->cause = NULL;
}

/* As much of a guest as an event is made of. */
static void tell_end(struct core *core, const struct event_record *last)
{
    static const struct event_word kind = {"state"};
    struct event_word from;
    struct guest guest = {.id = last->guest, .domid = last->domid, .owner = last->owner};

    memcpy(from.text, last->to, sizeof(from.text));
    memcpy(guest.uuid, last->uuid, sizeof(guest.uuid));
    memcpy(guest.name, last->name, sizeof(guest.name));
    events_add(&core->events, &(struct event){.kind = &kind,
                                              .guest = &guest,
                                              .from = &from,
                                              .to = events_state_word(GUEST_GONE),
                                              .cause = UNTOLD,
                                              .by = EVENTS_NOBODY,
                                              .time_ns = core_now_ns(core)});
}

/* One that was to be a guest is a shell again, if its chaosd was killed before that was recorded.
 */
static bool is_there(const struct core *core, uint64_t id)
{
    const struct guest *guest = guest_table_by_id(&core->guests, id);

    return guest != NULL && !guest_is_shell(guest);
}

void events_adopt_end(struct core *core)
{
    struct event_index *index = core->events.index;
    struct event_record last;

    for (size_t at = 0; index != NULL && at < index->size; at++) {
        uint64_t id = index->slots[at].guest;
        if (id != 0 && !is_there(core, id) && find_last(core, id, &last) &&
            strcmp(last.to, "gone") != 0)
            tell_end(core, &last);
    }
    free(index);
    core->events.index = NULL;
}
