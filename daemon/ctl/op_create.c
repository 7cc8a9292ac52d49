#include <string.h>

#include "core/create.h"
#include "ctl/guest_json.h"
#include "ctl/op_create.h"
#include "ctl/ops.h"
#include "ctl/record.h"
#include "ctl/spec_json.h"

static const char *const from_names[] = {
    [CREATE_FROM_ANY] = "any",
    [CREATE_FROM_NOTHING] = "cold",
    [CREATE_FROM_SHELL] = "shell",
    [CREATE_FROM_LOADED] = "loaded",
};

static int read_from(const char *text, enum create_from *from_out, struct error *error)
{
    for (size_t i = 0; i < sizeof(from_names) / sizeof(from_names[0]); i++) {
        if (strcmp(from_names[i], text) == 0) {
            *from_out = (enum create_from)i;
            return 0;
        }
    }
    return error_set(error, UKVM_E_PROTOCOL, "create: path: must be any, cold, shell or loaded");
}

json_t *op_create_ok(const struct ctl_request *request, const struct create_result *result)
{
    json_t *ok = json_pack("{s:o}", "guest", guest_json(result->guest));

    /* Numbers with fractions are dear to write and to read: only for those who look at them. */
    if (request->path)
        json_object_set_new(ok, "path", json_string(create_path_text(result->path, result->cold)));
    if (request->timing)
        json_object_set_new(ok, "timing", guest_json_timing(result));
    return ok;
}

void op_create_on_created(void *arg, const struct create_result *result, const struct error *error)
{
    struct ctl_request *request = arg;

    if (result == NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, op_create_ok(request, result), -1);
}

void op_create_fill(const struct ctl_request *request, const struct create_result *result,
                    struct ukvm_record_guest *record_out)
{
    const struct guest *guest = result->guest;

    *record_out = (struct ukvm_record_guest){
        .head = {.magic = UKVM_RECORD_MAGIC, .size = sizeof(*record_out), .id = request->record_id},
        .memory_bytes = guest->memory_mib << 20,
        .domid = guest->domid,
        .vcpus = guest->vcpus,
        .vif_count = guest->vif_count,
    };
    memcpy(record_out->uuid, guest->uuid, sizeof(record_out->uuid));
    memcpy(record_out->name, guest->name, sizeof(record_out->name));
    memccpy(record_out->state, guest_state_name(guest), '\0', sizeof(record_out->state) - 1);
    memccpy(record_out->kernel, guest->kernel, '\0', sizeof(record_out->kernel) - 1);
    if (request->path)
        memccpy(record_out->path, create_path_text(result->path, result->cold), '\0',
                sizeof(record_out->path) - 1);
    for (unsigned i = 0; i < guest->vif_count; i++) {
        struct ukvm_record_vif *vif = &record_out->vifs[i];
        memcpy(vif->mac, guest->vif[i].mac.octet, sizeof(vif->mac));
        memcpy(vif->ip, guest->vif[i].ip.octet, sizeof(vif->ip));
        memcpy(vif->gateway, guest->vif[i].gateway.octet, sizeof(vif->gateway));
        vif->prefix_len = guest->vif[i].prefix_len;
    }
}

static void on_record_created(void *arg, const struct create_result *result,
                              const struct error *error)
{
    struct ctl_request *request = arg;
    struct ukvm_record_guest record;

    if (result == NULL) {
        ctl_fail(request, error);
        return;
    }
    op_create_fill(request, result, &record);
    ctl_reply_bytes(request, &record, sizeof(record));
}

/* count 0: one guest, by its own name. */
static int begin(struct ctl_request *request, struct create_request *create, uint64_t count,
                 struct error *error)
{
    if (count > 0)
        return op_create_many(request, create, count, error);
    request->fd = -1;
    core_create(request->core, create);
    return 0;
}

int op_create_record(struct ctl_request *request, const char *data, size_t size,
                     struct error *error)
{
    struct create_request create = {.received_ns = request->received_ns,
                                    .image_fd = request->fd,
                                    .owner = request->uid,
                                    .done = on_record_created,
                                    .arg = request};
    struct guest_spec spec;
    uint32_t count;
    int rc = record_read_create(data, size, &spec, &create, &count, error);

    if (rc < 0)
        return rc;
    request->path = create.from != CREATE_FROM_ANY;
    create.spec = &spec;
    return begin(request, &create, count, error);
}

/* One that its policies start again is defined, as long as it is there. */
static int read_config(struct ctl_request *request, json_t *config, struct guest_spec *spec_out,
                       struct error *error)
{
    struct spec_terms terms;
    int rc = spec_from_json(config, spec_out, &terms, error);

    if (rc < 0)
        return rc;
    if (terms.autostart || terms.after_count > 0)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: only a definition is started with the host: 'chaos define' it",
                         terms.autostart ? "autostart" : "after");
    return spec_restarts(spec_out) ? ctl_request_define(request, config, &terms, error) : 0;
}

static int start(struct ctl_request *request, struct error *error)
{
    json_t *config = NULL;
    bool wait = true;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    uint64_t count = 0;
    const char *path = NULL;
    enum create_from from = CREATE_FROM_ANY;
    struct guest_spec spec;
    const struct arg args[] = {
        {.name = "config", .type = ARG_OBJECT, .out = &config, .required = true},
        {.name = "wait", .type = ARG_BOOL, .out = &wait},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
        {.name = "timing", .type = ARG_BOOL, .out = &request->timing},
        {.name = "path", .type = ARG_STRING, .out = &path},
        {.name = "count", .type = ARG_NUMBER, .out = &count, .max = LIMIT_GUESTS},
    };
    int rc = ctl_request_args(request, args, sizeof(args) / sizeof(args[0]), error);

    if (rc == 0 && path != NULL)
        rc = read_from(path, &from, error);
    if (rc < 0)
        return rc;
    request->path = path != NULL || request->timing;
    rc = read_config(request, config, &spec, error);
    if (rc < 0)
        return rc;
    struct create_request create = {.spec = &spec,
                                    .terms = request->terms == NULL ? NULL : &request->terms->terms,
                                    .text = request->terms == NULL ? NULL : request->terms->text,
                                    .image_fd = request->fd,
                                    .owner = request->uid,
                                    .wait = wait,
                                    .timing = request->timing,
                                    .from = from,
                                    .timeout_ns = timeout_ms * 1000000,
                                    .received_ns = request->received_ns,
                                    .done = op_create_on_created,
                                    .arg = request};
    return begin(request, &create, count, error);
}

void op_create(struct ctl_request *request)
{
    struct error error;

    if (start(request, &error) < 0)
        ctl_fail(request, &error);
}
