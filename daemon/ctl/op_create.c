#include "core/create.h"
#include "ctl/guest_json.h"
#include "ctl/ops.h"
#include "ctl/spec_json.h"

static void on_created(void *arg, const struct create_result *result, const struct error *error)
{
    struct ctl_request *request = arg;

    if (result == NULL) {
        ctl_fail(request, error);
        return;
    }
    json_t *ok = json_pack("{s:o}", "guest", guest_json(result->guest));
    /* Numbers with fractions are dear to write and to read: only for those who look at them. */
    if (request->timing)
        json_object_set_new(ok, "timing", guest_json_timing(result));
    ctl_reply(request, ok, -1);
}

static int start(struct ctl_request *request, struct error *error)
{
    json_t *config = NULL;
    bool wait = true;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    struct guest_spec spec;
    const struct arg args[] = {
        {.name = "config", .type = ARG_OBJECT, .out = &config, .required = true},
        {.name = "wait", .type = ARG_BOOL, .out = &wait},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
        {.name = "timing", .type = ARG_BOOL, .out = &request->timing},
    };
    int rc = ctl_request_args(request, args, sizeof(args) / sizeof(args[0]), error);

    if (rc < 0)
        return rc;
    rc = spec_from_json(config, &spec, error);
    if (rc < 0)
        return rc;
    struct create_request create = {.spec = &spec,
                                    .image_fd = request->fd,
                                    .owner = request->uid,
                                    .wait = wait,
                                    .timeout_ns = timeout_ms * 1000000,
                                    .received_ns = request->received_ns,
                                    .done = on_created,
                                    .arg = request};
    request->fd = -1;
    core_create(request->core, &create);
    return 0;
}

void op_create(struct ctl_request *request)
{
    struct error error;

    if (start(request, &error) < 0)
        ctl_fail(request, &error);
}
