/* Opening and closing the port. */
#include <stdlib.h>
#include <unistd.h>

#include "hv/xen/hv_xen_priv.h"

static const struct hv_ops xen_ops;

static void drop_message(struct xentoollog_logger *logger, xentoollog_level level, int error,
                         const char *context, const char *format, va_list args)
    __attribute__((format(printf, 5, 0)));

/* Callers get -errno and make the message: they know what was being done, and to which guest. */
static void drop_message(struct xentoollog_logger *logger, xentoollog_level level, int error,
                         const char *context, const char *format, va_list args)
{
    (void)logger;
    (void)level;
    (void)error;
    (void)context;
    (void)format;
    (void)args;
}

/* A domU may open the device but not make control calls, and says so only when asked. */
static int check_dom0(struct hv_xen *xen)
{
    xc_physinfo_t host = {0};
    int rc = hv_xen_rc(xc_physinfo(xen->xc, &host));

    if (rc == -EPERM || rc == -ENOSYS)
        return -ENODEV;
    /* What Xen answers to a libxenctrl of another version; the device was opened by now. */
    if (rc == -EACCES)
        return -EPROTO;
    return rc;
}

static int open_handles(struct hv_xen *xen)
{
    int rc;

    xen->xc = xc_interface_open(&xen->log, &xen->log, 0);
    if (xen->xc == NULL)
        return hv_xen_rc(-1);
    rc = check_dom0(xen);
    if (rc == 0)
        rc = hv_xen_read_version(xen);
    if (rc != 0)
        return rc;
    xen->memory = xenforeignmemory_open(&xen->log, 0);
    if (xen->memory == NULL)
        return hv_xen_rc(-1);
    hv_xen_grant_warm();
    return hv_xen_channel_open(&xen->events_fd);
}

static void close_handles(struct hv *hv)
{
    struct hv_xen *xen = hv_xen_of(hv);

    if (xen->events_fd >= 0)
        close(xen->events_fd);
    while (xen->kept != NULL)
        hv_xen_unmap_kept(xen, xen->kept->domid);
    if (xen->memory != NULL)
        xenforeignmemory_close(xen->memory);
    if (xen->xc != NULL)
        xc_interface_close(xen->xc);
    free(xen);
}

int hv_xen_open(struct hv **hv_out)
{
    struct hv_xen *xen = calloc(1, sizeof(*xen));
    int rc;

    if (xen == NULL)
        return -ENOMEM;
    xen->base.ops = &xen_ops;
    xen->log.vmessage = drop_message;
    xen->events_fd = -1;
    rc = open_handles(xen);
    if (rc != 0) {
        close_handles(&xen->base);
        return rc;
    }
    *hv_out = &xen->base;
    return 0;
}

static const struct hv_ops xen_ops = {
    .host_info = hv_xen_host_info,
    .host_cpus = hv_xen_host_cpus,
    .messages = hv_xen_messages,
    .domain_create = hv_xen_domain_create,
    .domain_populate = hv_xen_domain_populate,
    .domain_max_memory = hv_xen_domain_max_memory,
    .domain_load = hv_xen_domain_load,
    .domain_trim = hv_xen_domain_trim,
    .domain_map = hv_xen_domain_map,
    .domain_unmap = hv_xen_domain_unmap,
    .domain_copy = hv_xen_domain_copy,
    .vcpu_registers = hv_xen_vcpu_registers,
    .domain_clock = hv_xen_domain_clock,
    .domain_params = hv_xen_domain_params,
    .vcpu_affinity = hv_xen_vcpu_affinity,
    .sched_get = hv_xen_sched_get,
    .sched_set = hv_xen_sched_set,
    .domain_pause = hv_xen_domain_pause,
    .domain_unpause = hv_xen_domain_unpause,
    .domain_shutdown = hv_xen_domain_shutdown,
    .domain_destroy = hv_xen_domain_destroy,
    .domain_list = hv_xen_domain_list,
    .grants_write = hv_xen_grants_write,
    .frames_share = hv_xen_frames_share,
    .port_alloc = hv_xen_port_alloc,
    .port_bind = hv_xen_port_bind,
    .port_unbind = hv_xen_port_unbind,
    .port_notify = hv_xen_port_notify,
    .events_fd = hv_xen_events_fd,
    .event_next = hv_xen_event_next,
    .port_unmask = hv_xen_port_unmask,
    .death_events = hv_xen_death_events,
    .io_channel = hv_xen_io_channel,
    .grant_fd = hv_xen_grant_fd,
    .close = close_handles,
};
