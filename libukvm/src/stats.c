#include <string.h>

#include "client.h"

/* More pages than this would be more guests than Xen has domain ids. */
#define PAGES_MAX 2048

/* ---- one guest ---- */

static bool read_text(const json_t *object, const char *name, char *out, size_t size)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value) || json_string_length(value) >= size)
        return false;
    memcpy(out, json_string_value(value), json_string_length(value) + 1);
    return true;
}

static bool read_number(const json_t *object, const char *name, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_small(const json_t *object, const char *name, uint32_t *out)
{
    uint64_t value;

    if (!read_number(object, name, &value) || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_vif(const json_t *object, struct ukvm_vif_stats *vif)
{
    return read_number(object, "rx_frames", &vif->rx_frames) &&
           read_number(object, "rx_bytes", &vif->rx_bytes) &&
           read_number(object, "rx_drops", &vif->rx_drops) &&
           read_number(object, "tx_frames", &vif->tx_frames) &&
           read_number(object, "tx_bytes", &vif->tx_bytes) &&
           read_number(object, "tx_drops", &vif->tx_drops);
}

static bool read_vifs(const json_t *vifs, struct ukvm_stats *stats)
{
    if (json_is_null(vifs))
        return true;
    if (!json_is_array(vifs) || json_array_size(vifs) > UKVM_VIFS_MAX)
        return false;
    stats->net_known = true;
    stats->vif_count = (uint32_t)json_array_size(vifs);
    for (uint32_t i = 0; i < stats->vif_count; i++)
        if (!read_vif(json_array_get(vifs, i), &stats->vifs[i]))
            return false;
    return true;
}

static bool read_guest(const json_t *object, struct ukvm_stats *stats)
{
    return read_text(object, "name", stats->name, sizeof(stats->name)) &&
           read_text(object, "state", stats->state, sizeof(stats->state)) &&
           read_small(object, "domid", &stats->domid) &&
           read_small(object, "vcpus", &stats->vcpus) &&
           read_number(object, "cpu_ns", &stats->cpu_ns) &&
           read_number(object, "memory_bytes", &stats->memory_bytes) &&
           read_vifs(json_object_get(object, "vifs"), stats);
}

/* ---- all of them ---- */

struct walk {
    ukvm_on_stats *on_stats;
    void *arg;
    uint32_t last; /* domain id */
    bool more;
};

static int read_page(struct ukvm *handle, const json_t *page, struct walk *walk)
{
    const json_t *guests = json_object_get(page, "guests");
    uint32_t before = walk->last, last;
    uint64_t taken_ns;

    if (!json_is_array(guests) || !read_number(page, "taken_ns", &taken_ns) ||
        !read_small(page, "last", &last))
        return client_malformed(handle, "stats without guests");
    for (size_t i = 0; i < json_array_size(guests); i++) {
        struct ukvm_stats stats = {.size = sizeof(stats), .taken_ns = taken_ns};
        if (!read_guest(json_array_get(guests, i), &stats))
            return client_malformed(handle, "stats with a bad guest");
        if (stats.domid <= walk->last)
            return client_malformed(handle, "stats out of order");
        walk->last = stats.domid;
        walk->on_stats(walk->arg, &stats);
    }
    walk->more = json_is_true(json_object_get(page, "more"));
    if (last > walk->last)
        walk->last = last;
    if (walk->more && walk->last == before)
        return client_malformed(handle, "stats promise more and give none");
    return 0;
}

static int take_page(struct ukvm *handle, struct walk *walk)
{
    struct client_reply reply;
    int rc = client_call(handle, "stats", json_pack("{s:I}", "after", (json_int_t)walk->last), -1,
                         &reply);

    if (rc != 0)
        return rc;
    rc = read_page(handle, reply.ok, walk);
    client_reply_fini(&reply);
    return rc;
}

int ukvm_stats(struct ukvm *handle, ukvm_on_stats *on_stats, void *arg)
{
    struct walk walk = {.on_stats = on_stats, .arg = arg, .more = true};
    int rc = 0;

    for (int pages = 0; rc == 0 && walk.more; pages++) {
        if (pages == PAGES_MAX)
            rc = client_malformed(handle, "stats without end");
        else
            rc = take_page(handle, &walk);
    }
    return rc;
}
