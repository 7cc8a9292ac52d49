/* A domain's RAM: giving it and mapping it. */
#include <sys/mman.h>

#include "hv/xen/hv_xen_priv.h"

#define ORDER_2M 9u

/* The largest order that is aligned at gfn, fits before end and is at most a superpage. */
static unsigned order_at(uint64_t gfn, uint64_t end)
{
    unsigned order = ORDER_2M;

    while (order > 0 && (gfn % (1u << order) != 0 || gfn + (1u << order) > end))
        order--;
    return order;
}

/* How many extents of this order at gfn go into one call. */
static unsigned extents_at(uint64_t gfn, uint64_t end, unsigned order)
{
    uint64_t extents = (end - gfn) >> order;

    /* Below a superpage each order occurs once: it is a step down to an unaligned end. */
    if (order < ORDER_2M)
        return 1;
    return extents < HV_XEN_BATCH ? (unsigned)extents : HV_XEN_BATCH;
}

/* Populate count extents from gfn. Returns how many there are now, or -errno. */
static int populate(xc_interface *xc, uint32_t domid, uint64_t gfn, unsigned order, unsigned count)
{
    xen_pfn_t extents[HV_XEN_BATCH];
    int done;

    for (unsigned i = 0; i < count; i++)
        extents[i] = gfn + ((uint64_t)i << order);
    done = xc_domain_populate_physmap(xc, domid, count, order, 0, extents);
    return done < 0 ? hv_xen_rc(done) : done;
}

/* One extent in single pages, for when memory is too fragmented for the whole. */
static int populate_single(xc_interface *xc, uint32_t domid, uint64_t gfn, unsigned order)
{
    int done = populate(xc, domid, gfn, 0, 1u << order);

    if (done < 0)
        return done;
    return done == 1 << order ? 0 : -ENOMEM;
}

int hv_xen_domain_populate(struct hv *hv, uint32_t domid, uint64_t ram_pages)
{
    xc_interface *xc = hv_xen_of(hv)->xc;
    uint64_t gfn = 0;

    if (ram_pages == 0 || ram_pages > HV_RAM_PAGES_MAX)
        return -EINVAL;
    while (gfn < ram_pages) {
        unsigned order = order_at(gfn, ram_pages);
        unsigned count = extents_at(gfn, ram_pages, order);
        int done = populate(xc, domid, gfn, order, count);
        int rc;

        if (done < 0)
            return done;
        gfn += (uint64_t)done << order;
        if (done == (int)count)
            continue;
        rc = order > 0 ? populate_single(xc, domid, gfn, order) : -ENOMEM;
        if (rc != 0)
            return rc;
        gfn += 1u << order;
    }
    return 0;
}

int hv_xen_domain_max_memory(struct hv *hv, uint32_t domid, uint64_t pages)
{
    return hv_xen_rc(xc_domain_setmaxmem(hv_xen_of(hv)->xc, domid, pages * (HV_PAGE_SIZE / 1024)));
}

int hv_xen_domain_map(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages,
                      void **addr_out)
{
    xen_pfn_t gfns[HV_XEN_BATCH];
    void *addr;

    if (pages == 0 || pages > HV_XEN_BATCH)
        return -EINVAL;
    for (size_t i = 0; i < pages; i++)
        gfns[i] = first.n + i;
    /* Without an array for errors it is all or nothing. */
    addr = xenforeignmemory_map(hv_xen_of(hv)->memory, domid, PROT_READ | PROT_WRITE, pages, gfns,
                                NULL);
    if (addr == NULL)
        return hv_xen_rc(-1);
    *addr_out = addr;
    return 0;
}

void hv_xen_domain_unmap(struct hv *hv, void *addr, size_t pages)
{
    if (addr != NULL)
        xenforeignmemory_unmap(hv_xen_of(hv)->memory, addr, pages);
}
