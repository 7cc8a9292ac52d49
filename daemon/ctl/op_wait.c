#include <errno.h>

#include "core/wait.h"
#include "ctl/ops.h"

static json_t *outcome(const char *state, const char *reason)
{
    json_t *why = reason[0] != '\0' ? json_string(reason) : json_null();

    return json_pack("{s:s, s:o}", "state", state, "reason", why);
}

static void on_done(void *arg, const struct guest *guest, const struct error *error)
{
    struct ctl_request *request = arg;

    request->wait = NULL;
    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, outcome(guest_state_name(guest), guest->reason), -1);
}

void ctl_wait_on_orphaned(struct ctl_request *request)
{
    wait_cancel(request->wait);
    request->wait = NULL;
    ctl_drop(request);
}

/* One that has ended before anybody asked: the history may know that it was. */
static int check_gone(const struct ctl_request *request, unsigned goal, struct error *error)
{
    const char *name = json_string_value(json_object_get(request->message.object, "guest"));

    if (wait_goal_is_end(goal) && events_has_gone(&request->core->events, name))
        return 1;
    return error_set(error, UKVM_E_NOT_FOUND, "no guest '%.80s'", name);
}

/* 1: it was reached, 0: it waits, or an error. */
static int begin(struct ctl_request *request, unsigned goal, uint64_t timeout_ns,
                 struct error *error)
{
    struct guest *guest = request->guest;
    int rc = guest == NULL ? check_gone(request, goal, error) : wait_check(guest, goal, error);

    if (rc != 0)
        return rc;
    request->wait = wait_create(guest, goal, timeout_ns, on_done, request);
    return request->wait == NULL ? error_from_errno(error, ENOMEM, "wait") : 0;
}

static int check_goal(const char *text, unsigned *goal_out, struct error *error)
{
    *goal_out = wait_goal(text);
    if (*goal_out != GUEST_NEVER_TOLD)
        return 0;
    return error_set(error, UKVM_E_USAGE,
                     "what is waited for is 'ready', 'stopped' or the name of a state, not '%.40s'",
                     text);
}

void op_wait(struct ctl_request *request)
{
    struct error error;
    const char *text = NULL;
    uint64_t timeout_ms = 0;
    unsigned goal = 0;
    const struct arg args[] = {
        {.name = "for", .type = ARG_STRING, .out = &text, .required = true},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = check_goal(text, &goal, &error);
    if (rc == 0)
        rc = begin(request, goal, timeout_ms * 1000000, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else if (rc == 1 && request->guest == NULL)
        ctl_reply(request, outcome("gone", ""), -1);
    else if (rc == 1)
        ctl_reply(request, outcome(guest_state_name(request->guest), request->guest->reason), -1);
}
