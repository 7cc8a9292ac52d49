/* core/wait: who waits for a guest is answered by its move. */
#include <errno.h>
#include <string.h>

#include "core/verbs.h"
#include "core/wait.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;
static struct error error;

struct answer {
    unsigned calls;
    int code;
    char state[16];
    char text[ERROR_TEXT_MAX];
};

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void on_done(void *arg, const struct guest *guest, const struct error *why)
{
    struct answer *answer = arg;
    answer->calls++;
    answer->code = why == NULL ? 0 : why->code;
    strcpy(answer->state, guest_state_name(guest));
    strcpy(answer->text, why == NULL ? "" : why->text);
}

/* Not reached yet. */
static struct wait *await(struct guest *guest, const char *goal, uint64_t ms, struct answer *answer)
{
    *answer = (struct answer){0};
    ck_assert_int_eq(wait_check(guest, wait_goal(goal), &error), 0);
    struct wait *wait = wait_create(guest, wait_goal(goal), ms * RIG_MS, on_done, answer);
    ck_assert_ptr_nonnull(wait);
    return wait;
}

static int check(const struct guest *guest, const char *goal)
{
    return wait_check(guest, wait_goal(goal), &error);
}

#define ck_assert_answer(answer, want_code, want_state)                                            \
    do {                                                                                           \
        ck_assert_uint_eq((answer).calls, 1);                                                      \
        ck_assert_int_eq((answer).code, want_code);                                                \
        ck_assert_str_eq((answer).state, want_state);                                              \
    } while (0)

START_TEST(goals)
{
    ck_assert_uint_eq(wait_goal("nothing"), UINT32_MAX);
    ck_assert_uint_eq(wait_goal(""), UINT32_MAX);
    /* No user sees one. */
    ck_assert_uint_eq(wait_goal("shell"), UINT32_MAX);
    ck_assert_uint_ne(wait_goal("ready"), wait_goal("running"));
    ck_assert(wait_goal_is_end(wait_goal("stopped")) && wait_goal_is_end(wait_goal("gone")));
    ck_assert(!wait_goal_is_end(wait_goal("ready")) && !wait_goal_is_end(wait_goal("crashed")));
}
END_TEST

START_TEST(what_is_reached_is_reached_at_once)
{
    struct guest_spec spec = rig_spec("web");
    spec.on_poweroff = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_int_eq(check(guest, "ready"), 1);
    ck_assert_int_eq(check(guest, "running"), 1);
    ck_assert_int_eq(check(guest, "paused"), 0);
    verb_pause(guest, &error);
    ck_assert_int_eq(check(guest, "ready"), 1);
    ck_assert_int_eq(check(guest, "running"), 0);
    ck_assert_int_eq(check(guest, "paused"), 1);
    verb_unpause(guest, &error);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_str_eq(guest_state_name(guest), "stopped");
    ck_assert_int_eq(check(guest, "stopped"), 1);
    ck_assert_int_eq(check(guest, "gone"), 0);
    ck_assert_int_eq(check(guest, "ready"), -UKVM_E_GUEST_FAILED);
    ck_assert_ptr_nonnull(strstr(error.text, "web: has ended"));
    ck_assert_ptr_nonnull(strstr(error.text, "powered off"));
    ck_assert_int_eq(check(guest, "crashed"), -UKVM_E_GUEST_FAILED);
}
END_TEST

START_TEST(ready_answers_all_who_wait_for_it)
{
    struct answer ready, running, paused, stopped;
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    struct guest *guest = rig_find(&rig, "web");
    await(guest, "ready", 0, &ready);
    await(guest, "running", 1000, &running);
    struct wait *wait = await(guest, "paused", 0, &paused);
    await(guest, "stopped", 0, &stopped);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_answer(ready, 0, "running");
    ck_assert_answer(running, 0, "running");
    ck_assert_uint_eq(paused.calls + stopped.calls, 0);
    wait_cancel(wait);
    verb_pause(guest, &error);
    ck_assert_uint_eq(paused.calls, 0);
    /* The deadline of one that was answered is none. */
    loop_fake_advance(rig.loop, 2000 * RIG_MS);
    ck_assert_uint_eq(running.calls, 1);
    destroy_guest(guest, NULL);
    ck_assert_answer(stopped, 0, "gone");
}
END_TEST

START_TEST(one_that_ends_instead_says_so)
{
    struct answer ready, stopped, crashed, gone;
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    struct guest *guest = rig_find(&rig, "web");
    await(guest, "ready", 0, &ready);
    await(guest, "stopped", 0, &stopped);
    await(guest, "crashed", 0, &crashed);
    await(guest, "gone", 0, &gone);
    death_crash(guest, "it lied");
    ck_assert_answer(ready, UKVM_E_GUEST_FAILED, "crashed");
    ck_assert_ptr_nonnull(strstr(ready.text, "it lied"));
    ck_assert_answer(stopped, 0, "crashed");
    ck_assert_answer(crashed, 0, "crashed");
    ck_assert_uint_eq(gone.calls, 0);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    destroy_guest(guest, NULL);
    ck_assert_answer(gone, 0, "gone");
}
END_TEST

/* Stopped is a moment only, if the policy says destroy. */
START_TEST(a_state_that_passes_is_seen)
{
    struct answer stopped, gone, crashed;
    struct guest *guest = rig_boot_named(&rig, "web");
    uint32_t domid = guest->domid;
    await(guest, "stopped", 0, &stopped);
    await(guest, "gone", 0, &gone);
    await(guest, "crashed", 0, &crashed);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_answer(stopped, 0, "stopped");
    ck_assert_answer(gone, 0, "gone");
    ck_assert_answer(crashed, UKVM_E_GUEST_FAILED, "stopped");
}
END_TEST

/* The machine passes through RUNNING there; the guest does not. */
static void ignore(void *arg, const struct error *why)
{
    (void)arg;
    (void)why;
}

START_TEST(a_destroy_while_it_shuts_down_is_no_moment_of_running)
{
    struct answer running, gone;
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_shutdown(guest, NOXS_OP_POWEROFF, 1000 * RIG_MS, false, ignore, NULL, &error);
    await(guest, "running", 0, &running);
    await(guest, "gone", 0, &gone);
    destroy_guest(guest, NULL);
    ck_assert_answer(running, UKVM_E_GUEST_FAILED, "gone");
    ck_assert_answer(gone, 0, "gone");
}
END_TEST

START_TEST(a_deadline)
{
    struct answer answer;
    struct guest *guest = rig_boot_named(&rig, "web");
    await(guest, "paused", 100, &answer);
    loop_fake_advance(rig.loop, 99 * RIG_MS);
    ck_assert_uint_eq(answer.calls, 0);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_answer(answer, UKVM_E_TIMEOUT, "running");
    ck_assert_str_eq(answer.text, "web: is running, and not paused after 100 ms");
}
END_TEST

START_TEST(a_chaosd_that_stops_answers)
{
    struct answer leaving, killed;
    await(rig_boot_named(&rig, "web"), "paused", 0, &leaving);
    core_leave(&rig.core);
    ck_assert_answer(leaving, UKVM_E_NO_DAEMON, "running");
    rig_kill(&rig);
    rig.stopped = false;
    rig_restart(&rig);
    await(rig_find(&rig, "web"), "paused", 1000, &killed);
    rig_kill(&rig);
    ck_assert_answer(killed, UKVM_E_NO_DAEMON, "running");
    rig_restart(&rig);
}
END_TEST

START_TEST(without_memory_for_a_deadline_there_is_no_wait)
{
    struct answer answer = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    loop_fake_fail(rig.loop, 1);
    ck_assert_ptr_null(wait_create(guest, wait_goal("paused"), 100 * RIG_MS, on_done, &answer));
    verb_pause(guest, &error);
    ck_assert_uint_eq(answer.calls, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("wait", setup, teardown, goals, what_is_reached_is_reached_at_once,
                     ready_answers_all_who_wait_for_it, one_that_ends_instead_says_so,
                     a_state_that_passes_is_seen,
                     a_destroy_while_it_shuts_down_is_no_moment_of_running, a_deadline,
                     a_chaosd_that_stops_answers, without_memory_for_a_deadline_there_is_no_wait);
}
