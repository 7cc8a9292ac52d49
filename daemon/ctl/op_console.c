#include <errno.h>
#include <sys/socket.h>

#include "ctl/ops.h"

/* Of a guest that crashed there may be the record still, and what it printed. */
static int find_console(const struct ctl_request *request, uint64_t *id_out, struct error *error)
{
    const struct guest *guest = request->guest;
    const struct dead_guest *dead = request->dead;

    if (guest != NULL && guest->io.sm.state == GUEST_IO_ATTACHED) {
        *id_out = guest->id;
        return 0;
    }
    if (guest != NULL)
        dead = dead_by_id(&request->core->iod.dead, guest->id);
    if (dead == NULL)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; its console is not there",
                         guest->name, guest_state_name(guest));
    *id_out = dead->id;
    return 0;
}

static int connect_console(const struct ctl_request *request, const struct iod_console_want *want,
                           int *fd_out, struct error *error)
{
    uint64_t id = 0;
    int ends[2];
    int rc = find_console(request, &id, error);

    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_from_errno(error, errno, "console");
    rc = iod_console(&request->core->iod, id, ends[1], want, error);
    fd_close(&ends[1]);
    if (rc < 0)
        fd_close(&ends[0]);
    else
        *fd_out = ends[0];
    return rc;
}

void op_console(struct ctl_request *request)
{
    struct error error;
    struct iod_console_want want = {.follow = true, .input = true};
    int fd = -1;
    const struct arg args[] = {{.name = "follow", .type = ARG_BOOL, .out = &want.follow},
                               {.name = "input", .type = ARG_BOOL, .out = &want.input},
                               {.name = "since_ms",
                                .type = ARG_NUMBER,
                                .out = &want.since_ms,
                                .max = (uint64_t)LIMIT_SINCE_S * 1000}};
    int rc = ctl_request_args(request, args, sizeof(args) / sizeof(args[0]), &error);

    if (rc == 0)
        rc = connect_console(request, &want, &fd, &error);
    if (rc < 0) {
        ctl_fail(request, &error);
        return;
    }
    ctl_reply(request, NULL, fd);
    fd_close(&fd);
}
