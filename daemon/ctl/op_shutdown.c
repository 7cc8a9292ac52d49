#include "core/verbs.h"
#include "ctl/ops.h"

static void on_done(void *arg, const struct error *error)
{
    struct ctl_request *request = arg;

    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, NULL, -1);
}

void op_shutdown(struct ctl_request *request)
{
    struct error error;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    bool force = false;
    const struct arg args[] = {
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
        {.name = "force", .type = ARG_BOOL, .out = &force},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = verb_shutdown(request->guest, timeout_ms * 1000000, force, on_done, request, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}
