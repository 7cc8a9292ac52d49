#include "client.h"

int ukvm_dump_core(struct ukvm *handle, const char *guest, int fd)
{
    struct client_reply reply;
    json_t *arguments = json_pack("{s:s}", "guest", guest);

    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s'", guest);
    int rc = client_call(handle, "dump-core", arguments, fd, &reply);
    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}
