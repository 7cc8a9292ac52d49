#include "core/death.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/create.h"
#include "core/pool.h"
#include "core/verbs.h"
#include "util/log.h"

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

void death_stopped(struct guest *guest, enum hv_shutdown_reason why)
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
