/* A domain's life, apart from its memory. */
#include "hv/xen/hv_xen_priv.h"

#include <string.h>

#include <xen/hvm/params.h>
#include <xen/sched.h>

/* Xen's continuations end within microseconds; a domain that needs this many is stuck. */
#define DESTROY_TRIES      1000

/* What Xen gives each new domain for its paging pool. */
#define POOL_PAGES_DEFAULT 256u

static int set_limits(xc_interface *xc, uint32_t domid, const struct hv_domain_params *params)
{
    const uint64_t pool_pages = hv_xen_pool_pages(params);
    int rc;

    rc = hv_xen_rc(xc_domain_max_vcpus(xc, domid, params->vcpus));
    if (rc != 0)
        return rc;
    rc = hv_xen_rc(xc_domain_setmaxmem(xc, domid, params->ram_pages * (HV_PAGE_SIZE / 1024)));
    if (rc != 0)
        return rc;
    if (pool_pages <= POOL_PAGES_DEFAULT)
        return 0;
    return hv_xen_rc(xc_set_paging_mempool_size(xc, domid, pool_pages * HV_PAGE_SIZE));
}

int hv_xen_domain_create(struct hv *hv, const struct hv_domain_params *params, uint32_t *domid_out)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = params->vcpus,
        .max_evtchn_port = params->event_ports - 1,
        .max_grant_frames = (int32_t)params->grant_frames,
        /* The guest cannot map another's grants. */
        .max_maptrack_frames = 0,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    uint32_t domid = 0; /* Xen chooses */
    int rc;

    if (params->vcpus == 0 || params->event_ports == 0 || params->ram_pages > HV_RAM_PAGES_MAX)
        return -EINVAL;
    memcpy(config.handle, params->uuid, sizeof(config.handle));
    rc = hv_xen_rc(xc_domain_create(xc, &domid, &config));
    if (rc != 0)
        return rc;
    rc = set_limits(xc, domid, params);
    if (rc != 0) {
        hv_xen_domain_destroy(hv, domid);
        return rc;
    }
    *domid_out = domid;
    return 0;
}

int hv_xen_domain_params(struct hv *hv, uint32_t domid, struct hv_gfn noxs_page,
                         struct hv_port control)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    int rc;

    rc = hv_xen_rc(xc_hvm_param_set(xc, domid, HVM_PARAM_STORE_PFN, noxs_page.n));
    if (rc != 0)
        return rc;
    return hv_xen_rc(xc_hvm_param_set(xc, domid, HVM_PARAM_STORE_EVTCHN, control.n));
}

int hv_xen_domain_pause(struct hv *hv, uint32_t domid)
{
    return hv_xen_rc(xc_domain_pause(hv_xen_of(hv)->xc, domid));
}

int hv_xen_domain_unpause(struct hv *hv, uint32_t domid)
{
    return hv_xen_rc(xc_domain_unpause(hv_xen_of(hv)->xc, domid));
}

int hv_xen_domain_shutdown(struct hv *hv, uint32_t domid, enum hv_shutdown_reason reason)
{
    int code;

    switch (reason) {
    case HV_SHUTDOWN_POWEROFF:
        code = SHUTDOWN_poweroff;
        break;
    case HV_SHUTDOWN_REBOOT:
        code = SHUTDOWN_reboot;
        break;
    case HV_SHUTDOWN_SUSPEND:
        code = SHUTDOWN_suspend;
        break;
    case HV_SHUTDOWN_CRASH:
        code = SHUTDOWN_crash;
        break;
    default:
        return -EINVAL;
    }
    return hv_xen_rc(xc_domain_shutdown(hv_xen_of(hv)->xc, domid, code));
}

int hv_xen_domain_destroy(struct hv *hv, uint32_t domid)
{
    int rc = -EAGAIN;

    hv_xen_unmap_kept(hv_xen_of(hv), domid);
    for (int i = 0; i < DESTROY_TRIES && (rc == -EAGAIN || rc == -EINTR); i++)
        rc = hv_xen_rc(xc_domain_destroy(hv_xen_of(hv)->xc, domid));
    return rc;
}
