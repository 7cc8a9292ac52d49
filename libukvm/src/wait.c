#include "client.h"

int ukvm_wait(struct ukvm *handle, const char *guest, const char *goal, uint32_t timeout_ms)
{
    json_t *arguments = json_pack("{s:s, s:s}", "guest", guest, "for", goal);
    struct client_reply reply;

    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s', or no state '%s'",
                          guest, goal);
    if (timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(timeout_ms));
    int rc = client_call(handle, "wait", arguments, -1, &reply);
    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}
