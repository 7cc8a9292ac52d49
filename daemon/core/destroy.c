/* The end of a guest, in the order it happens. */
#include "core/destroy.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/create.h"
#include "core/definition.h"
#include "core/devices.h"
#include "core/dump.h"
#include "core/hotnet.h"
#include "core/mem_set.h"
#include "core/pool.h"
#include "core/verbs.h"
#include "core/vif_address.h"
#include "util/log.h"

#define MS          UINT64_C(1000000)

/* Between looks at a dying domain; doubles. */
#define REAP_MIN_NS (1 * MS)
#define REAP_MAX_NS (128 * MS)

static void reap(struct guest *guest);

/* ---- at once ------------------------------------------------------------------------ */

static void forget_tombstone(struct guest *guest)
{
    if (!list_linked(&guest->tombstone))
        return;
    list_remove(&guest->tombstone);
    guest->core->tombstone_count--;
}

static void free_guest(struct guest *guest)
{
    guest_table_remove(&guest->core->guests, guest);
    guest_destroy(guest);
}

void destroy_guest(struct guest *guest, struct destroy_waiter *waiter)
{
    struct core *core = guest->core;
    const char *cause = guest->cause;

    if (guest->create != NULL) {
        if (waiter != NULL)
            list_append(&guest->release_waiters, &waiter->node);
        if (guest->definition != NULL)
            guest->definition->ceases = true;
        /* Comes back here once the creator has let go. */
        create_abort(guest->create, UKVM_E_GUEST_FAILED, "%s: destroyed before it was ready",
                     guest->name);
        return;
    }
    /* Who waited for its shutdown is answered: that takes it out of that state for a moment. */
    guest->untold = true;
    verb_shutdown_ended(guest);
    hotnet_ended(guest);
    pool_forget(guest);
    forget_tombstone(guest);
    guest_table_hide(&core->guests, guest);
    /* First: of one that was killed in between the next chaosd finds a guest, and starts none. */
    definition_release(guest);
    store_remove(guest);
    guest_move_for(guest, GUEST_GONE, cause);
    if (guest_hold(guest) == GUEST_RELEASED) {
        free_guest(guest);
        if (waiter != NULL)
            waiter->done(waiter);
        core_on_released(core);
        return;
    }
    if (waiter != NULL)
        list_append(&guest->release_waiters, &waiter->node);
    if (guest_hold(guest) == GUEST_HELD)
        destroy_release(guest);
}

static void free_addresses(struct guest *guest)
{
    for (unsigned i = 0; i < guest->vif_count; i++)
        vif_address_free(guest->core, &guest->vif[i]);
}

static void stop_timers(const struct guest *guest)
{
    const struct loop_ops *ops = guest->core->loop->ops;

    if (guest->control.exit_timer != NULL)
        ops->timer_cancel(guest->control.exit_timer);
    if (guest->control.throttle_timer != NULL)
        ops->timer_cancel(guest->control.throttle_timer);
}

/*
 * Its addresses may be given to another guest from now on: chaos-iod gets messages in order, so it
 * hears of the old one's end before it hears of the new one.
 */
void destroy_release(struct guest *guest)
{
    guest_move_hold(guest, GUEST_DETACHING);
    dump_abort(guest);
    mem_set_abort(guest);
    trim_cancel(guest);
    stop_timers(guest);
    devices_unpublish(guest);
    free_addresses(guest);
    iod_detach(&guest->core->iod, guest);
}

/* ---- when chaos-iod has let go ------------------------------------------------------ */

static void destroy_domain(struct guest *guest)
{
    struct hv *hv = guest->core->hv;
    int rc = hv->ops->domain_destroy(hv, guest->domid);

    if (rc < 0 && rc != -ESRCH)
        log_error("%s: domain %u cannot be destroyed: %s; trying again", guest_label(guest),
                  guest->domid, strerror(-rc));
}

void destroy_on_detached(struct guest *guest)
{
    devices_let_go(guest);
    guest_move_hold(guest, GUEST_DYING);
    reap(guest);
}

/* ---- when Xen has taken it apart ---------------------------------------------------- */

static void released(struct guest *guest)
{
    struct core *core = guest->core;
    struct list waiters;

    list_remove(&guest->dying);
    list_move_all(&guest->release_waiters, &waiters);
    guest_move_hold(guest, GUEST_RELEASED);
    log_debug("%s: released", guest_label(guest));
    if (guest_state(guest) == GUEST_GONE)
        free_guest(guest);
    while (!list_empty(&waiters)) {
        struct destroy_waiter *waiter = LIST_OWNER(waiters.next, struct destroy_waiter, node);
        list_remove(&waiter->node);
        waiter->done(waiter);
    }
    core_on_released(core);
}

/* Whether Xen still knows the domain; it may know another by that id. */
static bool domain_is_left(const struct guest *guest, struct hv_domain_info *info)
{
    struct hv *hv = guest->core->hv;
    int count;

    if (guest->domid == GUEST_NO_DOMID)
        return false;
    count = hv->ops->domain_list(hv, guest->domid, info, 1);
    if (count < 0) {
        info->dying = true;
        return true;
    }
    return count == 1 && guest_domain_is(info, guest->domid, guest->uuid);
}

static void reap(struct guest *guest)
{
    struct reaper *reaper = &guest->core->reaper;
    struct hv_domain_info info;
    bool is_left = domain_is_left(guest, &info);

    /* Looked at before it is destroyed: the id may be another domain's by now. */
    if (is_left && !info.dying) {
        destroy_domain(guest);
        is_left = domain_is_left(guest, &info);
    }
    if (!is_left) {
        released(guest);
        return;
    }
    if (list_linked(&guest->dying))
        return;
    list_append(&reaper->dying, &guest->dying);
    reaper->delay_ns = REAP_MIN_NS;
    guest->core->loop->ops->timer_set(reaper->timer, reaper->delay_ns);
}

static void on_timer(void *arg)
{
    struct core *core = arg;
    struct reaper *reaper = &core->reaper;

    LIST_FOR_EACH(node, &reaper->dying)
    reap(LIST_OWNER(node, struct guest, dying));
    if (list_empty(&reaper->dying))
        return;
    reaper->delay_ns = reaper->delay_ns * 2 < REAP_MAX_NS ? reaper->delay_ns * 2 : REAP_MAX_NS;
    core->loop->ops->timer_set(reaper->timer, reaper->delay_ns);
}

int destroy_init(struct core *core)
{
    list_init(&core->reaper.dying);
    core->reaper.timer = core->loop->ops->timer_create(core->loop, on_timer, core);
    return core->reaper.timer == NULL ? -ENOMEM : 0;
}

void destroy_fini(struct core *core)
{
    if (core->reaper.timer != NULL)
        core->loop->ops->timer_destroy(core->reaper.timer);
    core->reaper.timer = NULL;
}
