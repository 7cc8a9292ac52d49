/* Operations that end at once and describe the guest: info, pause, unpause, noxs. */
#include "core/verbs.h"
#include "ctl/guest_json.h"
#include "ctl/ops.h"

static void reply_guest(struct ctl_request *request)
{
    json_t *guest = request->guest != NULL ? guest_json(request->guest)
                                           : definition_guest_json(request->definition);

    ctl_reply(request, json_pack("{s:o}", "guest", guest), -1);
}

/* For operations without arguments. */
static void run(struct ctl_request *request, int (*verb)(struct guest *guest, struct error *error))
{
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0 && verb != NULL)
        rc = verb(request->guest, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        reply_guest(request);
}

void op_info(struct ctl_request *request)
{
    run(request, NULL);
}

void op_pause(struct ctl_request *request)
{
    run(request, verb_pause);
}

void op_unpause(struct ctl_request *request)
{
    run(request, verb_unpause);
}

void op_noxs(struct ctl_request *request)
{
    const struct guest *guest = request->guest;
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0 && guest->control.page == NULL)
        rc = error_set(&error, UKVM_E_BAD_STATE, "%s: is %s; its page is gone", guest->name,
                       guest_state_name(guest));
    if (rc < 0)
        ctl_fail(request, &error);
    else
        ctl_reply(request, json_pack("{s:o}", "page", page_json(guest)), -1);
}
