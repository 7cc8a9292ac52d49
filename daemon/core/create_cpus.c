/* The host CPUs that a guest was asked to run on. */
#include <errno.h>

#include "core/create_internal.h"

static_assert(LIMIT_CPUS == HV_CPUS_MAX, "the limit is the port's");

static unsigned last_cpu(const struct hv_cpus *cpus)
{
    unsigned cpu = HV_CPUS_MAX - 1;

    while (cpu > 0 && !hv_cpus_have(cpus, cpu))
        cpu--;
    return cpu;
}

static int check_named(struct create *create, const struct hv_cpus *host)
{
    const struct hv_cpus *named = &create->spec.cpus.named;

    for (unsigned cpu = 0; cpu < HV_CPUS_MAX; cpu++)
        if (hv_cpus_have(named, cpu) && !hv_cpus_have(host, cpu))
            return error_set(&create->error, UKVM_E_CONFIG,
                             "%s: cpus: the host has no CPU %u, its last is CPU %u", create->label,
                             cpu, last_cpu(host));
    return 0;
}

static int check_others(struct create *create, const struct hv_cpus *host)
{
    const struct hv_cpus *named = &create->spec.cpus.named;

    for (unsigned cpu = 0; cpu < HV_CPUS_MAX; cpu++)
        if (hv_cpus_have(host, cpu) && !hv_cpus_have(named, cpu))
            return 0;
    return error_set(&create->error, UKVM_E_CONFIG,
                     "%s: cpus: no CPU of the host is left, its last is CPU %u", create->label,
                     last_cpu(host));
}

int create_check_cpus(struct create *create)
{
    struct hv *hv = create->core->hv;
    struct hv_cpus host;

    if (create->spec.cpus.kind == SPEC_CPUS_ANY)
        return 0;
    int rc = hv->ops->host_cpus(hv, &host);
    if (rc < 0)
        return create_failed(create, rc, "CPUs of the host");
    return create->spec.cpus.kind == SPEC_CPUS_ONLY ? check_named(create, &host)
                                                    : check_others(create, &host);
}

/* It stays with the domain, whatever becomes of chaosd. */
int create_cpus(struct create *create)
{
    struct hv *hv = create->core->hv;
    const struct guest *guest = create->guest;
    struct hv_cpus cpus;
    int rc = 0;

    if (create->spec.cpus.kind == SPEC_CPUS_ANY)
        return 0;
    cpus = create->spec.cpus.named;
    if (create->spec.cpus.kind == SPEC_CPUS_EXCEPT)
        for (unsigned i = 0; i < HV_CPUS_MAX / 64; i++)
            cpus.word[i] = ~cpus.word[i];
    for (uint32_t vcpu = 0; rc == 0 && vcpu < guest->vcpus; vcpu++)
        rc = hv->ops->vcpu_affinity(hv, guest->domid, vcpu, &cpus);
    if (rc == -EINVAL)
        return error_set(&create->error, UKVM_E_CONFIG,
                         "%s: cpus: the hypervisor lets it run on none of them; they are offline "
                         "or in another CPU pool",
                         create->label);
    return rc < 0 ? create_failed(create, rc, "cpus") : 0;
}
