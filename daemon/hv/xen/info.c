/* What the host has and which domains there are. */
#include "hv/xen/hv_xen_priv.h"

#include <stdio.h>
#include <string.h>

#include <xen/sched.h>
#include <xen/version.h>

#define LIST_BATCH 64u

int hv_xen_read_version(struct hv_xen *xen)
{
    char extra[XEN_EXTRAVERSION_LEN] = "";
    int version = xc_version(xen->xc, XENVER_version, NULL);
    int rc;

    if (version < 0)
        return hv_xen_rc(version);
    rc = hv_xen_rc(xc_version(xen->xc, XENVER_extraversion, extra));
    if (rc != 0)
        return rc;
    snprintf(xen->version, sizeof(xen->version), "%d.%d%.15s", version >> 16, version & 0xffff,
             extra);
    return 0;
}

int hv_xen_host_info(struct hv *hv, struct hv_host_info *info_out)
{
    struct hv_xen *xen = hv_xen_of(hv);
    xc_physinfo_t host = {0};
    struct hv_host_info info = {0};
    int rc;

    rc = hv_xen_rc(xc_physinfo(xen->xc, &host));
    if (rc != 0)
        return rc;
    info.total_bytes = host.total_pages * HV_PAGE_SIZE;
    /* Pages that someone has claimed are free, but not for us. */
    if (host.free_pages > host.outstanding_pages)
        info.free_bytes = (host.free_pages - host.outstanding_pages) * HV_PAGE_SIZE;
    info.cpus = host.nr_cpus;
    memcpy(info.version, xen->version, sizeof(info.version));
    *info_out = info;
    return 0;
}

static enum hv_shutdown_reason reason_of(uint32_t flags)
{
    if ((flags & XEN_DOMINF_shutdown) == 0)
        return HV_SHUTDOWN_NONE;
    switch (flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) {
    case SHUTDOWN_poweroff:
        return HV_SHUTDOWN_POWEROFF;
    case SHUTDOWN_reboot:
        return HV_SHUTDOWN_REBOOT;
    case SHUTDOWN_suspend:
        return HV_SHUTDOWN_SUSPEND;
    case SHUTDOWN_crash:
        return HV_SHUTDOWN_CRASH;
    default:
        return HV_SHUTDOWN_OTHER;
    }
}

static void convert(const xc_domaininfo_t *from, struct hv_domain_info *to)
{
    *to = (struct hv_domain_info){
        .domid = from->domain,
        .paused = (from->flags & XEN_DOMINF_paused) != 0,
        .dying = (from->flags & XEN_DOMINF_dying) != 0,
        .shutdown = (from->flags & XEN_DOMINF_shutdown) != 0,
        .reason = reason_of(from->flags),
        .memory_bytes = from->tot_pages * HV_PAGE_SIZE,
        .cpu_time_ns = from->cpu_time,
        .vcpus = from->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : from->max_vcpu_id + 1,
    };
    memcpy(to->uuid, from->handle, sizeof(to->uuid));
}

/* Xen then gives the event of ends of domains to that one, and lets dom0 bind it all the same. */
int hv_xen_has_store_domain(struct hv_xen *xen)
{
    xc_domaininfo_t batch[LIST_BATCH];
    uint32_t first = 1;
    int got;

    do {
        got = xc_domain_getinfolist(xen->xc, first, LIST_BATCH, batch);
        if (got < 0)
            return hv_xen_rc(got);
        for (int i = 0; i < got; i++)
            if ((batch[i].flags & XEN_DOMINF_xs_domain) != 0)
                return 1;
        if (got > 0)
            first = batch[got - 1].domain + 1u;
    } while (got == (int)LIST_BATCH);
    return 0;
}

int hv_xen_domain_list(struct hv *hv, uint32_t first, struct hv_domain_info *infos_out, size_t max)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    xc_domaininfo_t batch[LIST_BATCH];
    size_t filled = 0;

    while (filled < max) {
        size_t left = max - filled;
        unsigned want = left < LIST_BATCH ? (unsigned)left : LIST_BATCH;
        int got = xc_domain_getinfolist(xc, first, want, batch);

        if (got < 0)
            return hv_xen_rc(got);
        for (int i = 0; i < got; i++)
            convert(&batch[i], &infos_out[filled++]);
        if ((unsigned)got < want)
            break;
        first = batch[got - 1].domain + 1u;
    }
    return (int)filled;
}
