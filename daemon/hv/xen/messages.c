/* The hypervisor's own messages. */
#include "hv/xen/hv_xen_priv.h"

int hv_xen_messages(struct hv *hv, bool clear, uint32_t *index, char *out, size_t size)
{
    unsigned count = (unsigned)size;
    uint32_t next = *index;
    int rc = hv_xen_rc(xc_readconsolering(hv_xen_of(hv)->xc, out, &count, clear, 1, &next));

    if (rc != 0)
        return rc;
    *index = next;
    return (int)count;
}
