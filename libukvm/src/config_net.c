/* The values of vif and publish, as in xl-network-configuration(5) and our additions. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PUBLISH_MAX  16

/* One "key=value" of a vif, or one publish rule, with the place of the string it is in. */
struct part {
    const char *text;
    struct config_place place;
    char *message;
};

struct vif_key {
    const char *name;
    enum config_key_status status;
    int (*read)(const struct part *part, json_t *vif);
};

static int set_string(const struct part *part, json_t *object, const char *name, const char *value)
{
    return json_object_set_new(object, name, json_string(value)) == 0
               ? 0
               : config_no_memory(part->message);
}

/* ---- publish ---- */

/* Digits: a number from 1 to 65535 such as a port, or 0. */
static unsigned read_decimal(const char **at)
{
    unsigned number = 0;
    const char *start = *at;

    while (**at >= '0' && **at <= '9' && number <= 65535)
        number = number * 10 + (unsigned)(*(*at)++ - '0');
    return *at == start || number > 65535 ? 0 : number;
}

static json_t *read_rule(const char *text)
{
    unsigned host = read_decimal(&text);
    unsigned guest = 0;
    const char *protocol = "tcp";

    if (host != 0 && *text == ':') {
        text++;
        guest = read_decimal(&text);
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

static int add_rule(const struct part *part, json_t *rules)
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
        const struct part part = {value->items[i].text, value->items[i].place, message};
        rc = add_rule(&part, rules);
    }
    if (rc != 0) {
        json_decref(rules);
        return rc;
    }
    *json_out = rules;
    return 0;
}

/* ---- vif ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_mac_bytes(const char *text, unsigned char mac[6])
{
    for (int i = 0; i < 6; i++, text += 3) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
            return false;
        mac[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static int read_mac(const struct part *part, json_t *vif)
{
    static const unsigned char zero[6];
    unsigned char mac[6];
    char text[18];

    if (!read_mac_bytes(part->text, mac))
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "mac '%.40s' is not six bytes like 00:16:3e:12:34:56", part->text);
    if ((mac[0] & 1) != 0 || memcmp(mac, zero, sizeof(mac)) == 0)
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "mac '%s' is not a unicast address", part->text);
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return set_string(part, vif, "mac", text);
}

/* A.B.C.D, or with a prefix length as addresses on a bridge have: A.B.C.D/LEN. */
static bool read_address(const char *text, struct in_addr *address)
{
    char digits[INET_ADDRSTRLEN];
    size_t length = strcspn(text, "/");
    const char *prefix = text + length;

    if (length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (inet_pton(AF_INET, digits, address) != 1)
        return false;
    if (*prefix == '\0')
        return true;
    prefix++;
    unsigned bits = read_decimal(&prefix);
    return *prefix == '\0' && bits >= 1 && bits <= 32;
}

static int read_ip(const struct part *part, json_t *vif)
{
    struct in_addr address;

    if (!read_address(part->text, &address))
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "ip '%.40s' is not an IPv4 address like 10.77.0.5 or 192.168.1.5/24",
                           part->text);
    unsigned first = ntohl(address.s_addr) >> 24;
    if (first == 0 || first == 127 || first >= 224)
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "ip '%s' is not a host address", part->text);
    return set_string(part, vif, "ip", part->text);
}

static int read_bridge(const struct part *part, json_t *vif)
{
    size_t length = strlen(part->text);

    if (length == 0 || length > 15 || strcspn(part->text, "/ :\t\n\v\f\r") != length ||
        part->text[0] == '.')
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "bridge '%.40s' is not the name of a network interface", part->text);
    json_t *bridge = json_string(part->text);
    if (bridge == NULL)
        return config_fail(part->message, UKVM_E_CONFIG, part->place, "bridge is not UTF-8");
    return json_object_set_new(vif, "bridge", bridge) == 0 ? 0 : config_no_memory(part->message);
}

static int read_publish(const struct part *part, json_t *vif)
{
    json_t *rules = json_object_get(vif, "publish");

    if (rules == NULL) {
        rules = json_array();
        if (json_object_set_new(vif, "publish", rules) != 0)
            return config_no_memory(part->message);
    }
    if (json_array_size(rules) == PUBLISH_MAX)
        return config_fail(part->message, UKVM_E_CONFIG, part->place,
                           "more than %d publish rules in a vif", PUBLISH_MAX);
    return add_rule(part, rules);
}

static const struct vif_key vif_keys[] = {
    {"mac", CONFIG_KEY_SUPPORTED, read_mac},
    {"ip", CONFIG_KEY_SUPPORTED, read_ip},
    {"bridge", CONFIG_KEY_SUPPORTED, read_bridge},
    {"publish", CONFIG_KEY_SUPPORTED, read_publish},
    {"model", CONFIG_KEY_IGNORED, NULL},
    {"type", CONFIG_KEY_IGNORED, NULL},
    {"gatewaydev", CONFIG_KEY_LATER, NULL},
    {"netdev", CONFIG_KEY_LATER, NULL},
    {"vifname", CONFIG_KEY_LATER, NULL},
    {"script", CONFIG_KEY_LATER, NULL},
    {"backend", CONFIG_KEY_LATER, NULL},
    {"rate", CONFIG_KEY_LATER, NULL},
    {"devid", CONFIG_KEY_LATER, NULL},
    {"mtu", CONFIG_KEY_LATER, NULL},
    {"trusted", CONFIG_KEY_LATER, NULL},
    {"untrusted", CONFIG_KEY_LATER, NULL},
};

static int unknown_vif_key(const struct part *part, const char *name)
{
    const char *names[COUNT(vif_keys)];

    for (size_t i = 0; i < COUNT(vif_keys); i++)
        names[i] = vif_keys[i].name;
    return config_fail(part->message, UKVM_E_CONFIG, part->place,
                       "unknown vif key '%.40s', did you mean '%s'?", name,
                       ukvm_nearest(name, names, COUNT(names)));
}

/* part->text is "NAME=VALUE" and is cut at the '='. */
static int read_vif_part(struct part *part, char *text, json_t *vif)
{
    char *equals = strchr(text, '=');

    if (equals != NULL)
        *equals = '\0';
    for (size_t i = 0; i < COUNT(vif_keys); i++) {
        if (strcmp(text, vif_keys[i].name) != 0)
            continue;
        if (vif_keys[i].status == CONFIG_KEY_IGNORED)
            return 0;
        if (vif_keys[i].status == CONFIG_KEY_LATER)
            return config_fail(part->message, UKVM_E_NOT_SUPPORTED, part->place,
                               "vif key '%s' is not supported yet", text);
        if (equals == NULL)
            return config_fail(part->message, UKVM_E_CONFIG, part->place,
                               "vif key '%s' without '='", text);
        part->text = equals + 1;
        return vif_keys[i].read(part, vif);
    }
    return unknown_vif_key(part, text);
}

static int read_vif(const struct config_value *value, json_t *vif, char *message)
{
    struct part part = {NULL, value->place, message};
    char *text = strdup(value->text);
    char *rest = NULL;
    int rc = 0;

    if (text == NULL)
        return config_no_memory(message);
    for (char *at = strtok_r(text, ",", &rest); rc == 0 && at != NULL;
         at = strtok_r(NULL, ",", &rest)) {
        at += strspn(at, " \t");
        rc = read_vif_part(&part, at, vif);
    }
    free(text);
    return rc;
}

int config_read_vifs(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message)
{
    int rc = config_check_list(key, value, message);
    json_t *vifs = json_array();

    for (size_t i = 0; rc == 0 && i < value->count; i++) {
        json_t *vif = json_object();
        if (json_array_append_new(vifs, vif) != 0)
            rc = config_no_memory(message);
        else
            rc = read_vif(&value->items[i], vif, message);
    }
    if (rc != 0) {
        json_decref(vifs);
        return rc;
    }
    *json_out = vifs;
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
