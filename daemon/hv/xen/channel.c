/* Event channels, through the ioctls of /dev/xen/evtchn. */
#include "hv/xen/hv_xen_priv.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xen/sys/evtchn.h>
#include <xen/xen.h>

#define DOM0 0

int hv_xen_channel_open(int *fd_out)
{
    int fd = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    *fd_out = fd;
    return 0;
}

static int bind_interdomain(int fd, uint32_t domid, struct hv_port remote,
                            struct hv_port *local_out)
{
    struct ioctl_evtchn_bind_interdomain bind = {
        .remote_domain = domid,
        .remote_port = remote.n,
    };
    int local = ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);

    if (local < 0)
        return -errno;
    local_out->n = (uint32_t)local;
    return 0;
}

int hv_xen_port_alloc(struct hv *hv, uint32_t domid, struct hv_port *remote_out)
{
    int port = xc_evtchn_alloc_unbound(hv_xen_of(hv)->xc, domid, DOM0);

    if (port < 0)
        return hv_xen_rc(port);
    remote_out->n = (uint32_t)port;
    return 0;
}

int hv_xen_port_bind(struct hv *hv, uint32_t domid, struct hv_port remote,
                     struct hv_port *local_out)
{
    return bind_interdomain(hv_xen_of(hv)->events_fd, domid, remote, local_out);
}

void hv_xen_port_unbind(struct hv *hv, struct hv_port local)
{
    struct ioctl_evtchn_unbind unbind = {.port = local.n};

    ioctl(hv_xen_of(hv)->events_fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

int hv_xen_port_notify(struct hv *hv, struct hv_port local)
{
    struct ioctl_evtchn_notify notify = {.port = local.n};

    return ioctl(hv_xen_of(hv)->events_fd, IOCTL_EVTCHN_NOTIFY, &notify) < 0 ? -errno : 0;
}

int hv_xen_events_fd(struct hv *hv)
{
    return hv_xen_of(hv)->events_fd;
}

int hv_xen_event_next(struct hv *hv, struct hv_port *local_out)
{
    uint32_t port;
    ssize_t size = read(hv_xen_of(hv)->events_fd, &port, sizeof(port));

    if (size < 0)
        return -errno;
    if (size != sizeof(port))
        return -EIO;
    local_out->n = port;
    return 0;
}

int hv_xen_port_unmask(struct hv *hv, struct hv_port local)
{
    uint32_t port = local.n;
    ssize_t size = write(hv_xen_of(hv)->events_fd, &port, sizeof(port));

    if (size < 0)
        return -errno;
    return size == sizeof(port) ? 0 : -EIO;
}

int hv_xen_death_events(struct hv *hv, struct hv_port *local_out)
{
    struct ioctl_evtchn_bind_virq bind = {.virq = VIRQ_DOM_EXC};
    int rc = hv_xen_has_store_domain(hv_xen_of(hv));
    int local;

    if (rc != 0)
        return rc > 0 ? -EEXIST : rc;
    local = ioctl(hv_xen_of(hv)->events_fd, IOCTL_EVTCHN_BIND_VIRQ, &bind);
    if (local < 0)
        return -errno;
    local_out->n = (uint32_t)local;
    return 0;
}

int hv_xen_io_channel(struct hv *hv, uint32_t domid, struct hv_port remote, int *fd_out,
                      struct hv_port *local_out)
{
    struct ioctl_evtchn_restrict_domid restrict_to = {.domid = (domid_t)domid};
    int fd = -1, rc;

    (void)hv;
    rc = hv_xen_channel_open(&fd);
    if (rc != 0)
        return rc;
    /* Restricted before it leaves this function: the data plane parses what guests write. */
    if (ioctl(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &restrict_to) < 0) {
        rc = -errno;
        goto out;
    }
    rc = bind_interdomain(fd, domid, remote, local_out);
    if (rc != 0)
        goto out;
    *fd_out = fd;
    fd = -1;

out:
    if (fd >= 0)
        close(fd);
    return rc;
}
