/*
 * What the data plane asks of the kernel's Xen devices, through fds it was handed: map a guest's
 * granted window, send an event. Tests put plain memory behind it. May be included by io only.
 */
#ifndef CHAOS_IO_XEN_H
#define CHAOS_IO_XEN_H

#include <stdint.h>

#define IO_PAGE_SIZE 4096u

struct io_xen_ops {
    /* Map references gref_first.. of a domain, read-write, contiguous. 0 or -errno. */
    int (*map)(int fd, uint32_t domid, uint32_t gref_first, uint32_t pages, uint8_t **addr_out);
    void (*unmap)(uint8_t *addr, uint32_t pages);
    /* Send an event through a bound port. 0 or -errno. */
    int (*notify)(int fd, uint32_t port);
};

/* /dev/xen/gntdev and /dev/xen/evtchn. */
extern const struct io_xen_ops io_xen_linux;

#endif
