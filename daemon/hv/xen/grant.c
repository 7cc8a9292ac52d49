/* Grants: writing a guest's table before it runs, and the fd that maps them. */
#include "hv/xen/hv_xen_priv.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/gntdev.h>
#include <xen/grant_table.h>
#include <xen/memory.h>

#define ENTRIES_PER_FRAME (HV_PAGE_SIZE / sizeof(grant_entry_v1_t))
#define DOM0              0

/* Map as much of a domain's grant table as it takes. NULL: see errno. */
static xenforeignmemory_resource_handle *map_entries(struct hv_xen *xen, uint32_t domid,
                                                     size_t count, grant_entry_v1_t **entries_out)
{
    void *addr = NULL;
    size_t frames = (count - 1) / ENTRIES_PER_FRAME + 1;
    xenforeignmemory_resource_handle *resource = xenforeignmemory_map_resource(
        xen->memory, (domid_t)domid, XENMEM_resource_grant_table,
        XENMEM_resource_grant_table_id_shared, 0, frames, &addr, PROT_READ | PROT_WRITE, 0);

    *entries_out = addr;
    return resource;
}

static void permit(grant_entry_v1_t *entry, uint64_t gfn)
{
    entry->domid = DOM0;
    entry->frame = (uint32_t)gfn;
    /* Release: whoever sees the permission sees whose it is and for which frame. */
    __atomic_store_n(&entry->flags, GTF_permit_access, __ATOMIC_RELEASE);
}

static int write_entries(struct hv_xen *xen, uint32_t domid, struct hv_gref first,
                         struct hv_gfn gfn, size_t count,
                         xenforeignmemory_resource_handle **resource_out)
{
    grant_entry_v1_t *entries;

    if (count == 0 || count > UINT32_MAX - first.n || gfn.n + count > UINT32_MAX)
        return -EINVAL;
    *resource_out = map_entries(xen, domid, first.n + count, &entries);
    if (*resource_out == NULL)
        return hv_xen_rc(-1);
    for (size_t i = 0; i < count; i++)
        permit(&entries[first.n + i], gfn.n + i);
    return 0;
}

int hv_xen_grants_write(struct hv *hv, uint32_t domid, struct hv_gref first, struct hv_gfn gfn,
                        size_t count)
{
    struct hv_xen *xen = hv_xen_of(hv);
    xenforeignmemory_resource_handle *resource;
    int rc = write_entries(xen, domid, first, gfn, count, &resource);

    if (rc == 0)
        hv_xen_keep_resource(xen, domid, resource);
    return rc;
}

int hv_xen_grants_write_now(struct hv_xen *xen, uint32_t domid, struct hv_gref first,
                            struct hv_gfn gfn, size_t count)
{
    xenforeignmemory_resource_handle *resource;
    int rc = write_entries(xen, domid, first, gfn, count, &resource);

    if (rc == 0)
        xenforeignmemory_unmap_resource(xen->memory, resource);
    return rc;
}

int hv_xen_grant_fd(struct hv *hv, int *fd_out)
{
    int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

    (void)hv;
    if (fd < 0)
        return -errno;
    *fd_out = fd;
    return 0;
}

/*
 * The first grant that dom0 prepares to map makes its kernel add a section of memory for such
 * frames, which takes 60 ms. Preparing one here, of nobody's and never mapped, spares the first
 * guest the wait. Failure only means that it will wait.
 */
void hv_xen_grant_warm(void)
{
    struct ioctl_gntdev_map_grant_ref prepare = {.count = 1};
    int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    if (ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, &prepare) == 0) {
        struct ioctl_gntdev_unmap_grant_ref drop = {.index = prepare.index, .count = 1};
        (void)ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &drop);
    }
    close(fd);
}
