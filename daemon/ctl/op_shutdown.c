/* shutdown and reboot: the guest is asked to stop. */
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

/* what: enum noxs_op. */
static void ask(struct ctl_request *request, uint32_t what)
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
        rc = verb_shutdown(request->guest, what, timeout_ms * 1000000, force, on_done, request,
                           &error);
    if (rc < 0)
        ctl_fail(request, &error);
}

void op_shutdown(struct ctl_request *request)
{
    ask(request, NOXS_OP_POWEROFF);
}

void op_reboot(struct ctl_request *request)
{
    ask(request, NOXS_OP_REBOOT);
}
