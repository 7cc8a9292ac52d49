#include "client.h"

int ukvm_mem_set(struct ukvm *handle, const char *guest, uint32_t mib, uint32_t timeout_ms)
{
    struct client_reply reply;
    json_t *arguments = json_pack("{s:s, s:I}", "guest", guest, "memory", (json_int_t)mib);

    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s'", guest);
    if (timeout_ms != 0)
        client_add_argument(&arguments, "timeout_ms", json_integer(timeout_ms));
    int rc = client_call(handle, "mem-set", arguments, -1, &reply);
    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}
