/* The guest's clock: shared_info holds the vCPU's time and the wall clock. */
#include "hv/xen/hv_xen_priv.h"

int hv_xen_domain_clock(struct hv *hv, uint32_t domid, struct hv_gfn shared_info)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    int rc;

    rc = hv_xen_rc(xc_domain_add_to_physmap(xc, domid, XENMAPSPACE_shared_info, 0, shared_info.n));
    if (rc != 0)
        return rc;
    /* Xen keeps UTC, so the offset is none; but until it is set, the guest's clock reads 1970. */
    return hv_xen_rc(xc_domain_set_time_offset(xc, domid, 0));
}
