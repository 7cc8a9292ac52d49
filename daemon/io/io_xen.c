#include "io/io_xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* The two below use the types of these. */
#include <xen/xen.h>

#include <xen/grant_table.h>

#include <xen/evtchn.h>
#include <xen/gntdev.h>

static int map_window(int fd, uint32_t domid, uint32_t gref_first, uint32_t pages,
                      uint8_t **addr_out)
{
    struct ioctl_gntdev_map_grant_ref *request;
    size_t size = sizeof(*request) + (pages - 1) * sizeof(request->refs[0]);
    request = calloc(1, size);
    if (request == NULL)
        return -ENOMEM;
    request->count = pages;
    for (uint32_t i = 0; i < pages; i++)
        request->refs[i] = (struct ioctl_gntdev_grant_ref){.domid = domid, .ref = gref_first + i};
    int rc = ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, request) < 0 ? -errno : 0;
    uint64_t index = request->index;
    free(request);
    if (rc < 0)
        return rc;
    /* The grants are mapped here. Closing the fd drops what a failure leaves in the kernel. */
    void *addr = mmap(NULL, (size_t)pages * IO_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                      (off_t)index);
    if (addr == MAP_FAILED)
        return -errno;
    *addr_out = addr;
    return 0;
}

static void unmap_window(uint8_t *addr, uint32_t pages)
{
    munmap(addr, (size_t)pages * IO_PAGE_SIZE);
}

static int notify_port(int fd, uint32_t port)
{
    struct ioctl_evtchn_notify request = {.port = port};
    return ioctl(fd, IOCTL_EVTCHN_NOTIFY, &request) < 0 ? -errno : 0;
}

const struct io_xen_ops io_xen_linux = {
    .map = map_window,
    .unmap = unmap_window,
    .notify = notify_port,
};
