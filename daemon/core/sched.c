#include "core/sched.h"

#include <errno.h>

#include "core/core.h"

int verb_sched(struct guest *guest, struct hv_sched *sched_out, struct error *error)
{
    struct hv *hv = guest->core->hv;
    struct hv_sched sched;

    if (!guest_alive(guest))
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; it does not run", guest->name,
                         guest_state_name(guest));
    int rc = hv->ops->sched_get(hv, guest->domid, &sched);
    if (rc < 0)
        return error_from_errno(error, -rc, "sched");
    if (!sched.shares)
        return error_set(error, UKVM_E_NOT_SUPPORTED,
                         "the host's scheduler is '%s', which has no weights and caps: credit2 and "
                         "credit have",
                         sched.name);
    *sched_out = sched;
    return 0;
}

static int check(const struct guest *guest, const uint64_t *weight, const uint64_t *cap,
                 struct error *error)
{
    uint64_t cap_max = (uint64_t)guest->vcpus * SCHED_CAP_VCPU;

    if (weight != NULL && (*weight == 0 || *weight > SCHED_WEIGHT_MAX))
        return error_set(error, UKVM_E_CONFIG, "%s: weight must be from 1 to %u", guest->name,
                         SCHED_WEIGHT_MAX);
    if (cap != NULL && *cap > cap_max)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: cap must be from 0 (none) to %llu percent of a CPU: it has %u vCPUs",
                         guest->name, (unsigned long long)cap_max, guest->vcpus);
    return 0;
}

int verb_sched_set(struct guest *guest, const uint64_t *weight, const uint64_t *cap,
                   struct hv_sched *sched_out, struct error *error)
{
    struct hv *hv = guest->core->hv;
    struct hv_sched sched;
    int rc = verb_sched(guest, &sched, error);

    if (rc == 0)
        rc = check(guest, weight, cap, error);
    if (rc < 0)
        return rc;
    if (weight != NULL)
        sched.weight = (uint32_t)*weight;
    if (cap != NULL)
        sched.cap = (uint32_t)*cap;
    rc = hv->ops->sched_set(hv, guest->domid, &sched);
    if (rc < 0)
        return error_from_errno(error, -rc, "sched");
    return verb_sched(guest, sched_out, error);
}
