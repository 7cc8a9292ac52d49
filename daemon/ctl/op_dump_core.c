#include "core/dump.h"
#include "ctl/ops.h"
#include "util/fd_closer.h"

static void on_done(void *arg, const struct error *error)
{
    struct ctl_request *request = arg;

    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, NULL, -1);
}

void op_dump_core(struct ctl_request *request)
{
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0)
        rc = dump_begin(request->guest, request->fd, on_done, request, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        fd_close_foreign(&request->fd, request->uid);
}
