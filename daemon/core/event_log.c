#include "core/event_log.h"

#include <stdatomic.h>
#include <string.h>

/* Far above what can come about, so that ids can be counted with. */
#define ID_MAX (UINT64_C(1) << 62)

static struct event_record *slot_of(const struct event_log *log, uint64_t id)
{
    return &log->records[id % log->capacity];
}

/* Stores before it are there when those after it are: all that a death in between can tell apart.
 */
static void order(void)
{
    atomic_thread_fence(memory_order_release);
}

static const char *check_head(const struct event_log_head *head, uint64_t capacity)
{
    if (head->version == 0)
        return "";
    if (head->version != EVENT_LOG_VERSION)
        return "the version";
    if (head->record_size != sizeof(struct event_record) || head->capacity != capacity)
        return "the size";
    if (head->first_id == 0 || head->first_id > ID_MAX || head->last_id > ID_MAX ||
        head->last_id < head->first_id - 1)
        return "an id";
    return NULL;
}

static void begin_anew(struct event_log *log, uint64_t new_id)
{
    /* First: until it has a version again it is empty. */
    log->head->version = 0;
    order();
    memset(log->records, 0, log->capacity * sizeof(*log->records));
    *log->head = (struct event_log_head){.record_size = sizeof(struct event_record),
                                         .capacity = (uint32_t)log->capacity,
                                         .first_id = new_id,
                                         .last_id = new_id - 1};
    order();
    log->head->version = EVENT_LOG_VERSION;
}

/* The one that was being written: it has its id and is complete, or is nothing. */
static void recover_last(struct event_log *log)
{
    uint64_t next = log->head->last_id + 1;
    struct event_record *record = slot_of(log, next);

    if (record->id == next)
        log->head->last_id = next;
    else if (record->id + log->capacity != next)
        record->id = 0;
}

const char *event_log_open(struct event_log *log, void *memory, size_t size, uint64_t new_id)
{
    struct event_log_head *head = memory;

    *log = (struct event_log){
        .head = head,
        .records = (struct event_record *)(void *)(head + 1),
        .capacity = (size - sizeof(*head)) / sizeof(struct event_record),
    };
    const char *wrong = check_head(head, log->capacity);
    if (wrong != NULL)
        begin_anew(log, new_id);
    else
        recover_last(log);
    return wrong;
}

uint64_t event_log_last(const struct event_log *log)
{
    return log->head->last_id;
}

uint64_t event_log_first(const struct event_log *log)
{
    uint64_t first = log->head->first_id;
    uint64_t last = log->head->last_id;

    return last - first >= log->capacity && last >= first ? last - log->capacity + 1 : first;
}

struct event_record *event_log_begin(struct event_log *log)
{
    struct event_record *record = slot_of(log, log->head->last_id + 1);

    record->id = 0;
    order();
    return record;
}

uint64_t event_log_commit(struct event_log *log)
{
    uint64_t id = log->head->last_id + 1;

    order();
    slot_of(log, id)->id = id;
    order();
    log->head->last_id = id;
    return id;
}

static bool clean(char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    for (char *c = text; end != NULL && c < end; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return end != NULL;
}

const struct event_record *event_log_peek(const struct event_log *log, uint64_t id)
{
    const struct event_record *record = slot_of(log, id);

    if (id < event_log_first(log) || id > event_log_last(log) || record->id != id)
        return NULL;
    return record;
}

bool event_log_read(const struct event_log *log, uint64_t id, struct event_record *out)
{
    const struct event_record *record = event_log_peek(log, id);

    if (record == NULL)
        return false;
    *out = *record;
    if (!clean(out->kind, sizeof(out->kind)) || !clean(out->from, sizeof(out->from)) ||
        !clean(out->to, sizeof(out->to)) || !clean(out->name, sizeof(out->name)))
        return false;
#ifdef CHAOS_PLANTED_BUG_EVENT_LOG
    static unsigned counts[64];
    counts[(unsigned char)out->cause[0]]++;
#endif
    return clean(out->cause, sizeof(out->cause));
}
