#include "core/devices.h"

#include <stdio.h>

#include "core/control.h"
#include "core/core.h"
#include "util/fd.h"

int devices_open_control(struct guest *guest)
{
    struct hv *hv = guest->core->hv;
    void *page;
    int rc = hv->ops->domain_map(hv, guest->domid, (struct hv_gfn){guest->layout.window_first}, 1,
                                 &page);

    if (rc < 0)
        return rc;
    guest->control.page = page;
    return control_open(guest);
}

int devices_open_channel(struct guest *guest)
{
    struct hv *hv = guest->core->hv;

    return hv->ops->io_channel(hv, guest->domid, (struct hv_port){NOXS_PORT_IO},
                               &guest->io.channel_fd, &guest->io.local);
}

/* ---- TAPs --------------------------------------------------------------------------- */

static int open_tap(struct guest *guest, unsigned index, char *text)
{
    struct hostnet *hostnet = guest->core->hostnet;
    struct guest_vif *vif = &guest->vif[index];
    char ifname[16];

    if (vif->bridge[0] == '\0' || vif->tap_fd >= 0 || !guest_vif_is_in_iod(vif))
        return 0;
    /* The name that xl gives such an interface. */
    snprintf(ifname, sizeof(ifname), "vif%u.%u", guest->domid & 0xffff, index);
    return hostnet->ops->tap_on_bridge(hostnet, ifname, vif->bridge, &vif->tap_fd, text);
}

int devices_open_taps(struct guest *guest, char *text)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < guest->vif_count; i++)
        rc = open_tap(guest, i, text);
    return rc;
}

/* ---- published ports ---------------------------------------------------------------- */

static struct hostnet_publish rule_of(const struct guest_vif *vif, unsigned index)
{
    const struct spec_publish *port = &vif->publish[index];

    return (struct hostnet_publish){.protocol = port->protocol,
                                    .host_port = port->host_port,
                                    .guest_port = port->guest_port,
                                    .guest = vif->ip};
}

static int publish_vif(struct hostnet *hostnet, struct guest_vif *vif, char *text)
{
    for (; vif->published < vif->publish_count; vif->published++) {
        struct hostnet_publish rule = rule_of(vif, vif->published);
        int rc = hostnet->ops->publish(hostnet, &rule, text);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int devices_publish(struct guest *guest, char *text)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < guest->vif_count; i++)
        if (guest_vif_is_in_iod(&guest->vif[i]))
            rc = publish_vif(guest->core->hostnet, &guest->vif[i], text);
    return rc;
}

void devices_unpublish_vif(struct guest *guest, unsigned index)
{
    struct hostnet *hostnet = guest->core->hostnet;
    struct guest_vif *vif = &guest->vif[index];

    for (; vif->published > 0; vif->published--) {
        struct hostnet_publish rule = rule_of(vif, vif->published - 1);
        hostnet->ops->unpublish(hostnet, &rule);
    }
}

void devices_unpublish(struct guest *guest)
{
    for (unsigned i = 0; i < guest->vif_count; i++)
        devices_unpublish_vif(guest, i);
}

/* ------------------------------------------------------------------------------------- */

void devices_let_go(struct guest *guest)
{
    struct hv *hv = guest->core->hv;

    if (guest->control.page != NULL)
        hv->ops->domain_unmap(hv, guest->control.page, 1);
    guest->control.page = NULL;
    control_close(guest);
    fd_close(&guest->io.channel_fd);
    for (unsigned i = 0; i < guest->vif_count; i++)
        fd_close(&guest->vif[i].tap_fd);
}
