#include "ctl/guest_json.h"

#include <netinet/in.h>
#include <string.h>

#include "core/addr.h"

/* Keys, numbers and addresses; texts come on top, twice because of escapes. */
#define FIXED_BYTES 768u

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

static json_t *after_json(const struct spec_terms *terms)
{
    json_t *after = json_array();

    for (unsigned i = 0; i < terms->after_count; i++)
        json_array_append_new(after, json_string(terms->after[i]));
    return after;
}

/* NULL: none. */
static json_t *definition_json_of(const struct definition *definition)
{
    if (definition == NULL)
        return json_null();
    const struct spec_terms *terms = &definition->terms;
    return json_pack("{s:b, s:b, s:o, s:I, s:I}", "persistent", (int)definition->persistent,
                     "autostart", (int)terms->autostart, "after", after_json(terms), "max_restarts",
                     (json_int_t)terms->max_restarts, "restarts", (json_int_t)definition->restarts);
}

json_t *definition_guest_json(const struct definition *definition)
{
    const struct guest_spec *spec = &definition->spec;

    return json_pack("{s:s, s:n, s:s, s:s, s:o, s:I, s:I, s:s, s:[], s:o}", "name", spec->name,
                     "domid", "uuid", "", "state", definition_state_name(definition), "reason",
                     text_or_null(definition->note), "memory_bytes",
                     (json_int_t)spec->memory_mib << 20, "vcpus", (json_int_t)spec->vcpus, "kernel",
                     spec->kernel, "vifs", "definition", definition_json_of(definition));
}

size_t definition_json_bound(const struct definition *definition)
{
    return FIXED_BYTES + LIMIT_AFTER * (LIMIT_NAME + 3) +
           2 * (strlen(definition->spec.kernel) + strlen(definition->note));
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
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:s, s:o, s:o}", "name", guest->name,
                     "domid", domid, "uuid", uuid, "state", guest_state_name(guest), "reason",
                     text_or_null(guest->reason), "memory_bytes",
                     (json_int_t)guest->present_pages * HV_PAGE_SIZE, "vcpus",
                     (json_int_t)guest->vcpus, "kernel", guest->kernel, "vifs", vifs, "definition",
                     definition_json_of(guest->definition));
}

size_t guest_json_bound(const struct guest *guest)
{
    size_t definition = guest->definition == NULL ? 0 : LIMIT_AFTER * (LIMIT_NAME + 3);

    return FIXED_BYTES + definition + 2 * (strlen(guest->kernel) + strlen(guest->reason));
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
