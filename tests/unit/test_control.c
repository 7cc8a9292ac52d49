/* core/control: what guests say, lies included. */
#include <errno.h>
#include <string.h>

#include "core/control.h"
#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static struct guest *boot(void)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    return guest;
}

/* Its domain is gone, its record tells why. */
static void expect_crashed(const char *reason)
{
    struct guest *guest = rig_find(&rig, "web");
    size_t others = rig.core.guests.named - 1;
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_str_eq(guest->reason, reason);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, others);
    destroy_guest(guest, NULL);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}

START_TEST(an_unknown_state_is_a_lie)
{
    rig_say(&rig, boot(), 3, 0);
    expect_crashed("control: unknown value in the status word");
}
END_TEST

START_TEST(going_backwards_is_a_lie)
{
    rig_say(&rig, boot(), NOXS_GUEST_BOOTING, 0);
    expect_crashed("control: the status word went backwards");
}
END_TEST

START_TEST(an_answer_to_nothing_is_a_lie)
{
    struct guest *guest = boot();
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(1, NOXS_ACK_OK));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    expect_crashed("control: answer to a request that was never made");
}
END_TEST

START_TEST(an_answer_out_of_range_is_a_lie)
{
    struct guest *guest = boot();
    ck_assert_int_eq(control_request(guest, NOXS_OP_SUSPEND), 0);
    ck_assert_uint_eq(rig_page(&rig, guest)->request, noxs_pair(1, NOXS_OP_SUSPEND));
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(1, 3));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    expect_crashed("control: unknown value in the ack word");
}
END_TEST

START_TEST(garbage_all_over_the_page_is_a_lie)
{
    struct guest *guest = boot();
    uint32_t domid = guest->domid;
    memset(rig_page(&rig, guest), 0xa5, NOXS_PAGE_SIZE);
    hv_fake_raise_control(rig.hv, domid);
    loop_fake_run(rig.loop);
    expect_crashed("control: answer to a request that was never made");
}
END_TEST

START_TEST(the_daemons_own_words_do_not_matter_once_written)
{
    struct guest *guest = boot();
    struct noxs_page *page = rig_page(&rig, guest);
    memset(page, 0xff, offsetof(struct noxs_page, guest_features));
    memset(page->device, 0xff, sizeof(page->device));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_str_eq(guest->name, "web");
}
END_TEST

START_TEST(old_answers_may_be_repeated_and_late_ones_are_taken)
{
    struct guest *guest = boot();
    control_request(guest, NOXS_OP_SUSPEND);
    control_request(guest, NOXS_OP_FORK);
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(1, NOXS_ACK_UNSUPPORTED));
    for (int i = 0; i < 3; i++) {
        hv_fake_raise_control(rig.hv, guest->domid);
        loop_fake_run(rig.loop);
    }
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(2, NOXS_ACK_UNSUPPORTED));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    ck_assert_str_eq(guest_state_name(guest), "running");
    /* But not taken back. */
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(1, NOXS_ACK_UNSUPPORTED));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    expect_crashed("control: answer to a request that was never made");
}
END_TEST

START_TEST(who_says_it_exits_must)
{
    rig_say(&rig, boot(), NOXS_GUEST_EXITING, 0);
    loop_fake_advance(rig.loop, 4900 * RIG_MS);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    expect_crashed("it said it was exiting, and ran on");
}
END_TEST

/* Rings whenever it is heard, until it is stopped. */
START_TEST(a_storm_is_slowed_down_and_then_ended)
{
    struct guest *guest = boot();
    unsigned rings = 0;
    hv_fake_calls_reset(rig.hv);
    for (int ms = 0; ms < 10000 && guest_alive(guest); ms++) {
        for (int i = 0; i < 100 && guest_alive(guest); i++, rings++) {
            hv_fake_raise_control(rig.hv, guest->domid);
            loop_fake_run(rig.loop);
        }
        loop_fake_advance(rig.loop, RIG_MS);
    }
    ck_assert_uint_lt(hv_fake_count(rig.hv, "port_unmask"), 500);
    ck_assert_uint_gt(rings, 100000);
    expect_crashed("event storm on the control channel");
}
END_TEST

START_TEST(a_channel_that_cannot_be_unmasked_is_tried_again_for_a_while)
{
    struct guest *guest = boot();
    hv_fake_fail(rig.hv, "port_unmask", 1, EIO);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_uint_eq(guest->control.unmask_failures, 0);
    hv_fake_fail(rig.hv, "port_unmask", 1, EIO);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    for (int i = 0; i < 30 && guest_alive(guest); i++) {
        hv_fake_fail(rig.hv, "port_unmask", 1, EIO);
        loop_fake_advance(rig.loop, 100 * RIG_MS);
    }
    expect_crashed("its control channel does not work any more");
}
END_TEST

START_TEST(neighbours_do_not_notice)
{
    struct guest *guest = boot();
    struct guest *other = rig_boot_named(&rig, "other");
    rig_say(&rig, guest, 77, 0);
    expect_crashed("control: unknown value in the status word");
    ck_assert_str_eq(guest_state_name(other), "running");
    ck_assert_ptr_nonnull(iod_fake_find(&rig.iod, other->id));
    rig_say(&rig, other, NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(other), "running");
}
END_TEST

START_TEST(a_lie_before_ready_fails_the_create)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    rig_say(&rig, rig_find(&rig, "web"), 9, 0);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_GUEST_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "unknown value"));
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

int main(void)
{
    return SUITE_RUN("control", setup, teardown, an_unknown_state_is_a_lie,
                     going_backwards_is_a_lie, an_answer_to_nothing_is_a_lie,
                     an_answer_out_of_range_is_a_lie, garbage_all_over_the_page_is_a_lie,
                     the_daemons_own_words_do_not_matter_once_written,
                     old_answers_may_be_repeated_and_late_ones_are_taken, who_says_it_exits_must,
                     a_storm_is_slowed_down_and_then_ended,
                     a_channel_that_cannot_be_unmasked_is_tried_again_for_a_while,
                     neighbours_do_not_notice, a_lie_before_ready_fails_the_create);
}
