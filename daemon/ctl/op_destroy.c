#include "core/destroy.h"
#include "ctl/ops.h"

static void on_released(struct destroy_waiter *waiter)
{
    ctl_reply(LIST_OWNER(waiter, struct ctl_request, released), NULL, -1);
}

void op_destroy(struct ctl_request *request)
{
    struct error error;
    bool wait = false;
    const struct arg args[] = {{.name = "wait", .type = ARG_BOOL, .out = &wait}};

    int rc = ctl_request_args(request, args, 1, &error);

    if (rc == 0 && request->guest == NULL) {
        /* It has no domain, but may be about to get one. */
        rc = definition_cease(request->definition, &error);
    }
    if (rc < 0) {
        ctl_fail(request, &error);
        return;
    }
    if (request->guest == NULL) {
        ctl_reply(request, NULL, -1);
        return;
    }
    if (wait) {
        request->released.done = on_released;
        destroy_guest(request->guest, &request->released);
        return;
    }
    destroy_guest(request->guest, NULL);
    ctl_reply(request, NULL, -1);
}
