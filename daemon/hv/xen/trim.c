/* What a domain no longer needs once it is built. */
#include "hv/xen/hv_xen_priv.h"

#include <stdlib.h>

/* Left in a pool that turned out larger than its estimate. */
#define POOL_SPARE_PAGES 16u
/* Entries of one page table. */
#define TABLE_ENTRIES    512u

static void unmap(struct hv_xen *xen, const struct hv_xen_kept *kept)
{
    if (kept->addr != NULL)
        xenforeignmemory_unmap(xen->memory, kept->addr, kept->pages);
    if (kept->resource != NULL)
        xenforeignmemory_unmap_resource(xen->memory, kept->resource);
}

static void keep(struct hv_xen *xen, const struct hv_xen_kept *kept)
{
    struct hv_xen_kept *copy = malloc(sizeof(*copy));

    if (copy == NULL) {
        unmap(xen, kept);
        return;
    }
    *copy = *kept;
    copy->next = xen->kept;
    xen->kept = copy;
}

void hv_xen_keep_map(struct hv_xen *xen, uint32_t domid, void *addr, size_t pages)
{
    keep(xen, &(struct hv_xen_kept){.domid = domid, .addr = addr, .pages = pages});
}

void hv_xen_keep_resource(struct hv_xen *xen, uint32_t domid,
                          xenforeignmemory_resource_handle *resource)
{
    keep(xen, &(struct hv_xen_kept){.domid = domid, .resource = resource});
}

void hv_xen_unmap_kept(struct hv_xen *xen, uint32_t domid)
{
    struct hv_xen_kept **at = &xen->kept;

    while (*at != NULL) {
        struct hv_xen_kept *kept = *at;

        if (kept->domid != domid) {
            at = &kept->next;
            continue;
        }
        *at = kept->next;
        unmap(xen, kept);
        free(kept);
    }
}

/*
 * Xen itself takes 12 to 16 pages, with the tables around shared_info and the local APIC, and a
 * monitor table per vCPU; a guest that breaks up every superpage needs a table for each.
 */
uint64_t hv_xen_pool_pages(const struct hv_domain_params *params)
{
    return 31 + params->vcpus + params->ram_pages / TABLE_ENTRIES +
           params->ram_pages / TABLE_ENTRIES / TABLE_ENTRIES;
}

static int shrink_pool(xc_interface *xc, uint32_t domid, uint64_t pages)
{
    uint64_t bytes = 0;
    int rc = hv_xen_rc(xc_set_paging_mempool_size(xc, domid, pages * HV_PAGE_SIZE));

    if (rc != -ENOMEM)
        return rc;
    /* More is in use than that: Xen has freed all the rest, and a guest without spare dies. */
    rc = hv_xen_rc(xc_get_paging_mempool_size(xc, domid, &bytes));
    if (rc != 0)
        return rc;
    bytes += (uint64_t)POOL_SPARE_PAGES * HV_PAGE_SIZE;
    return hv_xen_rc(xc_set_paging_mempool_size(xc, domid, bytes));
}

int hv_xen_domain_trim(struct hv *hv, uint32_t domid, const struct hv_domain_params *params)
{
    struct hv_xen *xen = hv_xen_of(hv);

    hv_xen_unmap_kept(xen, domid);
    return shrink_pool(xen->xc, domid, hv_xen_pool_pages(params));
}
