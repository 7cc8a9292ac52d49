#include "core/core.h"
#include "core/stats.h"
#include "ctl/ops.h"

/* What JSON's integers take; chaos-iod may say anything. */
static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *vif_json(const struct io_counters *vif)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "rx_frames", number(vif->rx_frames),
                     "rx_bytes", number(vif->rx_bytes), "rx_drops", number(vif->rx_drops),
                     "tx_frames", number(vif->tx_frames), "tx_bytes", number(vif->tx_bytes),
                     "tx_drops", number(vif->tx_drops));
}

static json_t *vifs_json(const struct stats_guest *stats)
{
    json_t *vifs = stats->counted ? json_array() : json_null();

    for (unsigned i = 0; i < stats->vif_count; i++)
        json_array_append_new(vifs, vif_json(&stats->vif[i]));
    return vifs;
}

static json_t *stats_json(const struct guest *guest, const struct stats_guest *stats)
{
    return json_pack("{s:s, s:I, s:s, s:I, s:o, s:o, s:o}", "name", guest->name, "domid",
                     (json_int_t)guest->domid, "state", guest_state_name(guest), "vcpus",
                     (json_int_t)guest->vcpus, "cpu_ns", number(stats->cpu_ns), "memory_bytes",
                     number(stats->memory_bytes), "vifs", vifs_json(stats));
}

static void on_stats(void *arg, const struct stats *stats)
{
    struct ctl_request *request = arg;
    struct error error;
    json_t *list = json_array();

    if (stats == NULL) {
        json_decref(list);
        error_set(&error, UKVM_E_NO_MEMORY, "stats: out of memory");
        ctl_fail(request, &error);
        return;
    }
    /* One that is gone meanwhile is left out; the next page begins after it all the same. */
    uint32_t last = 0;
    for (unsigned i = 0; i < stats->count; i++) {
        const struct guest *guest = guest_table_by_id(&request->core->guests, stats->guests[i].id);
        if (stats->guests[i].domid > last)
            last = stats->guests[i].domid;
        if (guest != NULL && guest_state(guest) != GUEST_GONE)
            json_array_append_new(list, stats_json(guest, &stats->guests[i]));
    }
    ctl_reply(request,
              json_pack("{s:o, s:b, s:I, s:I}", "guests", list, "more", (int)stats->more, "last",
                        (json_int_t)last, "taken_ns", (json_int_t)core_now_ns(request->core)),
              -1);
}

void op_stats(struct ctl_request *request)
{
    struct error error;
    uint64_t after = 0;
    const struct arg args[] = {
        {.name = "after", .type = ARG_NUMBER, .out = &after, .max = UINT32_MAX - 1}};

    if (ctl_request_args(request, args, 1, &error) < 0)
        ctl_fail(request, &error);
    else
        stats_take(request->core, (uint32_t)after, on_stats, request);
}
