#include "ctl/ops.h"

void op_version(struct ctl_request *request)
{
    struct hv *hv = request->core->hv;
    struct hv_host_info host;
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0) {
        rc = hv->ops->host_info(hv, &host);
        if (rc < 0)
            error_from_errno(&error, -rc, "hypervisor");
    }
    if (rc < 0) {
        ctl_fail(request, &error);
        return;
    }
    host.version[sizeof(host.version) - 1] = '\0';
    ctl_reply(request,
              json_pack("{s:s, s:i, s:o, s:I, s:I, s:I}", "version", CHAOS_VERSION, "protocol",
                        CTL_PROTOCOL_VERSION, "hypervisor", json_sprintf("Xen %s", host.version),
                        "free_bytes", (json_int_t)host.free_bytes, "total_bytes",
                        (json_int_t)host.total_bytes, "guests",
                        (json_int_t)request->core->guests.named),
              -1);
}
