/* core/events: what is told of a guest's life, and how it goes on in the next chaosd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

#define SECOND (1000 * RIG_MS)

static struct rig rig;
static struct error error;
static char text[8192];

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

/* All that is kept of a guest, an event a line; checks that its states are a chain. */
static const char *story(const char *name)
{
    const struct event_log *log = &rig.core.events.log;
    struct event_record record;
    char before[16] = "", cause[EVENTS_CAUSE_MAX];
    size_t length = 0;

    text[0] = '\0';
    for (uint64_t id = event_log_first(log); id <= event_log_last(log); id++) {
        ck_assert(event_log_read(log, id, &record));
        if (strcmp(record.name, name) != 0)
            continue;
        ck_assert_str_eq(record.kind, "state");
        /* A name may be another guest's after the end of the first. */
        if (strcmp(before, "gone") != 0)
            ck_assert_str_eq(record.from, before);
        memcpy(before, record.to, sizeof(before));
        events_cause(&record, cause);
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "%s: %s\n", record.to, cause);
    }
    return text;
}

#define STARTED "creating: created by uid 0\nbooting: started\nrunning: ready\n"

static void restart(void)
{
    rig_kill(&rig);
    rig_restart(&rig);
}

static void power_off(struct guest *guest)
{
    uint32_t domid = guest->domid;

    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, SECOND);
}

START_TEST(a_life_in_order)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    rig.core.events.asker = 1000;
    ck_assert_int_eq(verb_pause(guest, &error), 0);
    ck_assert_int_eq(verb_pause(guest, &error), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(verb_unpause(guest, &error), 0);
    rig.core.events.asker = EVENTS_NOBODY;
    power_off(guest);
    ck_assert_str_eq(story("web"), STARTED "paused: paused by uid 1000\n"
                                           "running: unpaused by uid 1000\n"
                                           "stopped: powered off\n"
                                           "gone: powered off\n");
}
END_TEST

START_TEST(a_record_says_who_and_when)
{
    const struct event_log *log = &rig.core.events.log;
    struct event_record record;
    rig.owner = 1234;
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert(event_log_read(log, event_log_last(log), &record));
    ck_assert_uint_eq(record.domid, guest->domid);
    ck_assert_uint_eq(record.owner, 1234);
    ck_assert_mem_eq(record.uuid, guest->uuid, 16);
    ck_assert_uint_eq(record.guest, guest->id);
    ck_assert_uint_eq(record.time_ns, guest->life.since_ns);
    /* The wall's clock is of the same distance for all. */
    uint64_t now_ns = core_now_ns(&rig.core);
    uint64_t wall_ns = events_wall_ns(&rig.core.events, record.time_ns, now_ns);
    ck_assert_uint_eq(events_wall_ns(&rig.core.events, record.time_ns + 5, now_ns), wall_ns + 5);
    ck_assert(event_log_read(log, event_log_first(log), &record));
    ck_assert_uint_eq(record.by, 1234);
}
END_TEST

START_TEST(ends_and_their_causes)
{
    struct guest_spec spec = rig_spec("keep");
    spec.on_crash = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    /* It crashes while somebody's request is served, and nobody asked for that. */
    rig.core.events.asker = 7;
    death_crash(guest, "control: it lied");
    destroy_guest(guest, NULL);
    rig.core.events.asker = EVENTS_NOBODY;
    ck_assert_str_eq(story("keep"), STARTED "crashed: control: it lied\n"
                                            "gone: destroyed by uid 7\n");
    guest = rig_boot_named(&rig, "exit");
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 3);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, SECOND);
    ck_assert_str_eq(story("exit"), STARTED "stopped: exited with code 3\n"
                                            "gone: exited with code 3\n");
    /* The record of a crash makes room for its successor. */
    guest = rig_boot_named(&rig, "again");
    death_crash(guest, "test");
    loop_fake_advance(rig.loop, SECOND);
    rig_boot_named(&rig, "again");
    ck_assert_str_eq(story("again"), STARTED "crashed: test\n"
                                             "gone: its record made room\n" STARTED);
}
END_TEST

static void ignore(void *arg, const struct error *why)
{
    (void)arg;
    (void)why;
}

START_TEST(a_shutdown_and_what_becomes_of_it)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_shutdown(guest, NOXS_OP_POWEROFF, 100 * RIG_MS, false, ignore, NULL, &error);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    verb_shutdown(guest, NOXS_OP_POWEROFF, 100 * RIG_MS, false, ignore, NULL, &error);
    struct noxs_page *page = rig_page(&rig, guest);
    noxs_write64(&page->ack, noxs_pair(noxs_high(page->request), NOXS_ACK_REFUSED));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    verb_shutdown(guest, NOXS_OP_POWEROFF, 100 * RIG_MS, true, ignore, NULL, &error);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_str_eq(story("web"), STARTED "shutting-down: asked to power off\n"
                                           "running: did not power off in time\n"
                                           "shutting-down: asked to power off\n"
                                           "running: does not power off\n"
                                           "shutting-down: asked to power off\n"
                                           "gone: did not power off in time\n");
}
END_TEST

START_TEST(a_create_that_fails_says_why)
{
    struct guest_spec spec = rig_spec("web");
    hv_fake_fail(rig.hv, "domain_populate", 1, ENOMEM);
    rig_create(&rig, &spec, true);
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_MEMORY);
    char want[512];
    snprintf(want, sizeof(want), "creating: created by uid 0\ngone: %.180s\n", rig.error.text);
    ck_assert_str_eq(story("web"), want);
}
END_TEST

START_TEST(shells_are_told_of_when_they_are_somebodys)
{
    rig.flavour = "memory=2 nics=1 target=2";
    restart();
    loop_fake_advance(rig.loop, 5 * SECOND);
    ck_assert_uint_eq(event_log_last(&rig.core.events.log) + 1,
                      event_log_first(&rig.core.events.log));
    rig_boot_named(&rig, "web");
    ck_assert_int_eq(rig.path, CREATE_CLAIM_SHELL);
    ck_assert_str_eq(story("web"), STARTED);
    ck_assert_str_eq(story(""), "");
}
END_TEST

/* ---- restart ------------------------------------------------------------------------ */

START_TEST(a_restart_tells_nothing_of_who_is_as_before)
{
    struct guest_spec preserved = rig_spec("kept");
    preserved.on_poweroff = SPEC_PRESERVE;
    struct guest *paused = rig_boot_named(&rig, "paused");
    rig_boot_named(&rig, "web");
    power_off(rig_boot(&rig, &preserved));
    death_crash(rig_boot_named(&rig, "crashed"), "test");
    verb_pause(paused, &error);
    uint64_t last = event_log_last(&rig.core.events.log);
    for (unsigned i = 0; i < 3; i++) {
        loop_fake_advance(rig.loop, SECOND);
        restart();
        ck_assert_uint_eq(event_log_last(&rig.core.events.log), last);
    }
    ck_assert_int_eq(verb_unpause(rig_find(&rig, "paused"), &error), 0);
    destroy_guest(rig_find(&rig, "kept"), NULL);
    destroy_guest(rig_find(&rig, "crashed"), NULL);
    power_off(rig_find(&rig, "web"));
    ck_assert_str_eq(story("paused"), STARTED "paused: paused\nrunning: unpaused\n");
    ck_assert_str_eq(story("kept"), STARTED "stopped: powered off\ngone: powered off\n");
    ck_assert_str_eq(story("crashed"), STARTED "crashed: test\ngone: test\n");
    ck_assert_str_eq(story("web"), STARTED "stopped: powered off\ngone: powered off\n");
}
END_TEST

#define FOUND "found so by a chaosd that was started anew\n"

/* Killed after a move and before its event: as if that had not been written. */
static void untell(void)
{
    rig.core.events.log.head->last_id--;
    event_log_begin(&rig.core.events.log);
}

START_TEST(what_was_not_told_is_told_by_the_next)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_pause(guest, &error);
    untell();
    restart();
    ck_assert_str_eq(story("web"), STARTED "paused: " FOUND);
    verb_unpause(rig_find(&rig, "web"), &error);
    untell();
    restart();
    ck_assert_str_eq(story("web"), STARTED "paused: " FOUND "running: " FOUND);
    destroy_guest(rig_find(&rig, "web"), NULL);
    loop_fake_advance(rig.loop, SECOND);
    untell();
    restart();
    ck_assert_str_eq(story("web"), STARTED "paused: " FOUND "running: " FOUND "gone: " FOUND);
    restart();
    ck_assert_str_eq(story("web"), STARTED "paused: " FOUND "running: " FOUND "gone: " FOUND);
}
END_TEST

START_TEST(who_ended_meanwhile_ended)
{
    struct guest *a = rig_boot_named(&rig, "a");
    struct guest *b = rig_boot_named(&rig, "b");
    struct guest *c = rig_boot_named(&rig, "c");
    uint32_t domid = a->domid, other = b->domid;
    verb_shutdown(c, NOXS_OP_POWEROFF, SECOND, false, ignore, NULL, &error);
    verb_shutdown_abandon(c);
    untell();
    rig_kill(&rig);
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    struct hv *hv = hv_fake_port(rig.hv);
    hv->ops->domain_destroy(hv, other);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, SECOND);
    ck_assert_str_eq(story("a"), STARTED "stopped: powered off\ngone: powered off\n");
    ck_assert_str_eq(story("b"), STARTED "crashed: its domain was destroyed by someone else\n");
    ck_assert_str_eq(story("c"), STARTED "shutting-down: asked to power off\nrunning: " FOUND);
}
END_TEST

/* Killed between the event of its end and the record of that. */
START_TEST(an_end_is_told_once)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint32_t domid = guest->domid;
    guest_set_reason(guest, "powered off");
    guest_move(guest, GUEST_STOPPED);
    rig_kill(&rig);
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, SECOND);
    ck_assert_str_eq(story("web"), STARTED "stopped: powered off\ngone: powered off\n");
}
END_TEST

START_TEST(one_that_was_being_made_is_gone)
{
    struct guest_spec spec = rig_spec("half");
    rig.iod.silent = true;
    rig_create(&rig, &spec, true);
    rig_kill(&rig);
    rig.iod.silent = false;
    rig_restart(&rig);
    loop_fake_advance(rig.loop, SECOND);
    ck_assert_str_eq(story("half"), "creating: created by uid 0\ngone: " FOUND);
}
END_TEST

START_TEST(a_history_that_has_forgotten_them_tells_nothing_wrong)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_pause(guest, &error);
    rig_boot_named(&rig, "other");
    memset(rig.events, 0, rig.config.events_size);
    restart();
    ck_assert_str_eq(story("web"), "");
    ck_assert_str_eq(story("other"), "");
    memset(rig.events, 0x5a, rig.config.events_size);
    restart();
    ck_assert_uint_eq(event_log_last(&rig.core.events.log) + 1,
                      event_log_first(&rig.core.events.log));
    ck_assert_int_eq(verb_unpause(rig_find(&rig, "web"), &error), 0);
    struct event_record record;
    ck_assert(event_log_read(&rig.core.events.log, event_log_last(&rig.core.events.log), &record));
    ck_assert_str_eq(record.from, "paused");
    ck_assert_str_eq(record.to, "running");
}
END_TEST

START_TEST(the_history_knows_who_is_gone)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert(!events_has_gone(&rig.core.events, "web"));
    ck_assert(!events_has_gone(&rig.core.events, "never"));
    destroy_guest(guest, NULL);
    ck_assert(events_has_gone(&rig.core.events, "web"));
    rig_boot_named(&rig, "web");
    ck_assert(!events_has_gone(&rig.core.events, "web"));
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "events", setup, teardown, a_life_in_order, a_record_says_who_and_when,
        ends_and_their_causes, a_shutdown_and_what_becomes_of_it, a_create_that_fails_says_why,
        shells_are_told_of_when_they_are_somebodys, a_restart_tells_nothing_of_who_is_as_before,
        what_was_not_told_is_told_by_the_next, who_ended_meanwhile_ended, an_end_is_told_once,
        one_that_was_being_made_is_gone, a_history_that_has_forgotten_them_tells_nothing_wrong,
        the_history_knows_who_is_gone);
}
