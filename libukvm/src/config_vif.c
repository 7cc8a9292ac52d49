/* The vif key, as in xl-network-configuration(5) and with our additions. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_net.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PUBLISH_MAX  16

struct vif_key {
    const char *name;
    enum config_key_status status;
    int (*read)(const struct config_part *part, json_t *vif);
};

static int set_string(const struct config_part *part, json_t *object, const char *name,
                      const char *value)
{
    return json_object_set_new(object, name, json_string(value)) == 0
               ? 0
               : config_no_memory(part->message);
}

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

static int read_mac(const struct config_part *part, json_t *vif)
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
    unsigned bits = config_read_decimal(&prefix);
    return *prefix == '\0' && bits >= 1 && bits <= 32;
}

static int read_ip(const struct config_part *part, json_t *vif)
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

static int read_bridge(const struct config_part *part, json_t *vif)
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

static int read_publish(const struct config_part *part, json_t *vif)
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
    return config_add_rule(part, rules);
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

static int unknown_vif_key(const struct config_part *part, const char *name)
{
    const char *names[COUNT(vif_keys)];

    for (size_t i = 0; i < COUNT(vif_keys); i++)
        names[i] = vif_keys[i].name;
    return config_fail(part->message, UKVM_E_CONFIG, part->place,
                       "unknown vif key '%.40s', did you mean '%s'?", name,
                       ukvm_nearest(name, names, COUNT(names)));
}

/* part->text is "NAME=VALUE" and is cut at the '='. */
static int read_vif_part(struct config_part *part, char *text, json_t *vif)
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
    struct config_part part = {NULL, value->place, message};
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

int config_read_vif_text(const char *text, json_t **json_out, char *message)
{
    char *copy = strdup(text);
    const struct config_value value = {
        .type = CONFIG_STRING, .place = {CONFIG_ARGUMENT, 1, 1}, .text = copy};
    json_t *vif = json_object();
    int rc =
        copy == NULL || vif == NULL ? config_no_memory(message) : read_vif(&value, vif, message);

    free(copy);
    if (rc != 0) {
        json_decref(vif);
        return rc;
    }
    *json_out = vif;
    return 0;
}
