#include "core/events.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/core.h"
#include "core/wait.h"
#include "util/log.h"

/* ---- writing ------------------------------------------------------------------------ */

/* Made of the names that guest.c has: filled in once. */
static struct event_word state_words[GUEST_GONE + 1];

const struct event_word *events_state_word(unsigned state)
{
    static const struct event_word none;

    return state <= GUEST_GONE ? &state_words[state] : &none;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void events_init(struct events *events, void *memory, size_t size)
{
    for (unsigned state = 0; state <= GUEST_GONE; state++)
        snprintf(state_words[state].text, sizeof(state_words[state].text), "%s",
                 guest_state_name_of(state));
    list_init(&events->listeners);
    events->asker = EVENTS_NOBODY;
    events->index = NULL;
    const char *wrong =
        event_log_open(&events->log, memory, size, clock_ns(CLOCK_REALTIME) / 1000 + 1);
    if (wrong != NULL && wrong[0] != '\0')
        log_warning("the history of events is not taken: %s is wrong; it begins anew", wrong);
}

static void wake(struct events *events)
{
    LIST_FOR_EACH(node, &events->listeners)
    {
        struct events_listener *listener = LIST_OWNER(node, struct events_listener, node);
        listener->on_event(listener);
    }
}

static_assert(sizeof(((struct event_record *)NULL)->name) == NOXS_NAME_MAX, "the guest's own");
static_assert(sizeof(((struct event_record *)NULL)->to) == sizeof(struct event_word), "a word");

/* Three times on the way of every create: whole words, and of the cause no more than the text. */
static void fill(struct event_record *record, const struct event *event)
{
    const struct guest *guest = event->guest;
    const char *cause = event->cause != NULL ? event->cause : "";
    size_t length = strnlen(cause, sizeof(record->cause) - 1);

    record->time_ns = event->time_ns;
    record->guest = guest->id;
    record->domid = guest->domid;
    record->owner = guest->owner;
    record->by = event->by;
    record->zero = 0;
    memcpy(record->uuid, guest->uuid, sizeof(record->uuid));
    memcpy(record->kind, event->kind, sizeof(record->kind));
    memcpy(record->from, event->from, sizeof(record->from));
    memcpy(record->to, event->to, sizeof(record->to));
    memcpy(record->name, guest->name, sizeof(record->name));
    memcpy(record->cause, cause, length);
    record->cause[length] = '\0';
}

void events_add(struct events *events, const struct event *event)
{
    fill(event_log_begin(&events->log), event);
    uint64_t id = event_log_commit(&events->log);
    if (events->index != NULL)
        events_index_note(events->index, event->guest->id, id);
    wake(events);
}

/* ---- a guest's life ----------------------------------------------------------------- */

/* Why, where nobody has said more. */
static const char *const usual_causes[] = {
    [GUEST_CREATING] = "created",
    [GUEST_BOOTING] = "started",
    [GUEST_RUNNING] = "ready",
    [GUEST_PAUSED] = "paused",
    [GUEST_SHUTTING_DOWN] = "asked to power off",
    [GUEST_GONE] = "destroyed",
};

static bool is_end(unsigned state)
{
    return state == GUEST_STOPPED || state == GUEST_CRASHED || state == GUEST_GONE;
}

static const char *cause_of(const struct guest *guest, unsigned state, uid_t asker)
{
    if (guest->cause != NULL)
        return guest->cause;
    /* Who has ended by itself is gone for the same reason, unless someone asked for that. */
    if (is_end(state) && guest->reason[0] != '\0' &&
        (state != GUEST_GONE || asker == EVENTS_NOBODY))
        return guest->reason;
    if (guest->told == GUEST_PAUSED && !is_end(state))
        return "unpaused";
    return state < sizeof(usual_causes) / sizeof(usual_causes[0]) ? usual_causes[state] : NULL;
}

/* What a guest does by itself was not asked for, though it may show while a request is served. */
static uid_t asker_of(const struct guest *guest, unsigned state, uid_t asker)
{
    if (guest->told == GUEST_NEVER_TOLD)
        return guest->owner;
    if (state == GUEST_STOPPED || state == GUEST_CRASHED || guest->told == GUEST_CREATING)
        return state == GUEST_GONE ? asker : EVENTS_NOBODY;
    return asker;
}

static const struct event_word kind_state = {"state"};

void events_tell(struct guest *guest)
{
    struct events *events = &guest->core->events;
    unsigned state = guest_state(guest);

    if (guest_is_shell(guest) || state == guest->told || (guest->untold && !is_end(state)))
        return;
    uid_t asker = asker_of(guest, state, events->asker);
    events_add(events, &(struct event){.kind = &kind_state,
                                       .guest = guest,
                                       .from = events_state_word(guest->told),
                                       .to = events_state_word(state),
                                       .cause = cause_of(guest, state, asker),
                                       .by = asker,
                                       .time_ns = guest->life.since_ns});
    guest->told = state;
    if (!list_empty(&guest->waits))
        wait_on_move(guest);
}

/* ---- reading ------------------------------------------------------------------------ */

void events_listen(struct events *events, struct events_listener *listener)
{
    list_append(&events->listeners, &listener->node);
}

#define CLOCK_SET_NS INT64_C(1000000) /* what is no more than the time between two looks */

uint64_t events_wall_ns(struct events *events, uint64_t time_ns, uint64_t now_ns)
{
    struct event_log_head *head = events->log.head;
    int64_t offset_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - now_ns);
    int64_t change_ns = offset_ns - head->wall_offset_ns;

    if (change_ns > CLOCK_SET_NS || change_ns < -CLOCK_SET_NS)
        head->wall_offset_ns = offset_ns;
    return time_ns + (uint64_t)head->wall_offset_ns;
}

void events_cause(const struct event_record *record, char text[EVENTS_CAUSE_MAX])
{
    if (record->by == EVENT_NO_ID)
        snprintf(text, EVENTS_CAUSE_MAX, "%s", record->cause);
    else
        snprintf(text, EVENTS_CAUSE_MAX, "%s by uid %u", record->cause, record->by);
}

bool events_has_gone(const struct events *events, const char *name)
{
    const struct event_log *log = &events->log;

    for (uint64_t id = event_log_last(log); id >= event_log_first(log); id--) {
        const struct event_record *record = event_log_peek(log, id);
        if (record != NULL && strncmp(record->name, name, sizeof(record->name)) == 0 &&
            strncmp(record->kind, kind_state.text, sizeof(record->kind)) == 0)
            return strncmp(record->to, guest_state_name_of(GUEST_GONE), sizeof(record->to)) == 0;
    }
    return false;
}
