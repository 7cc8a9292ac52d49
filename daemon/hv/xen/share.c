/* Frames of a running domain for a device that it did not have. */
#include "hv/xen/hv_xen_priv.h"

#include <string.h>
#include <sys/mman.h>

#define KIB_PER_PAGE (HV_PAGE_SIZE / 1024)

/* The domain is the guest's to shrink: what it is given is counted, not what it should have. */
static int allow_one_more(xc_interface *xc, uint32_t domid, uint64_t limit_pages)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(xc, domid, 1, &info) != 1 || info.domain != domid)
        return -ESRCH;
    if (info.tot_pages < info.max_pages)
        return 0;
    if (info.max_pages >= limit_pages)
        return -ENOMEM;
    return hv_xen_rc(xc_domain_setmaxmem(xc, domid, (info.max_pages + 1) * KIB_PER_PAGE));
}

static int populate_one(xc_interface *xc, uint32_t domid, uint64_t gfn, uint64_t limit_pages)
{
    xen_pfn_t frame = gfn;
    int rc = allow_one_more(xc, domid, limit_pages);

    if (rc != 0)
        return rc;
    rc = xc_domain_populate_physmap(xc, domid, 1, 0, 0, &frame);
    if (rc < 0)
        return hv_xen_rc(rc);
    return rc == 1 ? 0 : -ENOMEM;
}

static void *map_one(struct hv_xen *xen, uint32_t domid, uint64_t gfn)
{
    xen_pfn_t frame = gfn;

    return xenforeignmemory_map(xen->memory, domid, PROT_READ | PROT_WRITE, 1, &frame, NULL);
}

/* One that is there is not populated again, which would lose it. */
static int clear_one(struct hv_xen *xen, uint32_t domid, uint64_t gfn, uint64_t limit_pages)
{
    void *page = map_one(xen, domid, gfn);

    if (page == NULL) {
        int rc = populate_one(xen->xc, domid, gfn, limit_pages);
        if (rc != 0)
            return rc;
        page = map_one(xen, domid, gfn);
    }
    if (page == NULL)
        return hv_xen_rc(-1);
    memset(page, 0, HV_PAGE_SIZE);
    xenforeignmemory_unmap(xen->memory, page, 1);
    return 0;
}

int hv_xen_frames_share(struct hv *hv, uint32_t domid, const struct hv_share *share)
{
    struct hv_xen *xen = hv_xen_of(hv);
    int rc = 0;

    if (share->pages == 0 || share->pages > HV_XEN_BATCH)
        return -EINVAL;
    for (size_t i = 0; rc == 0 && i < share->pages; i++)
        rc = clear_one(xen, domid, share->gfn.n + i, share->limit_pages);
    if (rc != 0 || share->gref.n == 0)
        return rc;
    return hv_xen_grants_write_now(xen, domid, share->gref, share->gfn, share->pages);
}
