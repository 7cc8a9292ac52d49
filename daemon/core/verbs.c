#include "core/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "core/destroy.h"
#include "noxs/access.h"
#include "util/log.h"

/* Somebody who waits for a guest to stop. */
struct shutdown {
    struct list node;
    struct guest *guest;
    struct loop_timer *timer;
    uint64_t timeout_ns;
    bool force;
    verb_done_fn *done;
    void *arg;
};

static int bad_state(const struct guest *guest, struct error *error, const char *what)
{
    return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; %s", guest->name, guest_state_name(guest),
                     what);
}

/* It stands still, or must. */
static int being_dumped(const struct guest *guest, struct error *error)
{
    return error_set(error, UKVM_E_BAD_STATE, "%s: is being dumped; try again when that is done",
                     guest->name);
}

int verb_pause(struct guest *guest, struct error *error)
{
    struct hv *hv = guest->core->hv;
    enum guest_state state = guest_state(guest);

    if (state != GUEST_RUNNING && state != GUEST_BOOTING)
        return bad_state(guest, error, "only a running guest can be paused");
    if (guest->dump != NULL)
        return being_dumped(guest, error);
    /* First: a paused guest that never ran and is not recorded as paused would be taken for one
       that was not yet built. */
    int rc = store_save(guest, STORE_PAUSED);
    if (rc == 0)
        rc = hv->ops->domain_pause(hv, guest->domid);
    if (rc < 0)
        return error_from_errno(error, -rc, "pause");
    guest_move(guest, GUEST_PAUSED);
    return 0;
}

int verb_unpause(struct guest *guest, struct error *error)
{
    struct hv *hv = guest->core->hv;

    if (guest_state(guest) != GUEST_PAUSED)
        return bad_state(guest, error, "only a paused guest can be unpaused");
    if (guest->dump != NULL)
        return being_dumped(guest, error);
    int rc = hv->ops->domain_unpause(hv, guest->domid);
    if (rc < 0)
        return error_from_errno(error, -rc, "unpause");
    guest_move(guest, guest_live_state(guest));
    store_refresh(guest);
    return 0;
}

/* ---- shutdown ----------------------------------------------------------------------- */

static void shutdown_free(struct shutdown *shutdown)
{
    list_remove(&shutdown->node);
    if (shutdown->timer != NULL)
        shutdown->guest->core->loop->ops->timer_destroy(shutdown->timer);
    free(shutdown);
}

/* Ends one wait, and the state, for that cause, when it was the last. */
static void answer(struct shutdown *shutdown, const struct error *error, const char *cause)
{
    struct guest *guest = shutdown->guest;
    verb_done_fn *done = shutdown->done;
    void *arg = shutdown->arg;

    shutdown_free(shutdown);
    if (list_empty(&guest->shutdowns) && guest_state(guest) == GUEST_SHUTTING_DOWN)
        guest_move_for(guest, guest_live_state(guest), cause);
    done(arg, error);
}

static void on_deadline(void *arg)
{
    struct shutdown *shutdown = arg;
    struct guest *guest = shutdown->guest;
    struct error error;

    if (shutdown->force) {
        /* Answers this wait and all others. */
        guest->cause = "did not power off in time";
        destroy_guest(guest, NULL);
        return;
    }
    error_set(&error, UKVM_E_TIMEOUT,
              "%s: did not stop within %u ms, and runs on; --force destroys it", guest->name,
              (unsigned)(shutdown->timeout_ns / 1000000));
    answer(shutdown, &error, "did not power off in time");
}

static struct shutdown *shutdown_create(struct guest *guest)
{
    struct loop *loop = guest->core->loop;
    struct shutdown *shutdown = calloc(1, sizeof(*shutdown));

    if (shutdown == NULL)
        return NULL;
    shutdown->guest = guest;
    shutdown->timer = loop->ops->timer_create(loop, on_deadline, shutdown);
    if (shutdown->timer == NULL) {
        free(shutdown);
        return NULL;
    }
    list_append(&guest->shutdowns, &shutdown->node);
    return shutdown;
}

static int ask(struct guest *guest, uint32_t what, struct error *error)
{
    if (guest_state(guest) == GUEST_SHUTTING_DOWN) {
        if (noxs_low(guest->control.request) == what)
            return 0;
        return bad_state(guest, error, "it was asked for the other of poweroff and reboot");
    }
    int rc = control_request(guest, what);
    if (rc < 0)
        return error_from_errno(error, -rc, "shutdown");
    guest_move(guest, GUEST_SHUTTING_DOWN);
    return 0;
}

int verb_shutdown(struct guest *guest, uint32_t what, uint64_t timeout_ns, bool force,
                  verb_done_fn *done, void *arg, struct error *error)
{
    enum guest_state state = guest_state(guest);

    if (state == GUEST_PAUSED)
        return bad_state(guest, error, "unpause it first");
    if (!guest_alive(guest))
        return bad_state(guest, error, "it does not run");
    struct shutdown *shutdown = shutdown_create(guest);
    if (shutdown == NULL)
        return error_from_errno(error, ENOMEM, "shutdown");
    int rc = ask(guest, what, error);
    if (rc < 0) {
        shutdown_free(shutdown);
        return rc;
    }
    shutdown->timeout_ns = timeout_ns;
    shutdown->force = force;
    shutdown->done = done;
    shutdown->arg = arg;
    guest->core->loop->ops->timer_set(shutdown->timer, timeout_ns);
    return 0;
}

void verb_shutdown_ended(struct guest *guest)
{
    struct error error = {0};

    if (guest_state(guest) == GUEST_CRASHED)
        error_set(&error, UKVM_E_GUEST_FAILED, "%s: did not stop as asked: %s", guest->name,
                  guest->reason);
    while (!list_empty(&guest->shutdowns))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): an answer takes its shutdown off the list */
        answer(LIST_OWNER(guest->shutdowns.next, struct shutdown, node),
               error.code != 0 ? &error : NULL, NULL);
}

void verb_shutdown_abandon(struct guest *guest)
{
    struct error error;

    error_set(&error, UKVM_E_NO_DAEMON, "%s: chaosd is stopping; the guest was asked to stop",
              guest->name);
    while (!list_empty(&guest->shutdowns))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): an answer takes its shutdown off the list */
        answer(LIST_OWNER(guest->shutdowns.next, struct shutdown, node), &error,
               "chaosd is stopping");
}

void verb_shutdown_refused(struct guest *guest, const char *why)
{
    struct error error;

    error_set(&error, UKVM_E_BAD_STATE, "%s: does not stop as asked: %s; destroy it instead",
              guest->name, why);
    LIST_FOR_EACH(node, &guest->shutdowns)
    {
        struct shutdown *shutdown = LIST_OWNER(node, struct shutdown, node);
        /* With force it is destroyed at the deadline. */
        if (!shutdown->force)
            answer(shutdown, &error, "does not power off");
    }
}
