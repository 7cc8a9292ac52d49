#include "ctl/spec_json.h"

#include <netinet/in.h>
#include <string.h>

#include "core/addr.h"
#include "ctl/args.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* NULL: the member was absent. */
static int copy_text(const char *text, char *out, size_t size, enum limit_id limit,
                     struct error *error)
{
    size_t length = text == NULL ? 0 : strlen(text);

    if (length >= size)
        return limit_reached(error, limit);
    memcpy(out, text == NULL ? "" : text, length + 1);
    return 0;
}

static int read_publish(json_t *json, struct spec_publish *publish, struct error *error)
{
    const char *protocol = "tcp";
    uint64_t host = 0, guest = 0;
    const struct arg args[] = {
        {.name = "protocol", .type = ARG_STRING, .out = &protocol},
        {.name = "host", .type = ARG_NUMBER, .out = &host, .max = UINT16_MAX, .required = true},
        {.name = "guest", .type = ARG_NUMBER, .out = &guest, .max = UINT16_MAX, .required = true},
    };
    const struct args_context context = {.where = "publish", .code = UKVM_E_CONFIG};
    int rc = args_read(json, &context, args, COUNT(args), error);

    if (rc < 0)
        return rc;
#ifdef CHAOS_PLANTED_BUG_CTL
    char copy[8];
    protocol = strcpy(copy, protocol);
#endif
    if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)
        return error_set(error, UKVM_E_CONFIG, "publish: protocol: must be tcp or udp");
    publish->protocol = protocol[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
    publish->host_port = (uint16_t)host;
    publish->guest_port = (uint16_t)guest;
    return 0;
}

static int read_publish_list(json_t *list, struct spec_vif *vif, struct error *error)
{
    size_t count = json_array_size(list);
    int rc = 0;

    if (count > LIMIT_PUBLISH)
        return limit_reached(error, LIMIT_ID_PUBLISH);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = read_publish(json_array_get(list, i), &vif->publish[i], error);
    vif->publish_count = (unsigned)count;
    return rc;
}

static int read_addresses(const char *mac, const char *ip, struct spec_vif *vif,
                          struct error *error)
{
    vif->has_mac = mac != NULL;
    vif->has_ip = ip != NULL;
    if (mac != NULL && addr_parse_mac(mac, vif->mac) < 0)
        return error_set(error, UKVM_E_CONFIG, "vif: mac '%.20s' is not one", mac);
    if (ip != NULL && addr_parse_ip(ip, &vif->ip, &vif->prefix_len) < 0)
        return error_set(error, UKVM_E_CONFIG, "vif: ip '%.20s' is not an IPv4 address", ip);
    return 0;
}

int spec_vif_from_json(json_t *json, struct spec_vif *vif, struct error *error)
{
    const char *mac = NULL, *ip = NULL, *bridge = NULL;
    json_t *publish = NULL;
    const struct arg args[] = {
        {.name = "mac", .type = ARG_STRING, .out = &mac},
        {.name = "ip", .type = ARG_STRING, .out = &ip},
        {.name = "bridge", .type = ARG_STRING, .out = &bridge},
        {.name = "publish", .type = ARG_ARRAY, .out = &publish},
    };
    const struct args_context context = {.where = "vif", .code = UKVM_E_CONFIG};
    int rc = args_read(json, &context, args, COUNT(args), error);

    if (rc == 0)
        rc = read_addresses(mac, ip, vif, error);
    if (rc < 0)
        return rc;
    if (bridge != NULL && (*bridge == '\0' || strlen(bridge) >= sizeof(vif->bridge)))
        return error_set(error, UKVM_E_CONFIG, "vif: bridge '%.20s' is not an interface name",
                         bridge);
    if (bridge != NULL)
        memcpy(vif->bridge, bridge, strlen(bridge) + 1);
    return read_publish_list(publish, vif, error);
}

static int read_vifs(json_t *list, struct guest_spec *spec, struct error *error)
{
    size_t count = json_array_size(list);
    int rc = 0;

    if (count > LIMIT_VIFS)
        return limit_reached(error, LIMIT_ID_VIFS);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = spec_vif_from_json(json_array_get(list, i), &spec->vif[i], error);
    spec->vif_count = (unsigned)count;
    return rc;
}

static int add_cpu(const json_t *json, struct hv_cpus *cpus, struct error *error)
{
    json_int_t cpu = json_integer_value(json);

    if (!json_is_integer(json) || cpu < 0)
        return error_set(error, UKVM_E_CONFIG, "cpus: a CPU must be a number from 0 on");
    if (cpu >= LIMIT_CPUS)
        return limit_reached(error, LIMIT_ID_CPUS);
    hv_cpus_add(cpus, (unsigned)cpu);
    return 0;
}

/* NULL: the member was absent. */
int spec_cpus_from_json(json_t *json, struct spec_cpus *cpus, struct error *error)
{
    json_t *only = NULL, *except = NULL;
    const struct arg args[] = {
        {.name = "only", .type = ARG_ARRAY, .out = &only},
        {.name = "except", .type = ARG_ARRAY, .out = &except},
    };
    const struct args_context context = {.where = "cpus", .code = UKVM_E_CONFIG};

    if (json == NULL)
        return 0;
    int rc = args_read(json, &context, args, COUNT(args), error);
    if (rc == 0 && (only == NULL) == (except == NULL))
        rc = error_set(error, UKVM_E_CONFIG, "cpus: either only or except");
    const json_t *list = only != NULL ? only : except;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
        rc = add_cpu(json_array_get(list, i), &cpus->named, error);
    cpus->kind = only != NULL ? SPEC_CPUS_ONLY : SPEC_CPUS_EXCEPT;
    return rc;
}

static int read_policy(const char *key, const char *text, enum spec_policy *policy,
                       struct error *error)
{
    if (text == NULL)
        return 0;
    if (spec_policy_parse(text, policy) < 0)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: must be destroy, preserve, restart, coredump-destroy or "
                         "coredump-restart",
                         key);
    return 0;
}

struct texts {
    const char *name, *kernel, *cmdline, *on_poweroff, *on_reboot, *on_crash;
};

static int read_texts(const struct texts *texts, struct guest_spec *spec, struct error *error)
{
    int rc = copy_text(texts->name, spec->name, sizeof(spec->name), LIMIT_ID_NAME, error);

    if (rc == 0)
        rc = copy_text(texts->kernel, spec->kernel, sizeof(spec->kernel), LIMIT_ID_KERNEL_PATH,
                       error);
    if (rc == 0)
        rc = copy_text(texts->cmdline, spec->cmdline, sizeof(spec->cmdline), LIMIT_ID_CMDLINE,
                       error);
    if (rc == 0)
        rc = read_policy("on_poweroff", texts->on_poweroff, &spec->on_poweroff, error);
    if (rc == 0)
        rc = read_policy("on_reboot", texts->on_reboot, &spec->on_reboot, error);
    if (rc == 0)
        rc = read_policy("on_crash", texts->on_crash, &spec->on_crash, error);
    return rc;
}

static int read_after(json_t *list, struct spec_terms *terms, struct error *error)
{
    size_t count = json_array_size(list);
    int rc = 0;

    if (count > LIMIT_AFTER)
        return limit_reached(error, LIMIT_ID_AFTER);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name == NULL)
            return error_set(error, UKVM_E_CONFIG, "after: must be names of guests");
        rc = copy_text(name, terms->after[i], sizeof(terms->after[i]), LIMIT_ID_NAME, error);
    }
    terms->after_count = (unsigned)count;
    return rc;
}

int spec_from_json(json_t *config, struct guest_spec *spec_out, struct spec_terms *terms_out,
                   struct error *error)
{
    struct texts texts = {0};
    json_t *cpus = NULL, *vifs = NULL, *after = NULL;
    uint64_t autostart = 0;
    const struct arg args[] = {
        {.name = "name", .type = ARG_STRING, .out = &texts.name, .required = true},
        {.name = "kernel", .type = ARG_STRING, .out = &texts.kernel},
        {.name = "memory", .type = ARG_NUMBER, .out = &spec_out->memory_mib, .max = INT64_MAX},
        {.name = "vcpus", .type = ARG_NUMBER, .out = &spec_out->vcpus, .max = INT64_MAX},
        {.name = "cpus", .type = ARG_OBJECT, .out = &cpus},
        {.name = "cmdline", .type = ARG_STRING, .out = &texts.cmdline},
        {.name = "vif", .type = ARG_ARRAY, .out = &vifs},
        {.name = "on_poweroff", .type = ARG_STRING, .out = &texts.on_poweroff},
        {.name = "on_reboot", .type = ARG_STRING, .out = &texts.on_reboot},
        {.name = "on_crash", .type = ARG_STRING, .out = &texts.on_crash},
        {.name = "autostart", .type = ARG_NUMBER, .out = &autostart, .max = 1},
        {.name = "after", .type = ARG_ARRAY, .out = &after},
        {.name = "max_restarts",
         .type = ARG_NUMBER,
         .out = &terms_out->max_restarts,
         .max = INT32_MAX},
    };
    const struct args_context context = {.where = "config", .code = UKVM_E_CONFIG};

    spec_init(spec_out);
    spec_terms_init(terms_out);
    int rc = args_read(config, &context, args, COUNT(args), error);
    if (rc == 0)
        rc = read_texts(&texts, spec_out, error);
    if (rc == 0)
        rc = spec_cpus_from_json(cpus, &spec_out->cpus, error);
    if (rc == 0)
        rc = read_after(after, terms_out, error);
    terms_out->autostart = autostart != 0;
    return rc < 0 ? rc : read_vifs(vifs, spec_out, error);
}
