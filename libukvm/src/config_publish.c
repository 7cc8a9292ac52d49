/* Published ports: the publish key, and the same rules within a vif. */
#include <stdlib.h>
#include <string.h>

#include "config_net.h"

unsigned config_read_decimal(const char **at)
{
    unsigned number = 0;
    const char *start = *at;

    while (**at >= '0' && **at <= '9' && number <= 65535)
        number = number * 10 + (unsigned)(*(*at)++ - '0');
    return *at == start || number > 65535 ? 0 : number;
}

static json_t *read_rule(const char *text)
{
    unsigned host = config_read_decimal(&text);
    unsigned guest = 0;
    const char *protocol = "tcp";

    if (host != 0 && *text == ':') {
        text++;
        guest = config_read_decimal(&text);
    }
    if (strcmp(text, "/udp") == 0)
        protocol = "udp";
    else if (strcmp(text, "/tcp") != 0 && *text != '\0')
        return NULL;
    if (guest == 0)
        return NULL;
    return json_pack("{s:s, s:i, s:i}", "protocol", protocol, "host", (int)host, "guest",
                     (int)guest);
}

static bool same_host_port(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "protocol"), json_object_get(b, "protocol")) &&
           json_equal(json_object_get(a, "host"), json_object_get(b, "host"));
}

int config_add_rule(const struct config_part *part, json_t *rules)
{
    json_t *rule = read_rule(part->text);

    if (rule == NULL)
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "publish '%.40s' is not HOST:GUEST[/tcp|/udp] with ports 1 to 65535",
                           part->text);
    for (size_t i = 0; i < json_array_size(rules); i++) {
        if (same_host_port(rule, json_array_get(rules, i))) {
            json_decref(rule);
            return config_fail(part->message, UKVM_E_CONFIG, part->place,
                               "publish '%.40s': the host port is already published", part->text);
        }
    }
    return json_array_append_new(rules, rule) == 0 ? 0 : config_no_memory(part->message);
}

int config_read_publish(const struct config_key *key, const struct config_value *value,
                        json_t **json_out, char *message)
{
    int rc = config_check_list(key, value, message);
    json_t *rules = json_array();

    for (size_t i = 0; rc == 0 && i < value->count; i++) {
        const struct config_part part = {value->items[i].text, value->items[i].place, message};
        rc = config_add_rule(&part, rules);
    }
    if (rc != 0) {
        json_decref(rules);
        return rc;
    }
    *json_out = rules;
    return 0;
}

/* The first vif's own rules stay ahead of those of the publish key. */
int config_publish_merge(json_t *values, const struct config_settings *settings, char *message)
{
    json_t *rules = json_object_get(values, "publish");
    json_t *vif = json_array_get(json_object_get(values, "vif"), 0);
    int rc = 0;

    if (json_array_size(rules) > 0) {
        struct config_place place = config_settings_find(settings, "publish")->value.place;
        if (vif == NULL)
            return config_fail(message, UKVM_E_CONFIG, place,
                               "'publish' needs a vif (vif = [''] gives the guest one)");
        json_t *own = json_object_get(vif, "publish");
        for (size_t i = 0; rc == 0 && own != NULL && i < json_array_size(rules); i++) {
            for (size_t j = 0; j < json_array_size(own); j++) {
                if (same_host_port(json_array_get(rules, i), json_array_get(own, j)))
                    return config_fail(message, UKVM_E_CONFIG, place,
                                       "'publish' repeats a host port of the first vif");
            }
        }
        if (own == NULL)
            rc = json_object_set(vif, "publish", rules);
        else
            rc = json_array_extend(own, rules);
        if (rc != 0)
            return config_no_memory(message);
    }
    json_object_del(values, "publish");
    return 0;
}
