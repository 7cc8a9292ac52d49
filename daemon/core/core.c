#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/control.h"
#include "core/create.h"
#include "core/verbs.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/random.h"

#define UPLINK_MTU 1500u

uint64_t core_now_ns(const struct core *core)
{
    return core->loop->ops->now_ns(core->loop);
}

/* ---- what chaos-iod says ------------------------------------------------------------ */

static void on_iod_started(void *arg, const char *text)
{
    struct core *core = arg;
    struct error error;

    if (text != NULL)
        error_set(&error, UKVM_E_INTERNAL, "chaos-iod cannot be started: %s", text);
    core->config.on_started(core->config.arg, text != NULL ? &error : NULL);
}

static void on_iod_attached(struct guest *guest, int status, const char *text)
{
    char reason[GUEST_REASON_MAX];

    if (guest->create != NULL && guest->unpaused_ns == 0) {
        create_on_attached(guest->create, status, text);
        return;
    }
    if (status == 0)
        return;
    snprintf(reason, sizeof(reason), "its devices could not be attached again: %s", text);
    death_crash(guest, reason);
}

static void on_iod_fault(struct guest *guest, const char *text)
{
    death_crash(guest, text);
}

static const struct iod_events iod_events = {
    .started = on_iod_started,
    .attached = on_iod_attached,
    .detached = destroy_on_detached,
    .fault = on_iod_fault,
};

static void on_channel_event(void *arg, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    control_dispatch(arg);
}

/* ---- beginning ---------------------------------------------------------------------- */

static int init_network(struct core *core, struct error *error)
{
    const struct core_config *config = &core->config;
    char text[HOSTNET_TEXT_MAX] = "";
    struct hostnet_uplink uplink = {.prefix_len = config->prefix_len, .mtu = UPLINK_MTU};
    int rc = addr_pool_init(&core->addr, config->network, config->prefix_len);

    if (rc == -EINVAL)
        return error_set(error, UKVM_E_CONFIG,
                         "network: needs a prefix length of 12 to 29 and no bits behind it");
    if (rc < 0)
        return error_from_errno(error, -rc, "address pool");
    snprintf(uplink.ifname, sizeof(uplink.ifname), "%s", config->uplink_ifname);
    uplink.address = core->addr.gateway;
    rc = core->hostnet->ops->uplink_up(core->hostnet, &uplink, &core->uplink_fd,
                                       core->uplink_mac.octet, text);
    if (rc < 0)
        return error_set(error, UKVM_E_INTERNAL, "uplink %s: %s", uplink.ifname, text);
    rc = addr_mac_take(&core->addr, &core->uplink_mac);
    return rc < 0 ? error_from_errno(error, -rc, "address pool") : 0;
}

static int init_iod(struct core *core)
{
    struct iod_config config = {.loop = core->loop,
                                .hv = core->hv,
                                .link = core->config.iod_link,
                                .guests = &core->guests,
                                .events = &iod_events,
                                .arg = core,
                                .uplink_fd = core->uplink_fd,
                                .uplink_ip = core->addr.gateway};

    memcpy(config.uplink_mac, core->uplink_mac.octet, sizeof(config.uplink_mac));
    return iod_init(&core->iod, &config);
}

static int init_events(struct core *core)
{
    int fd = core->hv->ops->events_fd(core->hv);

    if (fd < 0)
        return fd;
    core->events = core->loop->ops->watch_create(core->loop, fd, LOOP_READ, on_channel_event, core);
    return core->events == NULL ? -ENOMEM : 0;
}

int core_init(struct core *core, const struct core_config *config, struct error *error)
{
    uint64_t first_id;

    *core = (struct core){.config = *config,
                          .loop = config->loop,
                          .hv = config->hv,
                          .hostnet = config->hostnet,
                          .uplink_fd = -1};
    /* Not the ids that a former chaosd gave to an iod that may still be there. */
    random_bytes(&first_id, sizeof(first_id));
    guest_table_init(&core->guests, first_id >> 1);
    list_init(&core->creates);
    list_init(&core->builds);
    list_init(&core->tombstones);
    image_cache_init(&core->images, core->loop);

    int rc = death_init(core);
    if (rc == 0)
        rc = destroy_init(core);
    if (rc == 0)
        rc = trim_init(core);
    if (rc == 0)
        rc = pool_init(core);
    if (rc == 0)
        rc = init_events(core);
    if (rc < 0)
        return error_from_errno(error, -rc, "event loop");
    rc = init_network(core, error);
    if (rc < 0)
        return rc;
    rc = init_iod(core);
    return rc < 0 ? error_from_errno(error, -rc, "chaos-iod") : 0;
}

void core_start(struct core *core)
{
    iod_start(&core->iod);
}

/* ---- ending ------------------------------------------------------------------------- */

void core_on_released(struct core *core)
{
    if (core->stopping && list_empty(&core->guests.all) && list_empty(&core->creates))
        core->config.on_stopped(core->config.arg);
}

void core_stop(struct core *core)
{
    if (core->stopping)
        return;
    core->stopping = true;
    pool_stop(&core->pool);
    create_abort_all(core);
    /* By domain id: each call takes one guest out of this list, and may free it. */
    while (core->guests.domid_count > 0)
        destroy_guest(core->guests.by_domid[core->guests.domid_count - 1], NULL);
    core_on_released(core);
}

void core_fini(struct core *core)
{
    iod_fini(&core->iod);
    if (core->events != NULL)
        core->loop->ops->watch_destroy(core->events);
    core->events = NULL;
    trim_fini(core);
    pool_fini(&core->pool);
    destroy_fini(core);
    death_fini(core);
    image_cache_fini(&core->images);
    LIST_FOR_EACH(node, &core->guests.all)
    guest_destroy(LIST_OWNER(node, struct guest, all));
    guest_table_fini(&core->guests);
    addr_mac_free(&core->addr, &core->uplink_mac);
    addr_pool_fini(&core->addr);
    fd_close(&core->uplink_fd);
}
