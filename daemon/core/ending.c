#include "core/ending.h"

#include "core/core.h"
#include "core/core_file.h"
#include "core/create.h"
#include "core/definition.h"
#include "core/dump.h"
#include "core/hotnet.h"
#include "core/mem_set.h"
#include "core/verbs.h"
#include "util/fd.h"
#include "util/log.h"

/* ---- records of crashes ------------------------------------------------------------- */

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
        ending_bury(surplus);
    destroy_release(guest);
    definition_release(guest);
    store_refresh(guest);
}

void ending_restore(struct guest *guest)
{
    keep_record(guest);
}

void ending_bury(struct guest *guest)
{
    guest->cause = "its record made room";
    destroy_guest(guest, NULL);
}

/* ---- policies ----------------------------------------------------------------------- */

static void follow(struct guest *guest, enum spec_policy policy)
{
    if (policy == SPEC_PRESERVE) {
        store_refresh(guest);
        return;
    }
    if (spec_policy_restarts(policy) && definition_again(guest))
        return;
    if (guest_state(guest) == GUEST_STOPPED)
        destroy_guest(guest, NULL);
    else
        keep_record(guest);
}

/* ---- core dumps --------------------------------------------------------------------- */

static void on_dumped(void *arg, const struct error *error)
{
    struct guest *guest = arg;

    if (error != NULL) {
        log_warning("%s: %s", guest->name, error->text);
        core_file_remove(guest);
    }
    /* Somebody has destroyed it meanwhile; or the next chaosd begins its dump anew. */
    if (guest_hold(guest) == GUEST_HELD && !guest->core->leaving)
        follow(guest, guest->policy);
}

/* False: there is none, and its policy goes on. Until it is there the store has what was before:
   the next chaosd begins it anew. */
static bool dump(struct guest *guest)
{
    struct error error;
    int fd = core_file_create(guest, &error);
    int rc = fd < 0 ? fd : dump_begin(guest, fd, on_dumped, guest, &error);

    if (rc < 0 && fd >= 0)
        core_file_remove(guest);
    fd_close(&fd);
    if (rc < 0)
        log_warning("%s: no core dump: %s", guest->name, error.text);
    return rc >= 0;
}

void ending(struct guest *guest, enum guest_state state, const char *reason,
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
    mem_set_abort(guest);
    hotnet_ended(guest);
    guest->policy = definition_is_asked(guest) ? SPEC_RESTART : policy;
    if (!spec_policy_dumps(guest->policy) || !dump(guest))
        follow(guest, guest->policy);
}
