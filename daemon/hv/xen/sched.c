/* Weights and caps of the schedulers that have them. */
#include <stdio.h>

#include "hv/xen/hv_xen_priv.h"

/* As Xen's command line calls them. */
static const char *name_of(int id)
{
    switch (id) {
    case XEN_SCHEDULER_CREDIT:
        return "credit";
    case XEN_SCHEDULER_CREDIT2:
        return "credit2";
    case XEN_SCHEDULER_ARINC653:
        return "arinc653";
    case XEN_SCHEDULER_RTDS:
        return "rtds";
    case XEN_SCHEDULER_NULL:
        return "null";
    default:
        return "unknown";
    }
}

int hv_xen_sched_get(struct hv *hv, uint32_t domid, struct hv_sched *sched_out)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    struct xen_domctl_sched_credit2 credit2 = {0};
    struct xen_domctl_sched_credit credit = {0};
    struct hv_sched sched = {0};
    int id;
    int rc = hv_xen_rc(xc_sched_id(xc, &id));

    if (rc != 0)
        return rc;
    snprintf(sched.name, sizeof(sched.name), "%s", name_of(id));
    sched.shares = id == XEN_SCHEDULER_CREDIT2 || id == XEN_SCHEDULER_CREDIT;
    if (id == XEN_SCHEDULER_CREDIT2) {
        rc = hv_xen_rc(xc_sched_credit2_domain_get(xc, domid, &credit2));
        sched.weight = credit2.weight;
        sched.cap = credit2.cap;
    } else if (id == XEN_SCHEDULER_CREDIT) {
        rc = hv_xen_rc(xc_sched_credit_domain_get(xc, domid, &credit));
        sched.weight = credit.weight;
        sched.cap = credit.cap;
    }
    if (rc == 0)
        *sched_out = sched;
    return rc;
}

int hv_xen_sched_set(struct hv *hv, uint32_t domid, const struct hv_sched *sched)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    struct xen_domctl_sched_credit2 credit2 = {.weight = (uint16_t)sched->weight,
                                               .cap = (uint16_t)sched->cap};
    struct xen_domctl_sched_credit credit = {.weight = (uint16_t)sched->weight,
                                             .cap = (uint16_t)sched->cap};
    int id;
    int rc = hv_xen_rc(xc_sched_id(xc, &id));

    if (rc != 0)
        return rc;
    if (id == XEN_SCHEDULER_CREDIT2)
        return hv_xen_rc(xc_sched_credit2_domain_set(xc, domid, &credit2));
    if (id == XEN_SCHEDULER_CREDIT)
        return hv_xen_rc(xc_sched_credit_domain_set(xc, domid, &credit));
    return -EOPNOTSUPP;
}
