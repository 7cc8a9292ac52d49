#include "ctl/client.h"
#include "ctl/event_stream.h"
#include "ctl/ops.h"

void op_events(struct ctl_request *request)
{
    struct error error;
    struct event_stream_want want = {0};
    uint64_t since = 0;
    int fd = -1;
    const struct arg args[] = {
        {.name = "since", .type = ARG_NUMBER, .out = &want.since, .max = INT64_MAX},
        {.name = "follow", .type = ARG_BOOL, .out = &want.follow},
        {.name = "skip", .type = ARG_BOOL, .out = &want.skip},
    };
    int rc = ctl_request_args(request, args, sizeof(args) / sizeof(args[0]), &error);

    if (rc == 0)
        rc = event_stream_open(&request->client->server->streams, request->uid, &want, &since, &fd,
                               &error);
    if (rc < 0) {
        ctl_fail(request, &error);
        return;
    }
    ctl_reply(request, json_pack("{s:I}", "since", (json_int_t)since), fd);
    fd_close(&fd);
}
