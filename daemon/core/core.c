#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/adopt.h"
#include "core/autostart.h"
#include "core/control.h"
#include "core/create.h"
#include "core/devices.h"
#include "core/dump.h"
#include "core/hotnet.h"
#include "core/mem_set.h"
#include "core/verbs.h"
#include "core/wait.h"
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
    else
        adopt_finish(core);
    core->config.on_started(core->config.arg, text != NULL ? &error : NULL);
    if (text != NULL || core->stopping)
        return;
    definitions_resume(core);
    autostart_begin(core);
}

static void on_iod_attached(struct guest *guest, int status, const char *text)
{
    char reason[GUEST_REASON_MAX];

    if (guest->create != NULL && guest->unpaused_ns == 0) {
        create_on_attached(guest->create, status, text);
        return;
    }
    if (guest->record != NULL) {
        adopt_shell(guest, status);
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

static int on_iod_stray(void *arg, uint64_t id)
{
    return adopt_stray(arg, id);
}

static const char *on_iod_starting(void *arg);

static const struct iod_events iod_events = {
    .started = on_iod_started,
    .starting = on_iod_starting,
    .stray = on_iod_stray,
    .attached = on_iod_attached,
    .detached = destroy_on_detached,
    .vif_changed = hotnet_on_iod,
    .fault = on_iod_fault,
};

static void on_channel_event(void *arg, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    control_dispatch(arg);
}

/* ---- beginning ---------------------------------------------------------------------- */

/* Its MAC is ours by our mark, so that guests of a former chaosd find the host where it was. */
static void describe_uplink(const struct core *core, struct hostnet_uplink *uplink_out)
{
    const struct core_config *config = &core->config;

    *uplink_out = (struct hostnet_uplink){.address = core->addr.gateway,
                                          .prefix_len = config->prefix_len,
                                          .mtu = UPLINK_MTU,
                                          .mac = {0x02}};
    memcpy(uplink_out->mac + 1, config->mark + 1, sizeof(uplink_out->mac) - 1);
    snprintf(uplink_out->ifname, sizeof(uplink_out->ifname), "%s", config->uplink_ifname);
}

/* The uplink of an adopted chaos-iod has ended with it. */
static const char *on_iod_starting(void *arg)
{
    static char text[HOSTNET_TEXT_MAX];
    struct core *core = arg;
    struct hostnet_uplink uplink;

    if (core->uplink_fd >= 0)
        return NULL;
    describe_uplink(core, &uplink);
    if (core->hostnet->ops->uplink_up(core->hostnet, &uplink, &core->uplink_fd, text) < 0)
        return text;
    core->iod.config.uplink_fd = core->uplink_fd;
    return NULL;
}

static int init_network(struct core *core, struct error *error)
{
    const struct core_config *config = &core->config;
    struct hostnet_uplink uplink;
    char text[HOSTNET_TEXT_MAX] = "";
    int rc = addr_pool_init(&core->addr, config->network, config->prefix_len);

    if (rc == -EINVAL)
        return error_set(error, UKVM_E_CONFIG,
                         "network: needs a prefix length of 12 to 29 and no bits behind it");
    if (rc < 0)
        return error_from_errno(error, -rc, "address pool");
    describe_uplink(core, &uplink);
    memcpy(core->uplink_mac.octet, uplink.mac, sizeof(uplink.mac));
    rc = core->hostnet->ops->uplink_up(core->hostnet, &uplink, &core->uplink_fd, text);
    if (rc == -EBUSY && iod_find(&core->iod))
        rc = core->hostnet->ops->uplink_adopt(core->hostnet, &uplink, text);
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
                                .uplink_fd = -1};

    return iod_init(&core->iod, &config);
}

static void tell_uplink(struct core *core)
{
    struct iod_config *config = &core->iod.config;

    config->uplink_fd = core->uplink_fd;
    config->uplink_ip = core->addr.gateway;
    memcpy(config->uplink_mac, core->uplink_mac.octet, sizeof(config->uplink_mac));
}

static int init_channels(struct core *core)
{
    int fd = core->hv->ops->events_fd(core->hv);

    if (fd < 0)
        return fd;
    core->channels =
        core->loop->ops->watch_create(core->loop, fd, LOOP_READ, on_channel_event, core);
    return core->channels == NULL ? -ENOMEM : 0;
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
    definitions_init(core);
    events_init(&core->events, config->events, config->events_size);

    int rc = death_init(core);
    if (rc == 0)
        rc = destroy_init(core);
    if (rc == 0)
        rc = trim_init(core);
    if (rc == 0)
        rc = pool_init(core);
    if (rc == 0)
        rc = init_channels(core);
    if (rc < 0)
        return error_from_errno(error, -rc, "event loop");
    rc = death_listen(core, error);
    if (rc < 0)
        return rc;
    rc = init_iod(core);
    if (rc < 0)
        return error_from_errno(error, -rc, "chaos-iod");
    rc = init_network(core, error);
    if (rc < 0)
        return rc;
    tell_uplink(core);
    rc = definitions_load(core, error);
    return rc < 0 ? rc : adopt_begin(core, error);
}

void core_start(struct core *core)
{
    iod_start(&core->iod);
}

/* ---- ending ------------------------------------------------------------------------- */

/* Of what would be an orphan, not of those who stay. */
static bool nothing_ends(const struct core *core)
{
    LIST_FOR_EACH(node, &core->guests.all)
    if (guest_state(LIST_OWNER(node, struct guest, all)) == GUEST_GONE)
        return false;
    return true;
}

void core_on_released(struct core *core)
{
    if (!core->stopping || !list_empty(&core->creates))
        return;
    if (core->leaving ? list_empty(&core->builds) && nothing_ends(core)
                      : list_empty(&core->guests.all))
        core->config.on_stopped(core->config.arg);
}

void core_leave(struct core *core)
{
    if (core->stopping)
        return;
    core->stopping = true;
    core->leaving = true;
    pool_stop(&core->pool);
    create_abort_all(core);
    LIST_FOR_EACH(node, &core->guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        verb_shutdown_abandon(guest);
        dump_abandon(guest);
        mem_set_abandon(guest);
        hotnet_abandon(guest);
    }
    wait_abandon_all(core);
    core_on_released(core);
}

void core_stop(struct core *core)
{
    if (core->stopping)
        return;
    core->stopping = true;
    pool_stop(&core->pool);
    create_abort_all(core);
    definitions_stop(core);
    /* By domain id: each call takes one guest out of this list, and may free it. */
    while (core->guests.domid_count > 0) {
        struct guest *guest = core->guests.by_domid[core->guests.domid_count - 1];
        guest->cause = "chaosd was told to end, with all guests";
        destroy_guest(guest, NULL);
    }
    core_on_released(core);
}

static void let_go(struct core *core)
{
    LIST_FOR_EACH(node, &core->guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        dump_forget(guest);
        mem_set_forget(guest);
        devices_let_go(guest);
        for (unsigned i = 0; i < guest->vif_count; i++)
            addr_mac_free(&core->addr, &guest->vif[i].mac);
    }
}

void core_fini(struct core *core)
{
    iod_fini(&core->iod);
    wait_abandon_all(core);
    create_forget_all(core);
    definitions_fini(core);
    let_go(core);
    if (core->channels != NULL)
        core->loop->ops->watch_destroy(core->channels);
    core->channels = NULL;
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
