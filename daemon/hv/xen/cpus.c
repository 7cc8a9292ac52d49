/* The host's CPUs, and which of them a vCPU may run on. */
#include "hv/xen/hv_xen_priv.h"

#include <stdlib.h>
#include <string.h>

int hv_xen_host_cpus(struct hv *hv, struct hv_cpus *cpus_out)
{
    xc_cputopo_t topology[HV_CPUS_MAX];
    struct hv_cpus cpus = {0};
    unsigned count = HV_CPUS_MAX;
    int rc = hv_xen_rc(xc_cputopoinfo(hv_xen_of(hv)->xc, &count, topology));

    if (rc != 0)
        return rc;
    for (unsigned cpu = 0; cpu < count && cpu < HV_CPUS_MAX; cpu++)
        if (topology[cpu].core != XEN_INVALID_CORE_ID)
            hv_cpus_add(&cpus, cpu);
    *cpus_out = cpus;
    return 0;
}

int hv_xen_vcpu_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, const struct hv_cpus *cpus)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    int size = xc_get_cpumap_size(xc);
    /* libxc reads and writes as many bytes as the host's CPUs take, whatever the set has. */
    xc_cpumap_t map = xc_cpumap_alloc(xc);

    if (size <= 0 || map == NULL) {
        free(map);
        return -ENOMEM;
    }
    memcpy(map, cpus->word, (size_t)size < sizeof(cpus->word) ? (size_t)size : sizeof(cpus->word));
    int rc = hv_xen_rc(xc_vcpu_setaffinity(xc, domid, (int)vcpu, map, NULL, XEN_VCPUAFFINITY_HARD));
    free(map);
    return rc;
}
