#include "core/trim.h"

#include <errno.h>

#include "core/core.h"
#include "util/log.h"

#define MS          UINT64_C(1000000)

/* Long enough that a client which creates one guest after another does not wait for trims. */
#define IDLE_NS     (20 * MS)
/* An untrimmed guest holds 1 MiB of Xen's memory: so many may wait for a quiet moment. */
#define WAITING_MAX 64u

static void trim_first(struct core *core)
{
    struct guest *guest = LIST_OWNER(core->trim.waiting.next, struct guest, trim);
    struct hv_domain_params params;

    trim_cancel(guest);
    guest_domain_params(guest, &params);
    int rc = core->hv->ops->domain_trim(core->hv, guest->domid, &params);
    if (rc < 0)
        log_debug("%s: trim: errno %d", guest_label(guest), -rc);
    guest->untrimmed = false;
    store_refresh(guest);
}

/* One at a time, so that a request that has come meanwhile is served in between. */
static void on_timer(void *arg)
{
    struct core *core = arg;

    if (list_empty(&core->trim.waiting))
        return;
    if (!list_empty(&core->creates)) {
        core->loop->ops->timer_set(core->trim.timer, IDLE_NS);
        return;
    }
    trim_first(core);
    if (!list_empty(&core->trim.waiting))
        core->loop->ops->timer_set(core->trim.timer, 0);
}

int trim_init(struct core *core)
{
    core->trim = (struct trim){0};
    list_init(&core->trim.waiting);
    core->trim.timer = core->loop->ops->timer_create(core->loop, on_timer, core);
    return core->trim.timer == NULL ? -ENOMEM : 0;
}

void trim_fini(struct core *core)
{
    if (core->trim.timer != NULL)
        core->loop->ops->timer_destroy(core->trim.timer);
    core->trim.timer = NULL;
}

void trim_later(struct guest *guest)
{
    struct trim *trim = &guest->core->trim;

    list_append(&trim->waiting, &guest->trim);
    if (++trim->count > WAITING_MAX)
        trim_first(guest->core);
    guest->core->loop->ops->timer_set(trim->timer, IDLE_NS);
}

void trim_cancel(struct guest *guest)
{
    if (!list_linked(&guest->trim))
        return;
    list_remove(&guest->trim);
    guest->core->trim.count--;
}
