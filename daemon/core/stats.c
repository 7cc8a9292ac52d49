#include "core/stats.h"

#include <stdlib.h>

#include "core/core.h"

/* Domains that are not ours may lie between. */
#define LIST_BATCH 64u

struct taking {
    struct stats stats;
    stats_fn *done;
    void *arg;
};

static void choose(struct core *core, struct taking *taking, uint32_t after)
{
    const struct guest_table *guests = &core->guests;
    size_t at = guest_table_next_named(guests, guest_table_from_domid(guests, after + 1));

    for (; at < guests->domid_count && taking->stats.count < STATS_GUESTS;
         at = guest_table_next_named(guests, at + 1))
        taking->stats.guests[taking->stats.count++] = (struct stats_guest){
            .id = guests->by_domid[at]->id, .domid = guests->by_domid[at]->domid};
    taking->stats.more = at < guests->domid_count;
}

static void note(struct core *core, struct stats_guest *stats, const struct hv_domain_info *info)
{
    const struct guest *guest = guest_table_by_id(&core->guests, stats->id);

    if (guest == NULL || !guest_domain_is(info, guest->domid, guest->uuid))
        return;
    stats->cpu_ns = info->cpu_time_ns;
    stats->memory_bytes = info->memory_bytes;
}

/*
 * Guests whose domain is not there have used nothing. Others' domains may lie between: each list
 * starts at a guest, so there are at most as many lists as guests.
 */
static void ask_xen(struct core *core, struct stats *stats)
{
    struct hv_domain_info infos[LIST_BATCH];
    unsigned at = 0;
    int count = (int)LIST_BATCH;

    while (at < stats->count && count == (int)LIST_BATCH) {
        count = core->hv->ops->domain_list(core->hv, stats->guests[at].domid, infos, LIST_BATCH);
        for (int i = 0; i < count && at < stats->count;) {
            struct stats_guest *guest = &stats->guests[at];
            if (infos[i].domid == guest->domid)
                note(core, guest, &infos[i]);
            at += infos[i].domid >= guest->domid;
            i += infos[i].domid <= guest->domid;
        }
    }
}

static void on_counters(void *arg, const struct io_guest_counters *counters)
{
    struct taking *taking = arg;

    for (unsigned i = 0; counters != NULL && i < taking->stats.count; i++) {
        struct stats_guest *guest = &taking->stats.guests[i];
        guest->counted = true;
        guest->vif_count = counters[i].vif_count;
        for (unsigned vif = 0; vif < guest->vif_count; vif++)
            guest->vif[vif] = counters[i].vif[vif];
    }
    taking->done(taking->arg, &taking->stats);
    free(taking);
}

void stats_take(struct core *core, uint32_t after, stats_fn *done, void *arg)
{
    struct taking *taking = calloc(1, sizeof(*taking));
    uint64_t ids[STATS_GUESTS];

    if (taking == NULL) {
        done(arg, NULL);
        return;
    }
    taking->done = done;
    taking->arg = arg;
    choose(core, taking, after);
    ask_xen(core, &taking->stats);
    for (unsigned i = 0; i < taking->stats.count; i++)
        ids[i] = taking->stats.guests[i].id;
    if (taking->stats.count == 0)
        on_counters(taking, NULL);
    else
        iod_stats(&core->iod, ids, taking->stats.count, on_counters, taking);
}
