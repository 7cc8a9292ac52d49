/* core/verbs: pause, unpause, shutdown. */
#include <errno.h>
#include <string.h>

#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

static struct rig rig;
static struct error error;

struct wait {
    unsigned calls;
    int code;
};

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void on_done(void *arg, const struct error *why)
{
    struct wait *wait = arg;
    wait->calls++;
    wait->code = why == NULL ? 0 : why->code;
}

static void ask(struct guest *guest, uint64_t timeout_ms, bool force, struct wait *wait)
{
    ck_assert_int_eq(
        verb_shutdown(guest, NOXS_OP_POWEROFF, timeout_ms * RIG_MS, force, on_done, wait, &error),
        0);
}

static void answer(struct guest *guest, enum noxs_ack_status status)
{
    struct noxs_page *page = rig_page(&rig, guest);
    noxs_write64(&page->ack, noxs_pair(noxs_high(page->request), status));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
}

START_TEST(pause_and_unpause)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_int_eq(verb_unpause(guest, &error), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(verb_pause(guest, &error), 0);
    ck_assert_str_eq(guest_state_name(guest), "paused");
    ck_assert(hv_fake_domain(rig.hv, guest->domid)->paused);
    ck_assert_int_eq(verb_pause(guest, &error), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "paused"));
    ck_assert_int_eq(verb_unpause(guest, &error), 0);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert(!hv_fake_domain(rig.hv, guest->domid)->paused);
}
END_TEST

START_TEST(a_hypervisor_that_refuses_changes_nothing)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    hv_fake_fail(rig.hv, "domain_pause", 1, EPERM);
    ck_assert_int_eq(verb_pause(guest, &error), -UKVM_E_INTERNAL);
    ck_assert_str_eq(guest_state_name(guest), "running");
    verb_pause(guest, &error);
    hv_fake_fail(rig.hv, "domain_unpause", 1, EPERM);
    ck_assert_int_eq(verb_unpause(guest, &error), -UKVM_E_INTERNAL);
    ck_assert_str_eq(guest_state_name(guest), "paused");
}
END_TEST

START_TEST(paused_while_booting_goes_back_to_booting)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(verb_pause(rig.guest, &error), 0);
    ck_assert_int_eq(verb_unpause(rig.guest, &error), 0);
    ck_assert_str_eq(guest_state_name(rig.guest), "booting");
    /* Ready may be heard while it is paused. */
    verb_pause(rig.guest, &error);
    rig_say(&rig, rig.guest, NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(rig.guest), "paused");
    verb_unpause(rig.guest, &error);
    ck_assert_str_eq(guest_state_name(rig.guest), "running");
}
END_TEST

START_TEST(shutdown_asks_and_answers_when_it_is_off)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 10000, false, &wait);
    ck_assert_str_eq(guest_state_name(guest), "shutting-down");
    ck_assert_uint_eq(rig_page(&rig, guest)->request, noxs_pair(1, NOXS_OP_POWEROFF));
    ck_assert_uint_ge(hv_fake_domain(rig.hv, guest->domid)->notified, 1);
    answer(guest, NOXS_ACK_OK);
    ck_assert_uint_eq(wait.calls, 0);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.code, 0);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(at_the_deadline_it_runs_on)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 100, false, &wait);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_int_eq(wait.code, UKVM_E_TIMEOUT);
    ck_assert_str_eq(guest_state_name(guest), "running");
    /* It may be asked again. */
    ask(guest, 100, false, &wait);
    ck_assert_uint_eq(rig_page(&rig, guest)->request, noxs_pair(2, NOXS_OP_POWEROFF));
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_uint_eq(wait.calls, 2);
}
END_TEST

START_TEST(with_force_the_deadline_destroys)
{
    struct wait patient = {0}, forceful = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 10000, false, &patient);
    ask(guest, 100, true, &forceful);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_uint_eq(forceful.calls, 1);
    ck_assert_int_eq(forceful.code, 0);
    ck_assert_uint_eq(patient.calls, 1);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(each_who_waits_has_a_deadline_of_their_own)
{
    struct wait first = {0}, second = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 100, false, &first);
    ask(guest, 200, false, &second);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_int_eq(first.code, UKVM_E_TIMEOUT);
    ck_assert_uint_eq(second.calls, 0);
    ck_assert_str_eq(guest_state_name(guest), "shutting-down");
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(second.calls, 1);
}
END_TEST

START_TEST(a_refusal_is_told_at_once)
{
    struct wait wait = {0}, forceful = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 10000, false, &wait);
    ask(guest, 10000, true, &forceful);
    answer(guest, NOXS_ACK_REFUSED);
    ck_assert_int_eq(wait.code, UKVM_E_BAD_STATE);
    ck_assert_uint_eq(forceful.calls, 0);
    loop_fake_advance(rig.loop, 10001 * RIG_MS);
    ck_assert_uint_eq(forceful.calls, 1);
}
END_TEST

START_TEST(a_crash_instead_is_guest_failed)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 10000, false, &wait);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_int_eq(wait.code, UKVM_E_GUEST_FAILED);
}
END_TEST

START_TEST(destroyed_meanwhile_is_off_too)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    ask(guest, 10000, false, &wait);
    destroy_guest(guest, NULL);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.code, 0);
}
END_TEST

START_TEST(only_what_runs_can_be_shut_down)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_pause(guest, &error);
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, RIG_MS, true, on_done, &wait, &error),
                     -UKVM_E_BAD_STATE);
    death_crash(guest, "test");
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, RIG_MS, true, on_done, &wait, &error),
                     -UKVM_E_BAD_STATE);
    ck_assert_int_eq(verb_pause(guest, &error), -UKVM_E_BAD_STATE);
    ck_assert_uint_eq(wait.calls, 0);
}
END_TEST

START_TEST(out_of_memory_or_channel_leaves_it_running)
{
    struct wait wait = {0};
    struct guest *guest = rig_boot_named(&rig, "web");
    loop_fake_fail(rig.loop, 1);
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, RIG_MS, true, on_done, &wait, &error),
                     -UKVM_E_NO_MEMORY);
    hv_fake_fail(rig.hv, "port_notify", 1, EIO);
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, RIG_MS, true, on_done, &wait, &error),
                     -UKVM_E_INTERNAL);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(wait.calls, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "verbs", setup, teardown, pause_and_unpause, a_hypervisor_that_refuses_changes_nothing,
        paused_while_booting_goes_back_to_booting, shutdown_asks_and_answers_when_it_is_off,
        at_the_deadline_it_runs_on, with_force_the_deadline_destroys,
        each_who_waits_has_a_deadline_of_their_own, a_refusal_is_told_at_once,
        a_crash_instead_is_guest_failed, destroyed_meanwhile_is_off_too,
        only_what_runs_can_be_shut_down, out_of_memory_or_channel_leaves_it_running);
}
