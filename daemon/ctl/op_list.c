#include "core/definition.h"
#include "core/guest_table.h"
#include "ctl/guest_json.h"
#include "ctl/ops.h"

/* What the envelope takes of a message. */
#define ENVELOPE_BYTES 256u

/* One reply: guests by domain id, then definitions without a guest by name. */
struct page {
    const struct core *core;
    json_t *list;
    size_t bytes;
};

/* Whether there is room for another, which then is taken into account. */
static bool fits(struct page *page, size_t bound)
{
    if (json_array_size(page->list) == CTL_LIST_MAX || page->bytes + bound > LIMIT_MESSAGE)
        return false;
    page->bytes += bound;
    return true;
}

/* False: there are more. */
static bool add_guests(struct page *page, uint32_t after)
{
    const struct guest_table *guests = &page->core->guests;
    size_t at = guest_table_next_named(guests, guest_table_from_domid(guests, after + 1));

    for (; at < guests->domid_count; at = guest_table_next_named(guests, at + 1)) {
        const struct guest *guest = guests->by_domid[at];
        if (!fits(page, guest_json_bound(guest)))
            return false;
        json_array_append_new(page->list, guest_json(guest));
    }
    return true;
}

static bool add_definitions(struct page *page, const char *after)
{
    const struct definition *definition = definition_after(page->core, after);

    for (; definition != NULL; definition = definition_after(page->core, definition->spec.name)) {
        /* A guest, or the record of one, stands for it. */
        if (guest_table_by_name(&page->core->guests, definition->spec.name) != NULL)
            continue;
        if (!fits(page, definition_json_bound(definition)))
            return false;
        json_array_append_new(page->list, definition_guest_json(definition));
    }
    return true;
}

void op_list(struct ctl_request *request)
{
    struct error error;
    struct page page = {.core = request->core, .bytes = ENVELOPE_BYTES};
    uint64_t after = 0;
    const char *after_name = NULL;
    const struct arg args[] = {
        {.name = "after", .type = ARG_NUMBER, .out = &after, .max = UINT32_MAX - 1},
        {.name = "after_name", .type = ARG_STRING, .out = &after_name}};

    if (ctl_request_args(request, args, 2, &error) < 0) {
        ctl_fail(request, &error);
        return;
    }
    page.list = json_array();
    bool all = after_name != NULL || add_guests(&page, (uint32_t)after);
    all = all && add_definitions(&page, after_name == NULL ? "" : after_name);
    ctl_reply(request, json_pack("{s:o, s:b}", "guests", page.list, "more", (int)!all), -1);
}
