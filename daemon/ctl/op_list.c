#include "core/guest_table.h"
#include "ctl/guest_json.h"
#include "ctl/ops.h"

/* What the envelope takes of a message. */
#define ENVELOPE_BYTES 256u

void op_list(struct ctl_request *request)
{
    const struct guest_table *guests = &request->core->guests;
    struct error error;
    uint64_t after = 0;
    const struct arg args[] = {
        {.name = "after", .type = ARG_NUMBER, .out = &after, .max = UINT32_MAX - 1}};

    if (ctl_request_args(request, args, 1, &error) < 0) {
        ctl_fail(request, &error);
        return;
    }
    json_t *list = json_array();
    size_t at = guest_table_next_named(guests, guest_table_from_domid(guests, (uint32_t)after + 1));
    size_t bytes = ENVELOPE_BYTES;
    for (; at < guests->domid_count && json_array_size(list) < CTL_LIST_MAX;
         at = guest_table_next_named(guests, at + 1)) {
        const struct guest *guest = guests->by_domid[at];
        bytes += guest_json_bound(guest);
        if (bytes > LIMIT_MESSAGE)
            break;
        json_array_append_new(list, guest_json(guest));
    }
    ctl_reply(request,
              json_pack("{s:o, s:b}", "guests", list, "more", (int)(at < guests->domid_count)), -1);
}
