#include "io/io_stats.h"

#include "io/io_guest.h"

#include <errno.h>

static struct io_counters counters_of(const struct netback_stats *stats)
{
    return (struct io_counters){
        .rx_frames = stats->rx_packets,
        .rx_bytes = stats->rx_bytes,
        .rx_drops = stats->rx_drops,
        .tx_frames = stats->tx_packets,
        .tx_bytes = stats->tx_bytes,
        .tx_drops = stats->tx_drops,
    };
}

static void fill(struct io *io, uint64_t id, struct io_guest_counters *out)
{
    const struct io_guest *guest = io_find(io, id);
    out->guest = id;
    for (unsigned i = 0; guest != NULL && i < IO_MAX_VIFS; i++)
        if (vif_is_open(&guest->vifs[i]))
            out->vif[out->vif_count++] = counters_of(&guest->vifs[i].netback.stats);
}

int io_stats(struct io *io, const struct io_msg_stats *question, struct io_msg_counters *answer_out)
{
    if (question->count > IO_STATS_GUESTS)
        return -EINVAL;
    *answer_out = (struct io_msg_counters){
        .header = {.type = IO_MSG_COUNTERS,
                   .size = sizeof(*answer_out),
                   .guest = question->header.guest},
        .count = question->count,
    };
    for (uint32_t i = 0; i < question->count; i++)
        fill(io, question->guests[i], &answer_out->guests[i]);
    return 0;
}
