/* core/death_watch: how soon it is noticed that guests have ended, and what looking for it costs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "util/keyval.h"

#define US        UINT64_C(1000)
#define IDLE_MAX  1500u
#define BATCH     64u
#define LIST_NAME "domain_list"

static struct rig rig;
static struct guest_spec spec;

static struct guest *idle[IDLE_MAX];
static unsigned idle_count;

/* What the hook on lists of domains counts and does. */
static struct {
    uint64_t each_ns; /* of one domain */
    uint64_t spent_ns;
    unsigned lists;   /* of more than one domain asked for, as far as can be seen */
    unsigned longest; /* domains in one list */
    unsigned turns;   /* of the loop since the first */
    int turn_fd;
    void (*then)(unsigned list);
} seen;

static void on_list(void *arg, unsigned domains)
{
    (void)arg;
    loop_fake_pass(rig.loop, seen.each_ns * domains);
    seen.spent_ns += seen.each_ns * domains;
    seen.lists += domains > 1;
    if (idle_count > 0)
        hv_fake_calls_reset(rig.hv); /* they would grow long */
    if (domains > seen.longest)
        seen.longest = domains;
    if (seen.turn_fd >= 0)
        ck_assert_int_eq(eventfd_write(seen.turn_fd, 1), 0);
    if (domains > 1 && seen.then != NULL)
        seen.then(seen.lists);
}

static void look_back(uint64_t each_ns)
{
    memset(&seen, 0, sizeof(seen));
    seen.turn_fd = -1;
    seen.each_ns = each_ns;
    hv_fake_on_list(rig.hv, on_list, NULL);
}

static void setup(void)
{
    rig_init(&rig);
    spec = rig_spec("web");
    look_back(0);
}

static void teardown(void)
{
    hv_fake_on_list(rig.hv, NULL, NULL);
    rig_fini(&rig);
}

static void restart(enum death_virq virq, const char *xenstored)
{
    rig.config.virq = virq;
    rig.config.xenstored = xenstored;
    rig_kill(&rig);
    rig_restart(&rig);
}

static struct guest *boot(const char *name)
{
    snprintf(spec.name, sizeof(spec.name), "%s", name);
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_ptr_nonnull(guest);
    return guest;
}

static bool is_crashed(const char *name)
{
    const struct guest *guest = rig_find(&rig, name);
    return guest != NULL && guest_state(guest) == GUEST_CRASHED;
}

static void crash(const char *name)
{
    hv_fake_guest_shutdown(rig.hv, rig_find(&rig, name)->domid, HV_SHUTDOWN_CRASH);
}

/* ---- guests without much, for numbers ------------------------------------------------ */

static void add_idle(unsigned count)
{
    struct hv *hv = hv_fake_port(rig.hv);
    struct guest_spec plain = rig_spec("idle");

    plain.vif_count = 0;
    for (idle_count = 0; idle_count < count; idle_count++) {
        struct hv_domain_params params;
        snprintf(plain.name, sizeof(plain.name), "idle-%u", idle_count);
        struct guest *guest = guest_create(&rig.core, &plain, 0);
        guest_domain_params(guest, &params);
        ck_assert_int_eq(hv->ops->domain_create(hv, &params, &guest->domid), 0);
        ck_assert_int_eq(guest_table_add(&rig.core.guests, guest), 0);
        ck_assert_int_eq(guest_table_add_domid(&rig.core.guests, guest), 0);
        idle[idle_count] = guest;
    }
}

static void remove_idle(void)
{
    hv_fake_on_list(rig.hv, NULL, NULL);
    while (idle_count > 0)
        destroy_guest(idle[--idle_count], NULL);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
}

/* ---- whose the event is -------------------------------------------------------------- */

START_TEST(with_the_event_a_crash_is_noticed_at_once)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    ck_assert(hv_fake_has_virq(rig.hv));
    boot("web");
    boot("other");
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    crash("web");
    loop_fake_run(rig.loop);
    ck_assert(is_crashed("web"));
    /* Its domain's destruction has raised the event again, and hidden nothing. */
    crash("other");
    loop_fake_advance(rig.loop, 5 * RIG_MS);
    ck_assert(is_crashed("other"));
}
END_TEST

START_TEST(a_domain_that_vanishes_raises_it_too)
{
    restart(DEATH_VIRQ_TAKE, "it runs");
    struct guest *guest = boot("web");
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    hv_fake_port(rig.hv)->ops->domain_destroy(hv_fake_port(rig.hv), guest->domid);
    loop_fake_run(rig.loop);
    ck_assert(is_crashed("web"));
}
END_TEST

START_TEST(what_xenstored_needs_is_left_to_it)
{
    restart(DEATH_VIRQ_AUTO, "it runs");
    ck_assert(!hv_fake_has_virq(rig.hv));
    boot("web");
    crash("web");
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert(is_crashed("web"));
    restart(DEATH_VIRQ_NEVER, NULL);
    ck_assert(!hv_fake_has_virq(rig.hv));
}
END_TEST

START_TEST(auto_does_without_an_event_that_another_has)
{
    hv_fake_fail(rig.hv, "death_events", 1, EEXIST);
    restart(DEATH_VIRQ_AUTO, NULL);
    ck_assert(hv_fake_failed(rig.hv));
    boot("web");
    crash("web");
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert(is_crashed("web"));
}
END_TEST

static void refuse(int errnum, enum ukvm_error_code code, const char *says)
{
    struct error error;

    rig_kill(&rig);
    rig.config.virq = DEATH_VIRQ_TAKE;
    ck_assert_int_eq(keyval_open(rig.store_path, &rig.store), 0);
    rig.config.store = rig.store;
    hv_fake_fail(rig.hv, "death_events", 1, errnum);
    ck_assert_int_eq(core_init(&rig.core, &rig.config, &error), -(int)code);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(strstr(error.text, says) != NULL, "%s", error.text);
}

START_TEST(take_says_who_is_in_the_way)
{
    refuse(EEXIST, UKVM_E_CONFIG, "as xenstored does: stop it, or set virq = auto");
    refuse(EACCES, UKVM_E_INTERNAL, "cannot be had: Permission denied");
    restart(DEATH_VIRQ_NEVER, NULL);
}
END_TEST

START_TEST(what_ended_while_nobody_listened_is_found)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    boot("web");
    rig_kill(&rig);
    ck_assert(!hv_fake_has_virq(rig.hv));
    hv_fake_guest_shutdown(rig.hv, 1, HV_SHUTDOWN_CRASH);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, 1 * RIG_MS);
    ck_assert(is_crashed("web"));
}
END_TEST

/* ---- an event that does not come ------------------------------------------------------ */

START_TEST(an_event_that_is_silent_is_not_relied_on)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    boot("one");
    boot("two");
    boot("three");
    boot("four");
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    hv_fake_silence(rig.hv, true);
    crash("one");
    loop_fake_advance(rig.loop, 5000 * RIG_MS);
    ck_assert(is_crashed("one"));
    /* When the next pass is due, the event has had its time. */
    loop_fake_advance(rig.loop, 5000 * RIG_MS);
    crash("two");
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert(is_crashed("two"));
    /* It is there again. */
    hv_fake_silence(rig.hv, false);
    crash("three");
    loop_fake_advance(rig.loop, 5 * RIG_MS);
    ck_assert(is_crashed("three"));
    look_back(0);
    loop_fake_advance(rig.loop, 4000 * RIG_MS);
    ck_assert_uint_le(seen.lists, 2);
}
END_TEST

START_TEST(an_event_that_cannot_be_unmasked_is_not_relied_on)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    boot("one");
    boot("two");
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    hv_fake_fail(rig.hv, "port_unmask", 1, EINVAL);
    crash("one");
    loop_fake_run(rig.loop);
    ck_assert(is_crashed("one"));
    crash("two");
    loop_fake_advance(rig.loop, 110 * RIG_MS);
    ck_assert(is_crashed("two"));
}
END_TEST

/* ---- what it costs ---------------------------------------------------------------------- */

START_TEST(with_the_event_one_rarely_looks)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    boot("web");
    loop_fake_advance(rig.loop, 5000 * RIG_MS);
    hv_fake_calls_reset(rig.hv);
    loop_fake_advance(rig.loop, 20000 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, LIST_NAME), 4);
}
END_TEST

START_TEST(without_guests_an_event_is_no_reason_to_look)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    hv_fake_calls_reset(rig.hv);
    hv_fake_raise_virq(rig.hv);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, LIST_NAME), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "port_unmask"), 1);
    ck_assert_uint_eq(loop_fake_armed(rig.loop), 0);
}
END_TEST

/* Somebody's domains end all the time. */
static uint64_t storm(unsigned guests, uint64_t each_ns)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    add_idle(guests);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    look_back(each_ns);
    for (unsigned i = 0; i < 10000; i++) {
        hv_fake_raise_virq(rig.hv);
        loop_fake_advance(rig.loop, 100 * US);
    }
    uint64_t spent_ns = seen.spent_ns;
    ck_assert_uint_gt(seen.lists, 0);
    remove_idle();
    return spent_ns;
}

START_TEST(a_storm_of_events_costs_a_bounded_share)
{
    /* Of a second and more: time passes while one looks, too. */
    ck_assert_uint_le(storm(100, 1 * US), 1000 * RIG_MS / 16);
    ck_assert_uint_le(storm(1000, 2 * US), 1200 * RIG_MS / 16);
}
END_TEST

/* Returns what looking costs in 10 s, and in how many passes. */
static uint64_t look_for_10_s(unsigned guests, uint64_t each_ns, unsigned *passes_out)
{
    add_idle(guests);
    death_watch(&rig.core);
    look_back(each_ns);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    uint64_t spent_ns = seen.spent_ns;
    unsigned lists = seen.lists;
    loop_fake_advance(rig.loop, 10000 * RIG_MS);
    spent_ns = seen.spent_ns - spent_ns;
    *passes_out = (seen.lists - lists) / ((guests + BATCH - 1) / BATCH);
    remove_idle();
    return spent_ns;
}

START_TEST(the_period_is_100_ms_for_up_to_1000_guests)
{
    unsigned passes;

    look_for_10_s(1000, 2 * US, &passes);
    ck_assert_uint_ge(passes, 97);
}
END_TEST

START_TEST(with_more_guests_looking_takes_less_than_1_percent)
{
    unsigned passes;

    ck_assert_uint_lt(look_for_10_s(1500, 2 * US, &passes), 10000 * RIG_MS / 100);
    ck_assert_uint_ge(passes, 29);
    /* However slow it is, there is a bound on how late it gets. */
    look_for_10_s(1500, 100 * US, &passes);
    ck_assert_uint_ge(passes, 4);
    /* Up to the longest period that is affordable at 100 ms. */
    look_for_10_s(1500, US / 10, &passes);
    ck_assert_uint_ge(passes, 97);
}
END_TEST

/* ---- in batches ------------------------------------------------------------------------- */

static void on_turn(void *arg, int fd, unsigned ready)
{
    eventfd_t count;

    (void)arg;
    (void)ready;
    ck_assert_int_eq(eventfd_read(fd, &count), 0);
    ck_assert_uint_eq(count, 1); /* since the last turn */
    seen.turns++;
}

START_TEST(others_get_a_turn_after_each_batch)
{
    add_idle(300);
    loop_fake_advance(rig.loop, 1 * RIG_MS);
    look_back(0);
    seen.turn_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct loop_watch *watch =
        rig.loop->ops->watch_create(rig.loop, seen.turn_fd, LOOP_READ, on_turn, NULL);
    death_look_soon(&rig.core);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(seen.turns, 5);
    ck_assert_uint_eq(seen.longest, BATCH);
    rig.loop->ops->watch_destroy(watch);
    close(seen.turn_fd);
    remove_idle();
}
END_TEST

static uint32_t early, late;

static void destroy_both(unsigned list)
{
    struct hv *hv = hv_fake_port(rig.hv);

    if (list != 1)
        return;
    hv->ops->domain_destroy(hv, early);
    hv->ops->domain_destroy(hv, late);
}

START_TEST(what_changes_between_batches_is_judged_right)
{
    char name[16];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        boot(name);
    }
    early = rig_find(&rig, "g3")->domid;
    late = rig_find(&rig, "g80")->domid;
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    look_back(0);
    seen.then = destroy_both;
    /* This pass was at g3 when it was there, and the next sees it. */
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert(!is_crashed("g3"));
    ck_assert(is_crashed("g80"));
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert(is_crashed("g3"));
    ck_assert_uint_eq(rig.core.tombstone_count, 2);
}
END_TEST

START_TEST(a_list_without_them_is_looked_into_in_batches)
{
    char name[16];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        boot(name);
    }
    loop_fake_advance(rig.loop, 50 * RIG_MS);
    hv_fake_list_nothing(rig.hv, true);
    death_look_soon(&rig.core);
    hv_fake_calls_reset(rig.hv);
    look_back(1 * RIG_MS);
    /* The first turn: one list, and as many looks as a batch has. */
    loop_fake_advance(rig.loop, 1 * RIG_MS);
    ck_assert_uint_ge(hv_fake_count(rig.hv, LIST_NAME), 1 + BATCH);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_ge(hv_fake_count(rig.hv, LIST_NAME), 2 + 100);
    ck_assert_uint_eq(rig.core.tombstone_count, 0);
    hv_fake_list_nothing(rig.hv, false);
}
END_TEST

/* ---- a clean exit ------------------------------------------------------------------------ */

START_TEST(one_that_says_it_exits_is_looked_at_alone)
{
    restart(DEATH_VIRQ_AUTO, "it runs");
    add_idle(200);
    struct guest *guest = boot("web");
    loop_fake_advance(rig.loop, 1 * RIG_MS);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    look_back(0);
    loop_fake_advance(rig.loop, 30 * RIG_MS);
    ck_assert_uint_eq(seen.lists, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 5 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    remove_idle();
}
END_TEST

START_TEST(one_that_says_so_and_runs_on_costs_little)
{
    restart(DEATH_VIRQ_AUTO, NULL);
    struct guest *guest = boot("web");
    loop_fake_advance(rig.loop, 1 * RIG_MS);
    hv_fake_calls_reset(rig.hv);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    loop_fake_advance(rig.loop, 4900 * RIG_MS);
    ck_assert_uint_le(hv_fake_count(rig.hv, LIST_NAME), 24);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert(is_crashed("web"));
    ck_assert_str_eq(rig_find(&rig, "web")->reason, "it said it was exiting, and ran on");
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "death_watch", setup, teardown, with_the_event_a_crash_is_noticed_at_once,
        a_domain_that_vanishes_raises_it_too, what_xenstored_needs_is_left_to_it,
        auto_does_without_an_event_that_another_has, take_says_who_is_in_the_way,
        what_ended_while_nobody_listened_is_found, an_event_that_is_silent_is_not_relied_on,
        an_event_that_cannot_be_unmasked_is_not_relied_on, with_the_event_one_rarely_looks,
        without_guests_an_event_is_no_reason_to_look, a_storm_of_events_costs_a_bounded_share,
        the_period_is_100_ms_for_up_to_1000_guests,
        with_more_guests_looking_takes_less_than_1_percent, others_get_a_turn_after_each_batch,
        what_changes_between_batches_is_judged_right, a_list_without_them_is_looked_into_in_batches,
        one_that_says_it_exits_is_looked_at_alone, one_that_says_so_and_runs_on_costs_little);
}
