#include "ctl/guest_json.h"

#include <netinet/in.h>
#include <string.h>

#include "core/addr.h"

/* Keys, numbers and addresses; texts come on top, twice because of escapes. */
#define FIXED_BYTES 640u

static json_t *address_or_null(struct hostnet_ip ip)
{
    char text[ADDR_TEXT_MAX];

    if (!addr_ip_set(ip))
        return json_null();
    addr_format_ip(ip, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text)
{
    return *text == '\0' ? json_null() : json_string(text);
}

static json_t *vif_json(const struct guest_vif *vif)
{
    char mac[ADDR_TEXT_MAX];

    addr_format_mac(vif->mac.octet, mac);
    return json_pack("{s:s, s:o, s:i, s:o, s:o}", "mac", mac, "ip", address_or_null(vif->ip),
                     "prefix_len", (int)vif->prefix_len, "gateway", address_or_null(vif->gateway),
                     "bridge", text_or_null(vif->bridge));
}

static json_t *publish_json(const struct spec_publish *publish)
{
    return json_pack("{s:s, s:i, s:i}", "protocol",
                     publish->protocol == IPPROTO_TCP ? "tcp" : "udp", "host",
                     (int)publish->host_port, "guest", (int)publish->guest_port);
}

json_t *guest_vif_json(const struct guest *guest, unsigned index)
{
    const struct guest_vif *vif = &guest->vif[index];
    json_t *json = vif_json(vif);
    json_t *publish = json_array();

    for (unsigned i = 0; i < vif->published; i++)
        json_array_append_new(publish, publish_json(&vif->publish[i]));
    json_object_set_new(json, "slot", json_integer(index));
    json_object_set_new(json, "state", json_string(sm_name(&vif->sm)));
    json_object_set_new(json, "publish", publish);
    return json;
}

json_t *guest_json(const struct guest *guest)
{
    char uuid[GUEST_UUID_TEXT];
    json_t *vifs = json_array();

    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT)
            json_array_append_new(vifs, vif_json(&guest->vif[i]));
    guest_format_uuid(guest, uuid);
    json_t *domid = guest->domid == GUEST_NO_DOMID ? json_null() : json_integer(guest->domid);
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:s, s:o}", "name", guest->name, "domid",
                     domid, "uuid", uuid, "state", guest_state_name(guest), "reason",
                     text_or_null(guest->reason), "memory_bytes",
                     (json_int_t)guest->memory_mib << 20, "vcpus", (json_int_t)guest->vcpus,
                     "kernel", guest->kernel, "vifs", vifs);
}

size_t guest_json_bound(const struct guest *guest)
{
    return FIXED_BYTES + 2 * (strlen(guest->kernel) + strlen(guest->reason));
}

json_t *guest_json_timing(const struct create_result *result)
{
    json_t *timing = json_array();

    for (size_t i = 0; i < result->phase_count; i++) {
        const struct create_phase *phase = &result->phases[i];
        json_array_append_new(
            timing, json_pack("{s:s, s:f}", "phase", phase->name, "us", (double)phase->ns / 1000));
    }
    return timing;
}
