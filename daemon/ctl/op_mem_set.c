#include "core/mem_set.h"
#include "ctl/ops.h"

static void on_done(void *arg, const struct error *error)
{
    struct ctl_request *request = arg;

    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, NULL, -1);
}

void op_mem_set(struct ctl_request *request)
{
    struct error error;
    uint64_t mib = 0, timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    const struct arg args[] = {
        {.name = "memory", .type = ARG_NUMBER, .out = &mib, .max = UINT32_MAX, .required = true},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = verb_mem_set(request->guest, mib, timeout_ms * 1000000, on_done, request, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}
