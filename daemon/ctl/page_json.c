/* The noxs page, decoded: chaosd's own copy beside the words of the guest and of chaos-iod. */
#include "core/layout.h"
#include "ctl/guest_json.h"
#include "noxs/access.h"

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* Bitmaps and words whose upper half matters read best in hex, and fit no JSON integer. */
static json_t *hex(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

static json_t *named(uint32_t value, const char *const *names, size_t count)
{
    return value < count ? json_string(names[value]) : json_sprintf("unknown (%u)", value);
}

static json_t *ip_text(const uint8_t ip[4])
{
    return json_sprintf("%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

static json_t *net_json(const struct noxs_net_config *net)
{
    const uint8_t *mac = net->mac;

    return json_pack("{s:o, s:o, s:i, s:o, s:i}", "mac",
                     json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                                  mac[4], mac[5]),
                     "ip", ip_text(net->ip), "prefix_len", (int)net->prefix_len, "gateway",
                     ip_text(net->gateway), "mtu", (int)net->mtu);
}

static json_t *rings_json(const struct noxs_device *device, const uint32_t words[2])
{
    json_t *rings = json_array();
    unsigned count = device->type == NOXS_DEV_NET ? 2 : 1;

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(rings, number(words[i]));
    return rings;
}

static json_t *device_json(const struct noxs_device *device, unsigned slot)
{
    static const char *const types[] = {"none", "console", "net", "block"};
    json_t *json = json_pack(
        "{s:i, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "slot", (int)slot, "type",
        named(device->type, types, 4), "index", (int)device->index, "flags", (int)device->flags,
        "generation", number(device->generation), "ring_gfn", rings_json(device, device->ring_gfn),
        "ring_gref", rings_json(device, device->ring_gref), "arena_gref",
        number(device->arena_gref), "arena_pages", number(device->arena_pages));

    if (device->type == NOXS_DEV_NET)
        json_object_set_new(json, "config", net_json(&device->config.net));
    return json;
}

static json_t *request_json(uint64_t request)
{
    static const char *const ops[] = {"none", "poweroff",      "reboot", "suspend",
                                      "fork", "device-change", "memory"};
    return json_pack("{s:o, s:o}", "seq", number(noxs_high(request)), "op",
                     named(noxs_low(request), ops, 7));
}

static json_t *daemon_json(const struct guest *guest)
{
    struct noxs_page page = {0};
    char uuid[GUEST_UUID_TEXT];
    json_t *devices = json_array();

    layout_fill_page(&page, guest);
    guest_format_uuid(guest, uuid);
    for (unsigned i = 0; i < NOXS_DEVICE_SLOTS; i++)
        if (page.device[i].type != NOXS_DEV_NONE)
            json_array_append_new(devices, device_json(&page.device[i], i));
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o}", "abi_version",
                     (int)page.abi_version, "device_slots", (int)page.device_slots, "host_features",
                     hex(page.host_features), "generation", number(page.generation), "domid",
                     number(page.domid), "uuid", uuid, "ram_pages", number(page.ram_pages),
                     "window_pages", number(page.window_pages), "name", page.name, "request",
                     request_json(page.request), "devices", devices);
}

static json_t *states_json(const uint32_t *words, unsigned slots)
{
    static const char *const states[] = {"none", "open", "closing", "closed"};
    json_t *json = json_array();

    for (unsigned i = 0; i < slots; i++)
        json_array_append_new(json, named(noxs_read32(&words[i]), states, 4));
    return json;
}

static unsigned used_slots(const struct guest *guest)
{
    return LAYOUT_NET_SLOT + guest->vif_count;
}

/* Each word is read once; the guest may write anything there, at any time. */
static json_t *guest_words_json(const struct guest *guest)
{
    static const char *const states[] = {"booting", "ready", "exiting"};
    static const char *const answers[] = {"ok", "unsupported", "refused"};
    const struct noxs_page *page = guest->control.page;
    uint64_t status = noxs_read64(&page->status);
    uint64_t ack = noxs_read64(&page->ack);

    return json_pack("{s:o, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o, s:o}", "features",
                     hex(noxs_read64(&page->guest_features)), "status", "state",
                     named(noxs_low(status), states, 3), "exit_code", number(noxs_high(status)),
                     "ack", "seq", number(noxs_high(ack)), "status",
                     named(noxs_low(ack), answers, 3), "kick", hex(noxs_read64(&page->guest_kick)),
                     "seen", hex(noxs_read64(&page->guest_seen)), "device_states",
                     states_json(page->device_guest_state, used_slots(guest)));
}

static json_t *iod_words_json(const struct guest *guest)
{
    const struct noxs_page *page = guest->control.page;

    return json_pack("{s:o, s:o, s:o}", "kick", hex(noxs_read64(&page->iod_kick)), "seen",
                     hex(noxs_read64(&page->iod_seen)), "device_states",
                     states_json(page->device_host_state, used_slots(guest)));
}

json_t *page_json(const struct guest *guest)
{
    return json_pack("{s:o, s:o, s:o}", "daemon", daemon_json(guest), "guest",
                     guest_words_json(guest), "iod", iod_words_json(guest));
}
