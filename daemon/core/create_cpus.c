/* The host CPUs that a guest was asked to run on. */
#include "core/create_internal.h"
#include "core/pin.h"

int create_check_cpus(struct create *create)
{
    return pin_check(create->core->hv, create->label, &create->spec.cpus, &create->error);
}

int create_cpus(struct create *create)
{
    const struct guest *guest = create->guest;

    return pin_domain(create->core->hv, create->label, guest->domid, guest->vcpus,
                      &create->spec.cpus, &create->error);
}
