/* Network interfaces of a running guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "config_net.h"
#include "guest_read.h"

static int call(struct ukvm *handle, const char *op, const char *guest, json_t *arguments,
                struct client_reply *reply_out)
{
    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s'", guest);
    return client_call(handle, op, arguments, -1, reply_out);
}

static uint32_t timeout_of(const struct ukvm_net_options *options)
{
    size_t end = offsetof(struct ukvm_net_options, timeout_ms) + sizeof(options->timeout_ms);

    return options != NULL && options->size >= end ? options->timeout_ms : 0;
}

/* Rules as a user would write them. What does not fit is left out whole. */
static void read_publish(const json_t *rules, char text[UKVM_PUBLISH_TEXT_MAX])
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        const char *protocol = json_string_value(json_object_get(rule, "protocol"));
        char one[64];
        int size = snprintf(one, sizeof(one), "%s%lld:%lld/%.8s", length > 0 ? "," : "",
                            (long long)json_integer_value(json_object_get(rule, "host")),
                            (long long)json_integer_value(json_object_get(rule, "guest")),
                            protocol != NULL ? protocol : "?");
        if (length + (size_t)size >= UKVM_PUBLISH_TEXT_MAX)
            return;
        memcpy(text + length, one, (size_t)size + 1);
        length += (size_t)size;
    }
}

static bool read_net(const json_t *object, struct ukvm_net *net_out)
{
    if (!guest_read_net(object, net_out))
        return false;
    read_publish(json_object_get(object, "publish"), net_out->publish);
    return true;
}

int ukvm_net_attach(struct ukvm *handle, const char *guest, const char *vif,
                    struct ukvm_net_options *options, struct ukvm_net *net_out)
{
    struct client_reply reply;
    struct ukvm_net net;
    json_t *config;
    int rc = config_read_vif_text(vif, &config, handle->message);

    if (rc != 0)
        return rc;
    json_t *arguments = json_pack("{s:s, s:o}", "guest", guest, "vif", config);
    if (timeout_of(options) != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(timeout_of(options)));
    rc = call(handle, "net-attach", guest, arguments, &reply);
    if (rc != 0)
        return rc;
    if (!read_net(json_object_get(reply.ok, "vif"), &net))
        rc = client_malformed(handle, "net-attach without an interface");
    else if (net_out != NULL)
        *net_out = net;
    client_reply_fini(&reply);
    return rc;
}

static void tell_forced(const json_t *ok, struct ukvm_net_options *options)
{
    const char *forced = json_string_value(json_object_get(ok, "forced"));

    if (options != NULL && options->size >= sizeof(*options))
        snprintf(options->forced, sizeof(options->forced), "%s", forced != NULL ? forced : "");
}

int ukvm_net_detach(struct ukvm *handle, const char *guest, const char *slot_or_mac,
                    struct ukvm_net_options *options)
{
    struct client_reply reply;
    bool is_slot = *slot_or_mac != '\0' && strlen(slot_or_mac) <= 9 &&
                   strspn(slot_or_mac, "0123456789") == strlen(slot_or_mac);
    json_t *arguments = json_pack("{s:s}", "guest", guest);

    if (is_slot)
        client_add_argument(&arguments, "slot", json_integer(strtol(slot_or_mac, NULL, 10)));
    else
        client_add_argument(&arguments, "mac", json_string(slot_or_mac));
    if (timeout_of(options) != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(timeout_of(options)));
    int rc = call(handle, "net-detach", guest, arguments, &reply);
    if (rc != 0)
        return rc;
    tell_forced(reply.ok, options);
    client_reply_fini(&reply);
    return 0;
}

int ukvm_net_list(struct ukvm *handle, const char *guest, struct ukvm_net *nets_out,
                  size_t *count_out)
{
    struct client_reply reply;
    struct ukvm_net nets[UKVM_VIFS_MAX];
    int rc = call(handle, "net-list", guest, json_pack("{s:s}", "guest", guest), &reply);

    if (rc != 0)
        return rc;
    const json_t *vifs = json_object_get(reply.ok, "vifs");
    size_t count = json_array_size(vifs);
    if (!json_is_array(vifs) || count > UKVM_VIFS_MAX)
        rc = client_malformed(handle, "net-list without interfaces");
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!read_net(json_array_get(vifs, i), &nets[i]))
            rc = client_malformed(handle, "net-list with a bad interface");
    client_reply_fini(&reply);
    if (rc != 0)
        return rc;
    memcpy(nets_out, nets, count * sizeof(nets[0]));
    *count_out = count;
    return 0;
}
