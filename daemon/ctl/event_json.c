#include "ctl/event_json.h"

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *number_or_null(uint32_t number)
{
    return number != EVENT_NO_ID ? json_integer(number) : json_null();
}

json_t *event_json(struct core *core, const struct event_record *record)
{
    char uuid[GUEST_UUID_TEXT], cause[EVENTS_CAUSE_MAX];
    uint64_t wall_ns = events_wall_ns(&core->events, record->time_ns, core_now_ns(core));

    guest_uuid_text(record->uuid, uuid);
    events_cause(record, cause);
    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "id",
                     (json_int_t)record->id, "time_ns", (json_int_t)wall_ns, "monotonic_ns",
                     (json_int_t)record->time_ns, "kind", record->kind, "guest", record->name,
                     "uuid", uuid, "domid", number_or_null(record->domid), "owner",
                     (json_int_t)record->owner, "by", number_or_null(record->by), "from",
                     text_or_null(record->from), "to", text_or_null(record->to), "cause",
                     text_or_null(cause));
}
