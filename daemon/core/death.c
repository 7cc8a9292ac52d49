#include "core/death.h"

#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/ending.h"
#include "core/pool.h"
#include "util/log.h"

/* ---- how one ends ------------------------------------------------------------------- */

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
    ending(guest, GUEST_CRASHED, reason, guest->on_crash);
}

static void on_poweroff(struct guest *guest)
{
    char reason[GUEST_REASON_MAX];

    if (guest->control.exit_code == 0)
        snprintf(reason, sizeof(reason), "powered off");
    else
        snprintf(reason, sizeof(reason), "exited with code %u", guest->control.exit_code);
    ending(guest, GUEST_STOPPED, reason, guest->on_poweroff);
}

static void on_guest_crash(struct guest *guest)
{
    const char *reason = guest->create != NULL ? "crashed" : "crashed; its console may say why";

    ending(guest, GUEST_CRASHED, reason, guest->on_crash);
}

void death_stopped(struct guest *guest, enum hv_shutdown_reason why)
{
    switch (why) {
    case HV_SHUTDOWN_NONE:
    case HV_SHUTDOWN_POWEROFF:
        on_poweroff(guest);
        break;
    case HV_SHUTDOWN_REBOOT:
        ending(guest, GUEST_STOPPED, "asked for a reboot", guest->on_reboot);
        break;
    case HV_SHUTDOWN_SUSPEND:
        ending(guest, GUEST_CRASHED, "suspended itself, which is not supported", guest->on_crash);
        break;
    case HV_SHUTDOWN_CRASH:
        on_guest_crash(guest);
        break;
    case HV_SHUTDOWN_OTHER:
        ending(guest, GUEST_CRASHED, "stopped for an unknown reason", guest->on_crash);
        break;
    }
}

void death_vanished(struct guest *guest)
{
    if (guest_state(guest) == GUEST_SHELL)
        pool_lost(guest, "its domain was destroyed by someone else");
    else if (guest_alive(guest))
        ending(guest, GUEST_CRASHED, "its domain was destroyed by someone else", SPEC_DESTROY);
    else if (guest_hold(guest) == GUEST_HELD && guest_state(guest) != GUEST_CREATING)
        destroy_guest(guest, NULL);
}
