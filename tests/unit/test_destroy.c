/* core/destroy: answered at once, finished in the background. */
#include <errno.h>
#include <string.h>

#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;

struct wait {
    struct destroy_waiter waiter;
    bool done;
};

static void on_done(struct destroy_waiter *waiter)
{
    LIST_OWNER(waiter, struct wait, waiter)->done = true;
}

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

START_TEST(name_and_address_are_free_at_once)
{
    struct guest_spec spec = rig_spec("web");
    spec.vif[0].has_ip = true;
    spec.vif[0].ip = (struct hostnet_ip){{10, 77, 0, 9}};
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    struct guest *guest = rig_boot(&rig, &spec);
    destroy_guest(guest, NULL);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_uint_eq(rig.hostnet.rule_count, 0);
    /* The same again, before iod has heard of the end of the first. */
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(mappings_go_before_the_domain)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    hv_fake_calls_reset(rig.hv);
    destroy_guest(guest, NULL);
    loop_fake_run(rig.loop);
    ck_assert_str_eq(hv_fake_calls(rig.hv),
                     "domain_unmap port_unbind domain_list domain_destroy domain_list");
    ck_assert_uint_eq(rig.iod.detaches, 1);
}
END_TEST

START_TEST(who_waits_hears_when_the_memory_is_back)
{
    struct wait wait = {.waiter.done = on_done};
    struct guest *guest = rig_boot_named(&rig, "web");
    uint32_t domid = guest->domid;
    hv_fake_hold(rig.hv, domid);
    destroy_guest(guest, &wait.waiter);
    loop_fake_advance(rig.loop, 3000 * RIG_MS);
    ck_assert(!wait.done);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    hv_fake_release(rig.hv, domid);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert(wait.done);
}
END_TEST

START_TEST(an_iod_that_does_not_let_go_is_ended)
{
    struct wait wait = {.waiter.done = on_done};
    struct guest *guest = rig_boot_named(&rig, "web");
    struct guest *other = rig_boot_named(&rig, "other");
    rig.iod.silent = true;
    destroy_guest(guest, &wait.waiter);
    loop_fake_advance(rig.loop, 4900 * RIG_MS);
    ck_assert(!wait.done);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert(wait.done);
    ck_assert_uint_eq(rig.iod.kills, 1);
    /* The other one runs on, attached to the new one. */
    ck_assert_str_eq(guest_state_name(other), "running");
    ck_assert_uint_eq(iod_fake_find(&rig.iod, other->id)->attach.resumed, 1);
}
END_TEST

START_TEST(a_domain_that_will_not_die_is_tried_again)
{
    struct wait wait = {.waiter.done = on_done};
    hv_fake_fail(rig.hv, "domain_destroy", 1, EBUSY);
    destroy_guest(rig_boot_named(&rig, "web"), &wait.waiter);
    loop_fake_run(rig.loop);
    ck_assert(!wait.done);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert(wait.done);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_destroy"), 2);
}
END_TEST

START_TEST(a_crashed_one_is_forgotten)
{
    struct wait wait = {.waiter.done = on_done};
    struct guest *guest = rig_boot_named(&rig, "web");
    death_crash(guest, "test");
    /* While it is still being released. */
    destroy_guest(guest, &wait.waiter);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert(wait.done);
    guest = rig_boot_named(&rig, "web");
    death_crash(guest, "test");
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    wait.done = false;
    destroy_guest(guest, &wait.waiter);
    ck_assert(wait.done);
}
END_TEST

START_TEST(two_wait_for_one_create)
{
    struct wait wait = {.waiter.done = on_done};
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    destroy_guest(rig_find(&rig, "web"), &wait.waiter);
    loop_fake_run(rig.loop);
    ck_assert(wait.done);
    ck_assert_uint_eq(rig.answers, 1);
}
END_TEST

START_TEST(a_hundred_cycles_leave_nothing)
{
    struct guest_spec spec = rig_spec("web");
    spec.vif_count = 2;
    unsigned before = loop_fake_handles(rig.loop);
    for (int i = 0; i < 100; i++) {
        destroy_guest(rig_boot(&rig, &spec), NULL);
        loop_fake_advance(rig.loop, 30 * RIG_MS);
    }
    ck_assert_uint_eq(loop_fake_handles(rig.loop), before);
    ck_assert_uint_eq(rig.iod.guest_count, 0);
    ck_assert(list_empty(&rig.core.guests.all));
}
END_TEST

int main(void)
{
    return SUITE_RUN("destroy", setup, teardown, name_and_address_are_free_at_once,
                     mappings_go_before_the_domain, who_waits_hears_when_the_memory_is_back,
                     an_iod_that_does_not_let_go_is_ended,
                     a_domain_that_will_not_die_is_tried_again, a_crashed_one_is_forgotten,
                     two_wait_for_one_create, a_hundred_cycles_leave_nothing);
}
