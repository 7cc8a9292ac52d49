/* Noticing that guests have ended, in the order of what is tried: Xen's event, looks at all. */
#include <errno.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "core/death.h"
#include "util/log.h"

#define MS            UINT64_C(1000000)

/* Domains looked at, and ends judged, before others get their turn. */
#define BATCH         64u

/* Between passes when nothing tells us; with more guests as much longer as a pass costs. */
#define PERIOD_NS     (100 * MS)
#define PERIOD_GUESTS 1000u
#define PERIOD_COSTS  110u /* a pass takes less than 1 % of the time */
#define PERIOD_MAX_NS (2000 * MS)
/* When Xen tells us: for what it did not. */
#define RARELY_NS     (5000 * MS)
/* Below this a timer that is some milliseconds late is too late. */
#define EXACT_NS      (10 * MS)
/* Between a pass and one for an event: domains that are taken apart raise it, too. */
#define EVENT_GAP_NS  (2 * MS)
#define EVENT_COSTS   15u
/* A chaosd has started. */
#define FIRST_NS      (1 * MS)

static struct hv *hv_of(const struct core *core)
{
    return core->hv;
}

static uint64_t max_ns(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

static uint64_t min_ns(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* ---- one of them -------------------------------------------------------------------- */

/* Asked for by itself: a list that is wrong, whyever, must not cost all guests their lives. */
static bool is_gone(struct core *core, const struct guest *guest)
{
    struct hv_domain_info info;
    int count = hv_of(core)->ops->domain_list(hv_of(core), guest->domid, &info, 1);

    if (count <= 0)
        return count == 0;
    if (!guest_domain_is(&info, guest->domid, guest->uuid) || info.dying)
        return true;
    log_warning("domain %u was wrong in the list of domains, and is there", guest->domid);
    return false;
}

/* What becomes of its domain matters. */
static bool is_watched(const struct guest *guest)
{
    enum guest_state state = guest_state(guest);

    return state == GUEST_SHELL || guest_alive(guest) ||
           (guest_hold(guest) == GUEST_HELD && state != GUEST_CREATING);
}

static void vanished(struct core *core, struct guest *guest)
{
    core->death.found += guest_alive(guest);
    death_vanished(guest);
}

static void judge(struct core *core, const struct hv_domain_info *info)
{
    struct guest *guest = guest_table_by_domid(&core->guests, info->domid);

    if (guest == NULL || !is_watched(guest))
        return;
    if (info->dying || !guest_domain_is(info, guest->domid, guest->uuid)) {
        if (is_gone(core, guest))
            vanished(core, guest);
        return;
    }
    if (!info->shutdown || !guest_alive(guest))
        return;
    core->death.found++;
    /* Its last words. They may end it, too. */
    control_read(guest);
    if (guest_table_by_domid(&core->guests, info->domid) == guest && guest_alive(guest))
        death_stopped(guest, info->reason);
}

bool death_look_at(struct guest *guest)
{
    struct core *core = guest->core;
    uint32_t domid = guest->domid;
    struct hv_domain_info info;
    int count = hv_of(core)->ops->domain_list(hv_of(core), domid, &info, 1);

    /* One that is not in the list is found by the next pass. */
    if (count > 0 && info.domid == domid)
        judge(core, &info);
    return guest_table_by_domid(&core->guests, domid) == guest && guest_alive(guest);
}

/* ---- all of them -------------------------------------------------------------------- */

/*
 * Those of ours with ids in [next_domid, end) are not in Xen's list. Moves next_domid on. False:
 * there are more, but these were enough for one turn.
 */
static bool judge_missing(struct core *core, uint32_t end, unsigned *looks)
{
    struct guest_table *guests = &core->guests;

    for (;;) {
        size_t at = guest_table_from_domid(guests, core->death.next_domid);
        if (at == guests->domid_count || guests->by_domid[at]->domid >= end)
            return true;
        struct guest *guest = guests->by_domid[at];
        if (is_watched(guest) && (*looks)-- == 0)
            return false;
        core->death.next_domid = guest->domid + 1;
        if (is_watched(guest) && is_gone(core, guest))
            vanished(core, guest);
    }
}

/*
 * Guests come and go between batches: those with ids that were passed are looked at next time, the
 * others when it is their turn. Returns whether there are more.
 */
static bool look_at_batch(struct core *core)
{
    struct hv_domain_info infos[BATCH];
    unsigned looks = BATCH;
    int count = hv_of(core)->ops->domain_list(hv_of(core), core->death.next_domid, infos, BATCH);

    if (count < 0) {
        log_warning("domains cannot be listed: %s", strerror(-count));
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (!judge_missing(core, infos[i].domid, &looks))
            return true;
        judge(core, &infos[i]);
        core->death.next_domid = infos[i].domid + 1;
    }
    return count == BATCH || !judge_missing(core, UINT32_MAX, &looks);
}

static uint64_t period_ns(const struct core *core)
{
    const struct death *death = &core->death;
    uint64_t fair_ns = min_ns(death->cost_ns * PERIOD_COSTS, PERIOD_MAX_NS);

    if (death->port.n != 0 && !death->silent)
        return RARELY_NS;
    return core->guests.domid_count <= PERIOD_GUESTS ? PERIOD_NS : max_ns(PERIOD_NS, fair_ns);
}

/* What passes for events may take of the time is bounded, whoever makes domains end. */
static uint64_t event_gap_ns(const struct core *core)
{
    return max_ns(EVENT_GAP_NS, min_ns(core->death.cost_ns * EVENT_COSTS, PERIOD_MAX_NS));
}

static void arm(struct core *core, uint64_t delay_ns)
{
    core->death.waiting = true;
    core->death.due_ns = core_now_ns(core) + delay_ns;
    if (delay_ns < EXACT_NS)
        core->loop->ops->timer_set_exact(core->death.timer, delay_ns);
    else
        core->loop->ops->timer_set(core->death.timer, delay_ns);
}

static void arm_sooner(struct core *core, uint64_t delay_ns)
{
    if (!core->death.waiting || core->death.due_ns > core_now_ns(core) + delay_ns)
        arm(core, delay_ns);
}

static void end_pass(struct core *core)
{
    struct death *death = &core->death;

    death->passing = false;
    death->cost_ns = death->spent_ns;
    death->ended_ns = core_now_ns(core);
    if (!death->told)
        death->unheard += death->found;
    if (core->guests.domid_count > 0)
        arm(core, death->again ? event_gap_ns(core) : period_ns(core));
    else
        core->loop->ops->timer_cancel(death->timer);
}

static void go_on(struct core *core)
{
    uint64_t from_ns = core_now_ns(core);
    bool more = look_at_batch(core);

    core->death.spent_ns += core_now_ns(core) - from_ns;
    if (more)
        core->loop->ops->timer_set(core->death.timer, 0);
    else
        end_pass(core);
}

static void begin_pass(struct core *core)
{
    struct death *death = &core->death;

    death->waiting = false;
    death->passing = true;
    death->told = death->again;
    death->again = false;
    death->found = 0;
    death->next_domid = 1; /* 0 is this dom0 */
    death->spent_ns = 0;
    go_on(core);
}

/* The event of an end that a pass has found may still come; when the next is due it has had time.
 */
static void doubt_event(struct core *core)
{
    struct death *death = &core->death;

    if (death->port.n == 0 || death->silent || death->unheard == 0)
        return;
    death->silent = true;
    log_warning("Xen does not tell that domains end, though chaosd has its event "
                "(VIRQ_DOM_EXC): looking at all of them every %u ms",
                (unsigned)(PERIOD_NS / MS));
}

static void on_timer(void *arg)
{
    struct core *core = arg;

    if (core->death.passing) {
        go_on(core);
    } else {
        doubt_event(core);
        begin_pass(core);
    }
}

/* ---- when --------------------------------------------------------------------------- */

void death_watch(struct core *core)
{
    if (!core->death.waiting && !core->death.passing)
        arm(core, period_ns(core));
}

void death_look_soon(struct core *core)
{
    if (core->death.passing)
        core->death.again = true;
    else
        arm_sooner(core, FIRST_NS);
}

void death_on_event(struct core *core)
{
    struct death *death = &core->death;
    uint64_t next_ns = death->ended_ns + event_gap_ns(core), now_ns = core_now_ns(core);
    int rc = hv_of(core)->ops->port_unmask(hv_of(core), death->port);

    /* Before the domains are looked at: what ends from now on raises it again. */
    death->silent = rc < 0;
    if (rc < 0)
        log_warning("Xen's event of ends of domains cannot be unmasked: %s", strerror(-rc));
    death->unheard = 0;
    death->again = core->guests.domid_count > 0;
    death->told = true;
    if (death->passing)
        return;
    if (core->guests.domid_count > 0 && now_ns >= next_ns)
        begin_pass(core);
    else if (core->guests.domid_count > 0)
        arm_sooner(core, next_ns - now_ns);
}

/* ---- beginning and end -------------------------------------------------------------- */

static int not_ours(struct error *error, int rc)
{
    if (rc == -EEXIST)
        return error_set(error, UKVM_E_CONFIG,
                         "virq = take: another program has Xen's event of ends of domains "
                         "(VIRQ_DOM_EXC), as xenstored does: stop it, or set virq = auto");
    return error_set(error, UKVM_E_INTERNAL,
                     "virq = take: Xen's event of ends of domains cannot be had: %s",
                     strerror(-rc));
}

int death_listen(struct core *core, struct error *error)
{
    const struct core_config *config = &core->config;
    const char *why = config->xenstored;
    int rc;

    if (config->virq == DEATH_VIRQ_NEVER)
        return 0;
    if (config->virq == DEATH_VIRQ_TAKE || why == NULL) {
        rc = hv_of(core)->ops->death_events(hv_of(core), &core->death.port);
        if (rc == 0) {
            log_info("Xen tells chaosd when domains end (VIRQ_DOM_EXC)");
            return 0;
        }
        if (config->virq == DEATH_VIRQ_TAKE)
            return not_ours(error, rc);
        why = rc == -EEXIST ? "another program has it" : strerror(-rc);
    }
    log_info("Xen's event of ends of domains is not taken (%s): looking at all of them every %u ms",
             why, (unsigned)(PERIOD_NS / MS));
    return 0;
}

int death_init(struct core *core)
{
    core->death = (struct death){0};
    core->death.timer = core->loop->ops->timer_create(core->loop, on_timer, core);
    if (core->death.timer == NULL)
        return -ENOMEM;
    /* What it takes to be exact is had now, not when descriptors are short. */
    core->loop->ops->timer_set_exact(core->death.timer, FIRST_NS);
    core->loop->ops->timer_cancel(core->death.timer);
    return 0;
}

void death_fini(struct core *core)
{
    if (core->death.port.n != 0)
        hv_of(core)->ops->port_unbind(hv_of(core), core->death.port);
    core->death.port.n = 0;
    if (core->death.timer != NULL)
        core->loop->ops->timer_destroy(core->death.timer);
    core->death.timer = NULL;
}
