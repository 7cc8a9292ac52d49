/* Loading an image: its frames, the reserved frames and vCPU 0. */
#include <sys/mman.h>

#include "hv/xen/hv_xen_priv.h"
#include "hv/xen/pvh.h"

/* Fill the frames named by gfns, mapped at addr in that order. */
static void fill(const struct hv_load *load, const xen_pfn_t *gfns, size_t count, uint8_t *addr)
{
    for (size_t i = 0; i < count; i++, addr += HV_PAGE_SIZE) {
        if (gfns[i] == load->info_gfn.n)
            hv_xen_pvh_info(load, addr);
        else
            hv_xen_pvh_page(load, gfns[i], addr);
    }
}

/* Map and fill the next batch of frames from *gfn on, which is moved behind it. */
static int load_batch(struct hv_xen *xen, uint32_t domid, const struct hv_load *load, uint64_t *gfn)
{
    xen_pfn_t gfns[HV_XEN_BATCH];
    size_t count = 0;
    void *addr;

    while (count < HV_XEN_BATCH && *gfn < load->ram_pages) {
        gfns[count++] = *gfn;
        *gfn = hv_xen_pvh_next(load, *gfn + 1);
    }
    /* One mapping for frames far apart: its price is per call far more than per frame. */
    addr = xenforeignmemory_map(xen->memory, domid, PROT_READ | PROT_WRITE, count, gfns, NULL);
    if (addr == NULL)
        return hv_xen_rc(-1);
    fill(load, gfns, count, addr);
    hv_xen_keep_map(xen, domid, addr, count);
    return 0;
}

int hv_xen_domain_load(struct hv *hv, uint32_t domid, const struct hv_load *load)
{
    struct hv_xen *xen = hv_xen_of(hv);
    uint64_t gfn;
    int rc;

    rc = hv_xen_pvh_check(load);
    if (rc != 0)
        return rc;
    gfn = hv_xen_pvh_next(load, 0);
    while (gfn < load->ram_pages) {
        rc = load_batch(xen, domid, load, &gfn);
        if (rc != 0)
            return rc;
    }
    if (load->segment_count == 0)
        return 0;
    return hv_xen_context_set(xen, domid, load->entry, (uint32_t)load->info_gfn.n * HV_PAGE_SIZE);
}
