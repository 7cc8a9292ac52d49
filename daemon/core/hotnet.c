#include "core/hotnet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "core/devices.h"
#include "core/policy.h"
#include "core/vif_address.h"
#include "noxs/access.h"
#include "util/fd.h"
#include "util/log.h"

/* An interface that comes or goes: one at a time of a guest. */
struct hotnet {
    struct guest *guest;
    unsigned index;
    uint32_t seq; /* of the request that the guest has not answered; 0: none */
    struct loop_timer *timer;
    uint64_t timeout_ns;
    struct error error;   /* code 0, or why an attach is undone */
    const char *forced;   /* of a detach: static text */
    hotnet_done_fn *done; /* NULL: nobody waits */
    void *arg;
};

static struct guest_vif *vif_of(const struct hotnet *hotnet)
{
    return &hotnet->guest->vif[hotnet->index];
}

static void on_deadline(void *arg);

static struct hotnet *begin(struct guest *guest, unsigned index,
                            const struct hotnet_request *request)
{
    struct loop *loop = guest->core->loop;
    struct hotnet *hotnet = calloc(1, sizeof(*hotnet));

    if (hotnet == NULL)
        return NULL;
    *hotnet = (struct hotnet){.guest = guest, .index = index, .forced = ""};
    if (request != NULL) {
        hotnet->timeout_ns = request->timeout_ns;
        hotnet->done = request->done;
        hotnet->arg = request->arg;
    }
    hotnet->timer = loop->ops->timer_create(loop, on_deadline, hotnet);
    if (hotnet->timer == NULL) {
        free(hotnet);
        return NULL;
    }
    guest->hotnet = hotnet;
    return hotnet;
}

static void end(struct hotnet *hotnet)
{
    struct guest *guest = hotnet->guest;

    guest->hotnet = NULL;
    guest->core->loop->ops->timer_destroy(hotnet->timer);
    free(hotnet);
}

/* Ends it, and answers who waits. */
static void finish(struct hotnet *hotnet, const struct error *error)
{
    const struct hotnet_result result = {
        .guest = hotnet->guest, .index = hotnet->index, .forced = hotnet->forced};
    struct error copy = error != NULL ? *error : (struct error){0};
    hotnet_done_fn *done = hotnet->done;
    void *arg = hotnet->arg;

    end(hotnet);
    if (done != NULL)
        done(arg, copy.code != 0 ? &copy : NULL, copy.code != 0 ? NULL : &result);
}

/* ---- the device table --------------------------------------------------------------- */

/* Write the interface's entry as its state says: the slot is empty before its words change. */
static void write_entry(struct guest *guest, unsigned index)
{
    struct noxs_page *page = guest->control.page;
    struct noxs_device *slot = &page->device[LAYOUT_NET_SLOT + index];
    struct noxs_device entry = {0};

    entry.generation = guest->vif[index].generation = ++guest->generation;
    if (guest_vif_is_in_table(&guest->vif[index]))
        layout_fill_vif(&entry, guest, index);
    uint8_t type = entry.type;
    entry.type = NOXS_DEV_NONE;
    __atomic_store_n(&slot->type, NOXS_DEV_NONE, __ATOMIC_RELAXED);
    /* Orders the empty type before what is behind it. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *slot = entry;
    __atomic_store_n(&slot->type, type, __ATOMIC_RELEASE);
    noxs_write32(&page->generation, guest->generation);
}

/* Its own word, read once; it protects nobody but the guest. */
static bool guest_has_it_open(const struct guest *guest, unsigned index)
{
    return noxs_read32(&guest->control.page->device_guest_state[LAYOUT_NET_SLOT + index]) ==
           NOXS_DEV_STATE_OPEN;
}

/* ---- taking an interface away ------------------------------------------------------- */

/* Nobody uses it any more: its addresses are free. */
static void drop(struct guest *guest, unsigned index)
{
    struct guest_vif *vif = &guest->vif[index];

    devices_unpublish_vif(guest, index);
    vif_address_free(guest->core, vif);
    fd_close(&vif->tap_fd);
    free(vif->publish);
    *vif = (struct guest_vif){.sm = vif->sm, .generation = vif->generation, .tap_fd = -1};
    guest_vif_move(guest, index, GUEST_VIF_ABSENT);
    store_refresh(guest);
}

static void leave(struct hotnet *hotnet)
{
    struct guest *guest = hotnet->guest;

    devices_unpublish_vif(guest, hotnet->index);
    guest_vif_move(guest, hotnet->index, GUEST_VIF_LEAVING);
    /* Comes back in hotnet_on_iod. */
    iod_change_vif(&guest->core->iod, guest, hotnet->index);
}

/* The guest was shown it, and may have it open: it is told, and not waited for. */
static void withdraw(struct hotnet *hotnet)
{
    struct guest *guest = hotnet->guest;

    devices_unpublish_vif(guest, hotnet->index);
    guest_vif_move(guest, hotnet->index, GUEST_VIF_LEAVING);
    write_entry(guest, hotnet->index);
    control_request(guest, NOXS_OP_DEVICE_CHANGE);
    iod_change_vif(&guest->core->iod, guest, hotnet->index);
}

/* ---- asking the guest --------------------------------------------------------------- */

static void on_opened(struct hotnet *hotnet)
{
    guest_vif_move(hotnet->guest, hotnet->index, GUEST_VIF_UP);
    store_refresh(hotnet->guest);
    finish(hotnet, NULL);
}

static void on_offer_answered(struct hotnet *hotnet, uint32_t status)
{
    const struct guest *guest = hotnet->guest;
    struct error *error = &hotnet->error;

    if (status == NOXS_ACK_UNSUPPORTED)
        error_set(error, UKVM_E_NOT_SUPPORTED,
                  "%s: its image does not support network interfaces that come while it runs",
                  guest->name);
    else if (status == NOXS_ACK_REFUSED)
        error_set(error, UKVM_E_BAD_STATE, "%s: the guest refused the interface", guest->name);
    else if (!guest_has_it_open(guest, hotnet->index))
        error_set(error, UKVM_E_BAD_STATE,
                  "%s: the guest said that it has looked, and did not open the interface",
                  guest->name);
    if (error->code != 0)
        withdraw(hotnet);
    else
        on_opened(hotnet);
}

static void on_detach_answered(struct hotnet *hotnet, uint32_t status)
{
    if (status == NOXS_ACK_UNSUPPORTED)
        hotnet->forced = "its image does not support it";
    else if (status == NOXS_ACK_REFUSED)
        hotnet->forced = "it refused";
    else if (guest_has_it_open(hotnet->guest, hotnet->index))
        hotnet->forced = "it said that it has looked, and kept it open";
    leave(hotnet);
}

void hotnet_acked(struct guest *guest, uint32_t seq, uint32_t status)
{
    struct hotnet *hotnet = guest->hotnet;

    if (hotnet == NULL || hotnet->seq == 0 || hotnet->seq != seq)
        return;
    hotnet->seq = 0;
    guest->core->loop->ops->timer_cancel(hotnet->timer);
    if (guest_vif_state(vif_of(hotnet)) == GUEST_VIF_OFFERED)
        on_offer_answered(hotnet, status);
    else
        on_detach_answered(hotnet, status);
}

static void on_deadline(void *arg)
{
    struct hotnet *hotnet = arg;

    hotnet->seq = 0;
    if (guest_vif_state(vif_of(hotnet)) == GUEST_VIF_OFFERED) {
        error_set(&hotnet->error, UKVM_E_TIMEOUT,
                  "%s: did not take the interface within %u ms; it was taken back",
                  hotnet->guest->name, (unsigned)(hotnet->timeout_ns / 1000000));
        withdraw(hotnet);
    } else {
        hotnet->forced = "it did not answer in time";
        leave(hotnet);
    }
}

static void ask(struct hotnet *hotnet)
{
    struct guest *guest = hotnet->guest;
    int rc;

    write_entry(guest, hotnet->index);
    rc = control_request(guest, NOXS_OP_DEVICE_CHANGE);
    hotnet->seq = noxs_high(guest->control.request);
    /* Who cannot be rung may look by itself, or not. */
    if (rc < 0)
        log_warning("%s: cannot be rung: %s", guest->name, strerror(-rc));
    guest->core->loop->ops->timer_set(hotnet->timer, hotnet->timeout_ns);
}

/* ---- attach ------------------------------------------------------------------------- */

static int bad_state(const struct guest *guest, struct error *error, const char *what)
{
    return error_set(error, UKVM_E_BAD_STATE, "%s: %s", guest->name, what);
}

static int check_guest(const struct guest *guest, struct error *error)
{
    if (guest_state(guest) != GUEST_RUNNING)
        return error_set(error, UKVM_E_BAD_STATE,
                         "%s: is %s; only the interfaces of a running guest can be changed",
                         guest->name, guest_state_name(guest));
    if (guest->hotnet != NULL || guest->io.change != GUEST_IO_CHANGE_NONE)
        return bad_state(guest, error,
                         "another interface of it is just being attached or detached; try again");
    return 0;
}

static int find_free(const struct guest *guest, unsigned *index_out, struct error *error)
{
    unsigned i = 0;

    while (i < guest->vif_count && guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT)
        i++;
    if (i == LIMIT_VIFS)
        return limit_reached(error, LIMIT_ID_VIFS);
    /* It would write into rings that are another interface's by now. */
    if (guest_has_it_open(guest, i))
        return bad_state(guest, error,
                         "the guest has not let go of the interface that it had in this place");
    *index_out = i;
    return 0;
}

static int share_frames(const struct guest *guest, unsigned index, struct error *error)
{
    struct hv *hv = guest->core->hv;
    const struct layout *layout = &guest->layout;
    bool hot = layout->vif[index].hot;
    const struct hv_share share = {
        .gfn = {layout_vif_gfn(layout, index)},
        .pages = layout_vif_pages(layout, index),
        /* Those of the window are granted, and mapped. */
        .gref = {hot ? layout_vif_gref(layout, index) : 0},
        .limit_pages = layout->ram_pages + (uint64_t)LIMIT_VIFS * NOXS_HOT_PAGES,
    };
    int rc = hv->ops->frames_share(hv, guest->domid, &share);

    if (rc < 0)
        return error_set(error, rc == -ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL,
                         "%s: memory for the interface: %s", guest->name, strerror(-rc));
    return 0;
}

static int open_tap(struct guest *guest, struct error *error)
{
    char text[HOSTNET_TEXT_MAX] = "";
    int rc = devices_open_taps(guest, text);

    if (rc < 0)
        return error_set(error, rc == -ENODEV ? UKVM_E_CONFIG : UKVM_E_INTERNAL, "%s: %s",
                         guest->name, text);
    return 0;
}

/* All that it takes but chaos-iod and the guest. */
static int prepare(struct guest *guest, unsigned index, const struct spec_vif *spec,
                   struct error *error)
{
    const struct vif_address_request request = {
        .core = guest->core, .label = guest->name, .is_cold = true};
    struct guest_vif *vif = &guest->vif[index];
    int rc = vif_address_take(&request, vif, spec, error);

    if (rc == 0 && guest_vif_publish(vif, spec) < 0)
        rc = error_from_errno(error, ENOMEM, "publish");
    if (rc == 0)
        rc = open_tap(guest, error);
    if (rc == 0)
        rc = share_frames(guest, index, error);
    if (rc < 0)
        return rc;
    /* Before chaos-iod hears of it: a later chaosd must know what to take away. */
    rc = store_save(guest, STORE_GUEST);
    return rc < 0 ? error_from_errno(error, -rc, "the guest cannot be recorded") : 0;
}

int hotnet_attach(struct guest *guest, const struct spec_vif *spec,
                  const struct hotnet_request *request, struct error *error)
{
    unsigned index = 0;
    int rc = check_guest(guest, error);

    if (rc == 0)
        rc = spec_check_vif(spec, error);
    if (rc == 0)
        rc = policy_check_vif(guest, spec, request->caller, error);
    if (rc == 0)
        rc = find_free(guest, &index, error);
    if (rc < 0)
        return rc;
    struct hotnet *hotnet = begin(guest, index, request);
    if (hotnet == NULL)
        return error_from_errno(error, ENOMEM, "net-attach");
    guest_vif_init(guest, index, spec, GUEST_VIF_JOINING);
    if (index == guest->vif_count)
        guest->vif_count++;
    rc = prepare(guest, index, spec, error);
    if (rc < 0) {
        drop(guest, index);
        end(hotnet);
        return rc;
    }
    iod_change_vif(&guest->core->iod, guest, index);
    return 0;
}

/* chaos-iod serves it. */
static void offer(struct hotnet *hotnet)
{
    struct guest *guest = hotnet->guest;
    char text[HOSTNET_TEXT_MAX] = "";
    int rc = devices_publish(guest, text);

    if (rc < 0) {
        error_set(&hotnet->error, rc == -EADDRINUSE ? UKVM_E_ADDRESS_IN_USE : UKVM_E_INTERNAL,
                  "%s: %s", guest->name, text);
        leave(hotnet);
        return;
    }
    guest_vif_move(guest, hotnet->index, GUEST_VIF_OFFERED);
    ask(hotnet);
}

static void on_joined(struct hotnet *hotnet, int status, const char *text)
{
    struct guest *guest = hotnet->guest;

    if (status == 0) {
        offer(hotnet);
        return;
    }
    error_set(&hotnet->error, UKVM_E_INTERNAL, "%s: chaos-iod: %s", guest->name, text);
    drop(guest, hotnet->index);
    finish(hotnet, &hotnet->error);
}

void hotnet_on_iod(struct guest *guest, int status, const char *text)
{
    struct hotnet *hotnet = guest->hotnet;

    /* The guest has ended meanwhile; its interface goes with the rest. */
    if (hotnet == NULL)
        return;
    if (guest_vif_state(vif_of(hotnet)) == GUEST_VIF_JOINING) {
        on_joined(hotnet, status, text);
        return;
    }
    drop(guest, hotnet->index);
    finish(hotnet, hotnet->error.code != 0 ? &hotnet->error : NULL);
}

/* ---- detach ------------------------------------------------------------------------- */

int hotnet_find(const struct guest *guest, const uint8_t mac[6], unsigned *index_out,
                struct error *error)
{
    char text[ADDR_TEXT_MAX];

    for (unsigned i = 0; i < guest->vif_count; i++) {
        if (guest_vif_state(&guest->vif[i]) == GUEST_VIF_ABSENT ||
            memcmp(guest->vif[i].mac.octet, mac, sizeof(guest->vif[i].mac.octet)) != 0)
            continue;
        *index_out = i;
        return 0;
    }
    addr_format_mac(mac, text);
    return error_set(error, UKVM_E_BAD_STATE, "%s: has no interface with MAC %s", guest->name,
                     text);
}

int hotnet_detach(struct guest *guest, unsigned index, const struct hotnet_request *request,
                  struct error *error)
{
    int rc = check_guest(guest, error);

    if (rc < 0)
        return rc;
    /* One that is neither UP nor ABSENT would be another's just now. */
    if (index >= guest->vif_count || guest_vif_state(&guest->vif[index]) != GUEST_VIF_UP)
        return error_set(error, UKVM_E_BAD_STATE, "%s: has no interface %u", guest->name, index);
    struct hotnet *hotnet = begin(guest, index, request);
    if (hotnet == NULL)
        return error_from_errno(error, ENOMEM, "net-detach");
    guest_vif_move(guest, index, GUEST_VIF_ASKED);
    ask(hotnet);
    return 0;
}

/* ---- what ends it from outside ------------------------------------------------------ */

void hotnet_ended(struct guest *guest)
{
    struct error error;

    if (guest->hotnet == NULL)
        return;
    error_set(&error, UKVM_E_GUEST_FAILED, "%s: has ended: %s", guest->name,
              guest->reason[0] != '\0' ? guest->reason : "destroyed");
    finish(guest->hotnet, &error);
}

void hotnet_abandon(struct guest *guest)
{
    struct error error;

    if (guest->hotnet == NULL)
        return;
    error_set(&error, UKVM_E_NO_DAEMON,
              "%s: chaosd is stopping; the next one will detach this interface", guest->name);
    finish(guest->hotnet, &error);
}

void hotnet_forget(struct guest *guest)
{
    if (guest->hotnet != NULL)
        end(guest->hotnet);
}

void hotnet_resume(struct guest *guest)
{
    for (unsigned i = 0; i < guest->vif_count; i++) {
        if (guest_vif_state(&guest->vif[i]) != GUEST_VIF_LEAVING || !guest_alive(guest) ||
            guest->hotnet != NULL)
            continue;
        if (begin(guest, i, NULL) == NULL) {
            log_warning("%s: out of memory: interface %u stays as it is", guest->name, i);
            continue;
        }
        log_info("%s: interface %u was being attached or detached: it is detached", guest->name, i);
        write_entry(guest, i);
        control_request(guest, NOXS_OP_DEVICE_CHANGE);
        iod_change_vif(&guest->core->iod, guest, i);
    }
}
