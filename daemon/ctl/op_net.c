/* Network interfaces of a guest: net-attach, net-detach, net-list. */
#include "core/hotnet.h"
#include "ctl/guest_json.h"
#include "ctl/ops.h"
#include "ctl/spec_json.h"

static void on_attached(void *arg, const struct error *error, const struct hotnet_result *result)
{
    struct ctl_request *request = arg;

    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, json_pack("{s:o}", "vif", guest_vif_json(result->guest, result->index)),
                  -1);
}

static void on_detached(void *arg, const struct error *error, const struct hotnet_result *result)
{
    struct ctl_request *request = arg;

    if (error != NULL) {
        ctl_fail(request, error);
        return;
    }
    json_t *forced = result->forced[0] != '\0' ? json_string(result->forced) : json_null();
    ctl_reply(request, json_pack("{s:i, s:o}", "slot", (int)result->index, "forced", forced), -1);
}

static struct hotnet_request hotnet_request(struct ctl_request *request, uint64_t timeout_ms,
                                            hotnet_done_fn *done)
{
    return (struct hotnet_request){
        .caller = request->uid, .timeout_ns = timeout_ms * 1000000, .done = done, .arg = request};
}

void op_net_attach(struct ctl_request *request)
{
    struct spec_vif spec = {0};
    struct error error;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    json_t *vif = NULL;
    const struct arg args[] = {
        {.name = "vif", .type = ARG_OBJECT, .out = &vif, .required = true},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = spec_vif_from_json(vif, &spec, &error);
    const struct hotnet_request hotnet = hotnet_request(request, timeout_ms, on_attached);
    if (rc == 0)
        rc = hotnet_attach(request->guest, &spec, &hotnet, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}

/* By its slot or by its MAC: one of the two is given. */
static int find_vif(const struct guest *guest, uint64_t slot, const char *mac_text,
                    unsigned *index_out, struct error *error)
{
    uint8_t mac[6];

    if ((mac_text == NULL) == (slot == UINT64_MAX))
        return error_set(error, UKVM_E_PROTOCOL, "net-detach: either slot or mac");
    if (mac_text == NULL) {
        *index_out = (unsigned)slot;
        return 0;
    }
    if (addr_parse_mac(mac_text, mac) < 0)
        return error_set(error, UKVM_E_CONFIG, "net-detach: mac '%.20s' is not one", mac_text);
    return hotnet_find(guest, mac, index_out, error);
}

void op_net_detach(struct ctl_request *request)
{
    struct error error;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS, slot = UINT64_MAX;
    const char *mac = NULL;
    unsigned index = 0;
    const struct arg args[] = {
        {.name = "slot", .type = ARG_NUMBER, .out = &slot, .max = UINT32_MAX},
        {.name = "mac", .type = ARG_STRING, .out = &mac},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
    };
    int rc = ctl_request_args(request, args, 3, &error);

    if (rc == 0)
        rc = find_vif(request->guest, slot, mac, &index, &error);
    const struct hotnet_request hotnet = hotnet_request(request, timeout_ms, on_detached);
    if (rc == 0)
        rc = hotnet_detach(request->guest, index, &hotnet, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}

void op_net_list(struct ctl_request *request)
{
    const struct guest *guest = request->guest;
    struct error error;

    if (ctl_request_args(request, NULL, 0, &error) < 0) {
        ctl_fail(request, &error);
        return;
    }
    json_t *vifs = json_array();
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT)
            json_array_append_new(vifs, guest_vif_json(guest, i));
    ctl_reply(request, json_pack("{s:o}", "vifs", vifs), -1);
}
