#include "core/death.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "core/create.h"
#include "core/hotnet.h"
#include "core/pool.h"
#include "core/verbs.h"
#include "util/log.h"

#define MS          UINT64_C(1000000)

#define PERIOD_NS   (100 * MS)
#define EXPECTED_NS (1 * MS) /* before the first look at a guest that says it stops */
#define BATCH       64

/* ---- what follows ------------------------------------------------------------------- */

/* The oldest record of a user who has more than their share, or NULL. */
static struct guest *surplus_record(const struct core *core, uid_t owner)
{
    struct guest *oldest = NULL;
    unsigned count = 0;

    LIST_FOR_EACH(node, &core->tombstones)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, tombstone);
        if (guest->owner != owner)
            continue;
        if (count++ == 0)
            oldest = guest;
    }
    return owner != 0 && count > LIMIT_USER_TOMBSTONES ? oldest : NULL;
}

/* One user's crashes push out that user's records before those of others. */
static void keep_record(struct guest *guest)
{
    struct core *core = guest->core;

    list_append(&core->tombstones, &guest->tombstone);
    core->tombstone_count++;
    struct guest *surplus = surplus_record(core, guest->owner);
    if (surplus == NULL && core->tombstone_count > LIMIT_TOMBSTONES)
        surplus = LIST_OWNER(core->tombstones.next, struct guest, tombstone);
    if (surplus != NULL)
        death_bury(surplus);
    destroy_release(guest);
    store_refresh(guest);
}

/* The guest's last instruction was executed. */
static void end(struct guest *guest, enum guest_state state, const char *reason,
                enum spec_policy policy)
{
    guest_set_reason(guest, reason);
    log_info("%s: %s", guest->name, guest->reason);
    if (guest->create != NULL) {
        create_abort(guest->create, UKVM_E_GUEST_FAILED,
                     "%s: stopped before it was ready: %s ('chaos logs %s' shows what it printed)",
                     guest->name, guest->reason, guest->name);
        return;
    }
    guest_move(guest, state);
    verb_shutdown_ended(guest);
    hotnet_ended(guest);
    if (policy == SPEC_PRESERVE) {
        store_refresh(guest);
        return;
    }
    if (state == GUEST_STOPPED)
        destroy_guest(guest, NULL);
    else
        keep_record(guest);
}

void death_restore(struct guest *guest)
{
    keep_record(guest);
}

void death_bury(struct guest *guest)
{
    destroy_guest(guest, NULL);
}

void death_crash(struct guest *guest, const char *reason)
{
    struct hv *hv = guest->core->hv;

    if (guest_state(guest) == GUEST_SHELL) {
        pool_lost(guest, reason);
        return;
    }
    if (!guest_alive(guest))
        return;
    int rc = hv->ops->domain_shutdown(hv, guest->domid, HV_SHUTDOWN_CRASH);
    if (rc < 0)
        log_warning("%s: cannot be stopped: %s", guest->name, strerror(-rc));
    end(guest, GUEST_CRASHED, reason, guest->on_crash);
}

static void on_poweroff(struct guest *guest)
{
    char reason[GUEST_REASON_MAX];

    if (guest->control.exit_code == 0)
        snprintf(reason, sizeof(reason), "powered off");
    else
        snprintf(reason, sizeof(reason), "exited with code %u", guest->control.exit_code);
    end(guest, GUEST_STOPPED, reason, guest->on_poweroff);
}

static void on_guest_crash(struct guest *guest)
{
    const char *reason = guest->create != NULL ? "crashed" : "crashed; its console may say why";

    end(guest, GUEST_CRASHED, reason, guest->on_crash);
}

static void on_shutdown(struct guest *guest, enum hv_shutdown_reason why)
{
    switch (why) {
    case HV_SHUTDOWN_NONE:
    case HV_SHUTDOWN_POWEROFF:
        on_poweroff(guest);
        break;
    case HV_SHUTDOWN_REBOOT:
        end(guest, GUEST_STOPPED, "asked for a reboot", guest->on_reboot);
        break;
    case HV_SHUTDOWN_SUSPEND:
        end(guest, GUEST_CRASHED, "suspended itself, which is not supported", guest->on_crash);
        break;
    case HV_SHUTDOWN_CRASH:
        on_guest_crash(guest);
        break;
    case HV_SHUTDOWN_OTHER:
        end(guest, GUEST_CRASHED, "stopped for an unknown reason", guest->on_crash);
        break;
    }
}

void death_vanished(struct guest *guest)
{
    if (guest_state(guest) == GUEST_SHELL)
        pool_lost(guest, "its domain was destroyed by someone else");
    else if (guest_alive(guest))
        end(guest, GUEST_CRASHED, "its domain was destroyed by someone else", SPEC_DESTROY);
    else if (guest_hold(guest) == GUEST_HELD && guest_state(guest) != GUEST_CREATING)
        destroy_guest(guest, NULL);
}

/* ---- looking ------------------------------------------------------------------------ */

static bool is_of(const struct guest *guest, const struct hv_domain_info *info)
{
    return info->domid == guest->domid && !info->dying &&
           memcmp(info->uuid, guest->uuid, sizeof(guest->uuid)) == 0;
}

/* Asked for by itself: a list that is wrong, whyever, must not cost all guests their lives. */
static bool is_gone(struct core *core, const struct guest *guest)
{
    struct hv_domain_info info;
    int count = core->hv->ops->domain_list(core->hv, guest->domid, &info, 1);

    if (count <= 0 || !is_of(guest, &info))
        return count >= 0;
    log_warning("domain %u was wrong in the list of domains, and is there", guest->domid);
    return false;
}

static void judge(struct core *core, const struct hv_domain_info *info)
{
    struct guest *guest = guest_table_by_domid(&core->guests, info->domid);

    if (guest == NULL)
        return;
    if (!is_of(guest, info)) {
        if (is_gone(core, guest))
            death_vanished(guest);
        return;
    }
    if (!info->shutdown || !guest_alive(guest))
        return;
    /* Its last words. They may end it, too. */
    control_read(guest);
    if (guest_table_by_domid(&core->guests, info->domid) == guest && guest_alive(guest))
        on_shutdown(guest, info->reason);
}

/* Ours with ids in [first, end) are not in Xen's list. */
static void judge_missing(struct core *core, uint32_t first, uint32_t end_domid)
{
    struct guest_table *guests = &core->guests;

    for (uint32_t domid = first;;) {
        size_t at = guest_table_from_domid(guests, domid);
        if (at == guests->domid_count || guests->by_domid[at]->domid >= end_domid)
            return;
        struct guest *guest = guests->by_domid[at];
        domid = guest->domid + 1;
        if (is_gone(core, guest))
            death_vanished(guest);
    }
}

static void scan(struct core *core)
{
    struct hv_domain_info infos[BATCH];
    uint32_t first = 1; /* 0 is this dom0 */
    int count;

    do {
        count = core->hv->ops->domain_list(core->hv, first, infos, BATCH);
        if (count < 0) {
            log_warning("domains cannot be listed: %s", strerror(-count));
            return;
        }
        for (int i = 0; i < count; i++) {
            judge_missing(core, first, infos[i].domid);
            judge(core, &infos[i]);
            first = infos[i].domid + 1;
        }
    } while (count == BATCH);
    judge_missing(core, first, UINT32_MAX);
}

static void arm(struct core *core, uint64_t delay_ns)
{
    core->death.delay_ns = delay_ns;
    core->loop->ops->timer_set(core->death.timer, delay_ns);
}

static void on_timer(void *arg)
{
    struct core *core = arg;
    uint64_t next_ns = core->death.delay_ns * 2;

    scan(core);
    if (core->guests.domid_count == 0) {
        core->death.delay_ns = 0;
        return;
    }
    arm(core, next_ns < PERIOD_NS ? next_ns : PERIOD_NS);
}

int death_init(struct core *core)
{
    core->death = (struct death){0};
    core->death.timer = core->loop->ops->timer_create(core->loop, on_timer, core);
    return core->death.timer == NULL ? -ENOMEM : 0;
}

void death_fini(struct core *core)
{
    if (core->death.timer != NULL)
        core->loop->ops->timer_destroy(core->death.timer);
    core->death.timer = NULL;
}

void death_watch(struct core *core)
{
    if (core->death.delay_ns == 0)
        arm(core, PERIOD_NS);
}

void death_expect(struct core *core)
{
    arm(core, EXPECTED_NS);
}
