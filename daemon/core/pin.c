#include "core/pin.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/core.h"

static_assert(LIMIT_CPUS == HV_CPUS_MAX, "the limit is the port's");

static int failed(struct error *error, const char *label, int rc, const char *what)
{
    int code = rc == -ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL;
    return error_set(error, code, "%s: %s: %s", label, what, strerror(-rc));
}

static unsigned last_cpu(const struct hv_cpus *cpus)
{
    unsigned cpu = HV_CPUS_MAX - 1;

    while (cpu > 0 && !hv_cpus_have(cpus, cpu))
        cpu--;
    return cpu;
}

static int check_named(const char *label, const struct hv_cpus *named, const struct hv_cpus *host,
                       struct error *error)
{
    for (unsigned cpu = 0; cpu < HV_CPUS_MAX; cpu++)
        if (hv_cpus_have(named, cpu) && !hv_cpus_have(host, cpu))
            return error_set(error, UKVM_E_CONFIG,
                             "%s: cpus: the host has no CPU %u, its last is CPU %u", label, cpu,
                             last_cpu(host));
    return 0;
}

static int check_others(const char *label, const struct hv_cpus *named, const struct hv_cpus *host,
                        struct error *error)
{
    for (unsigned cpu = 0; cpu < HV_CPUS_MAX; cpu++)
        if (hv_cpus_have(host, cpu) && !hv_cpus_have(named, cpu))
            return 0;
    return error_set(error, UKVM_E_CONFIG,
                     "%s: cpus: no CPU of the host is left, its last is CPU %u", label,
                     last_cpu(host));
}

int pin_check(struct hv *hv, const char *label, const struct spec_cpus *cpus, struct error *error)
{
    struct hv_cpus host;

    if (cpus->kind == SPEC_CPUS_ANY)
        return 0;
    int rc = hv->ops->host_cpus(hv, &host);
    if (rc < 0)
        return failed(error, label, rc, "CPUs of the host");
    return cpus->kind == SPEC_CPUS_ONLY ? check_named(label, &cpus->named, &host, error)
                                        : check_others(label, &cpus->named, &host, error);
}

static int pin(struct hv *hv, const char *label, uint32_t domid, uint32_t first, uint32_t end,
               const struct spec_cpus *spec, struct error *error)
{
    struct hv_cpus cpus = spec->named;
    int rc = 0;

    if (spec->kind == SPEC_CPUS_EXCEPT)
        for (unsigned i = 0; i < HV_CPUS_MAX / 64; i++)
            cpus.word[i] = ~cpus.word[i];
    for (uint32_t vcpu = first; rc == 0 && vcpu < end; vcpu++)
        rc = hv->ops->vcpu_affinity(hv, domid, vcpu, &cpus);
    if (rc == -EINVAL)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: cpus: the hypervisor lets it run on none of them; they are offline "
                         "or in another CPU pool",
                         label);
    return rc < 0 ? failed(error, label, rc, "cpus") : 0;
}

int pin_domain(struct hv *hv, const char *label, uint32_t domid, uint32_t count,
               const struct spec_cpus *cpus, struct error *error)
{
    if (cpus->kind == SPEC_CPUS_ANY)
        return 0;
    return pin(hv, label, domid, 0, count, cpus, error);
}

int verb_vcpu_pin(struct guest *guest, uint32_t vcpu, const struct spec_cpus *cpus,
                  struct error *error)
{
    struct hv *hv = guest->core->hv;

    if (!guest_alive(guest))
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; it does not run", guest->name,
                         guest_state_name(guest));
    if (vcpu != PIN_ALL_VCPUS && vcpu >= guest->vcpus)
        return error_set(error, UKVM_E_NOT_FOUND, "%s: has no vCPU %u, its last is vCPU %u",
                         guest->name, vcpu, guest->vcpus - 1);
    int rc = pin_check(hv, guest->name, cpus, error);
    if (rc < 0)
        return rc;
    if (vcpu == PIN_ALL_VCPUS)
        return pin(hv, guest->name, guest->domid, 0, guest->vcpus, cpus, error);
    return pin(hv, guest->name, guest->domid, vcpu, vcpu + 1, cpus, error);
}
