/* core/death: how guests end, and what their policies make of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;
static struct guest_spec spec;

static void setup(void)
{
    rig_init(&rig);
    spec = rig_spec("web");
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void die(struct guest *guest, enum hv_shutdown_reason reason)
{
    hv_fake_guest_shutdown(rig.hv, guest->domid, reason);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
}

START_TEST(a_clean_exit_is_noticed_at_once)
{
    struct guest *guest = rig_boot(&rig, &spec);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(a_poweroff_is_preserved_if_asked_for)
{
    spec.on_poweroff = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 3);
    die(guest, HV_SHUTDOWN_POWEROFF);
    ck_assert_str_eq(guest_state_name(guest), "stopped");
    ck_assert_str_eq(guest->reason, "exited with code 3");
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
    loop_fake_advance(rig.loop, 20000 * RIG_MS);
    ck_assert_str_eq(guest_state_name(guest), "stopped");
}
END_TEST

START_TEST(a_reboot_ends_the_guest)
{
    struct guest *guest = rig_boot(&rig, &spec);
    die(guest, HV_SHUTDOWN_REBOOT);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    spec.on_reboot = SPEC_PRESERVE;
    guest = rig_boot(&rig, &spec);
    die(guest, HV_SHUTDOWN_REBOOT);
    ck_assert_str_eq(guest_state_name(guest), "stopped");
    ck_assert_str_eq(guest->reason, "asked for a reboot");
}
END_TEST

START_TEST(a_crash_leaves_a_record_and_nothing_else)
{
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    struct guest *guest = rig_boot(&rig, &spec);
    struct hostnet_ip ip = guest->vif[0].ip;
    die(guest, HV_SHUTDOWN_CRASH);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_str_eq(guest->reason, "crashed; its console may say why");
    struct hv_fake_leaks leaks = hv_fake_leaks(rig.hv);
    ck_assert_uint_eq(leaks.domains + leaks.ports + leaks.maps + leaks.fds, 0);
    ck_assert_uint_eq(rig.hostnet.rule_count, 0);
    ck_assert_int_eq(addr_ip_take(&rig.core.addr, ip), 0);
    addr_ip_free(&rig.core.addr, ip);
    /* Its name is free. */
    guest = rig_boot(&rig, &spec);
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(rig.core.tombstone_count, 0);
}
END_TEST

START_TEST(a_crash_is_preserved_if_asked_for)
{
    spec.on_crash = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    die(guest, HV_SHUTDOWN_CRASH);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
    ck_assert_ptr_nonnull(iod_fake_find(&rig.iod, guest->id));
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
    destroy_guest(guest, NULL);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(other_ends_are_crashes)
{
    die(rig_boot(&rig, &spec), HV_SHUTDOWN_SUSPEND);
    ck_assert_str_eq(rig_find(&rig, "web")->reason, "suspended itself, which is not supported");
    die(rig_boot(&rig, &spec), HV_SHUTDOWN_OTHER);
    ck_assert_str_eq(rig_find(&rig, "web")->reason, "stopped for an unknown reason");
}
END_TEST

START_TEST(only_so_many_crashes_are_remembered)
{
    for (unsigned i = 0; i < LIMIT_TOMBSTONES + 5; i++) {
        snprintf(spec.name, sizeof(spec.name), "g%u", i);
        die(rig_boot(&rig, &spec), HV_SHUTDOWN_CRASH);
    }
    ck_assert_uint_eq(rig.core.guests.named, LIMIT_TOMBSTONES);
    ck_assert_ptr_null(rig_find(&rig, "g4"));
    ck_assert_ptr_nonnull(rig_find(&rig, "g5"));
}
END_TEST

START_TEST(one_users_crashes_push_out_only_their_own_records)
{
    rig.owner = 1001;
    snprintf(spec.name, sizeof(spec.name), "other");
    die(rig_boot(&rig, &spec), HV_SHUTDOWN_CRASH);
    rig.owner = 1000;
    for (unsigned i = 0; i < LIMIT_USER_TOMBSTONES + LIMIT_TOMBSTONES; i++) {
        snprintf(spec.name, sizeof(spec.name), "g%u", i);
        die(rig_boot(&rig, &spec), HV_SHUTDOWN_CRASH);
    }
    ck_assert_uint_eq(rig.core.tombstone_count, LIMIT_USER_TOMBSTONES + 1);
    ck_assert_ptr_nonnull(rig_find(&rig, "other"));
}
END_TEST

START_TEST(a_record_makes_room_for_its_owner_and_root_only)
{
    rig.owner = 1000;
    die(rig_boot(&rig, &spec), HV_SHUTDOWN_CRASH);
    rig.owner = 1001;
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "crashed");
    rig.owner = 1000;
    die(rig_boot(&rig, &spec), HV_SHUTDOWN_CRASH);
    rig.owner = 0;
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(a_domain_that_someone_else_destroyed_is_noticed)
{
    struct hv *hv = hv_fake_port(rig.hv);
    struct guest *guest = rig_boot(&rig, &spec);
    spec.on_crash = SPEC_PRESERVE;
    snprintf(spec.name, sizeof(spec.name), "other");
    struct guest *other = rig_boot(&rig, &spec);
    hv->ops->domain_destroy(hv, guest->domid);
    hv->ops->domain_destroy(hv, other->domid);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_str_eq(guest->reason, "its domain was destroyed by someone else");
    /* Nothing is left to preserve. */
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).maps, 0);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).ports, 0);
}
END_TEST

START_TEST(a_list_without_them_ends_no_guests)
{
    struct guest *guest = rig_boot(&rig, &spec);
    hv_fake_list_nothing(rig.hv, true);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
    hv_fake_list_nothing(rig.hv, false);
    hv_fake_port(rig.hv)->ops->domain_destroy(hv_fake_port(rig.hv), guest->domid);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_str_eq(guest->reason, "its domain was destroyed by someone else");
}
END_TEST

START_TEST(a_preserved_domain_that_vanishes_leaves_the_list)
{
    struct hv *hv = hv_fake_port(rig.hv);
    spec.on_crash = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    die(guest, HV_SHUTDOWN_CRASH);
    hv->ops->domain_destroy(hv, guest->domid);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

static void reused_and_destroyed(const char *name, bool by_hand)
{
    struct guest *guest = rig_find(&rig, name);
    uint32_t domid = guest->domid;

    hv_fake_reuse(rig.hv, domid);
    hv_fake_calls_reset(rig.hv);
    if (by_hand)
        destroy_guest(guest, NULL);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_destroy"), 0);
    ck_assert_ptr_nonnull(hv_fake_domain(rig.hv, domid));
    ck_assert(!hv_fake_domain(rig.hv, domid)->dying);
    /* Its new owner's business; here, so that nothing is left. */
    hv_fake_port(rig.hv)->ops->domain_destroy(hv_fake_port(rig.hv), domid);
}

START_TEST(a_domain_that_took_over_the_id_is_never_destroyed)
{
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    reused_and_destroyed("web", true);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    /* Noticed by the look at all domains. */
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    reused_and_destroyed("web", false);
    ck_assert_str_eq(rig_find(&rig, "web")->reason, "its domain was destroyed by someone else");
    /* A preserved one. */
    spec.on_crash = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    die(guest, HV_SHUTDOWN_CRASH);
    reused_and_destroyed("web", false);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(a_domain_that_cannot_be_looked_at_is_destroyed_later)
{
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    hv_fake_calls_reset(rig.hv);
    hv_fake_fail(rig.hv, "domain_list", 1, EIO);
    destroy_guest(rig_find(&rig, "web"), NULL);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_destroy"), 0);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_destroy"), 1);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(without_guests_nobody_looks)
{
    destroy_guest(rig_boot(&rig, &spec), NULL);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    hv_fake_calls_reset(rig.hv);
    loop_fake_advance(rig.loop, 10000 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_list"), 0);
    ck_assert_uint_eq(loop_fake_armed(rig.loop), 0);
}
END_TEST

START_TEST(a_list_that_fails_is_tried_again)
{
    struct guest *guest = rig_boot(&rig, &spec);
    hv_fake_fail(rig.hv, "domain_list", 1, EIO);
    die(guest, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(more_guests_than_one_batch_are_all_looked_at)
{
    struct guest *guests[150];
    for (int i = 0; i < 100; i++) {
        snprintf(spec.name, sizeof(spec.name), "g%d", i);
        guests[i] = rig_boot(&rig, &spec);
        ck_assert_ptr_nonnull(guests[i]);
    }
    for (int i = 0; i < 100; i += 9)
        hv_fake_guest_shutdown(rig.hv, guests[i]->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert_uint_eq(rig.core.guests.named, 88);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "death", setup, teardown, a_clean_exit_is_noticed_at_once,
        a_poweroff_is_preserved_if_asked_for, a_reboot_ends_the_guest,
        a_crash_leaves_a_record_and_nothing_else, a_crash_is_preserved_if_asked_for,
        other_ends_are_crashes, only_so_many_crashes_are_remembered,
        one_users_crashes_push_out_only_their_own_records,
        a_record_makes_room_for_its_owner_and_root_only,
        a_domain_that_someone_else_destroyed_is_noticed, a_list_without_them_ends_no_guests,
        a_preserved_domain_that_vanishes_leaves_the_list, without_guests_nobody_looks,
        a_list_that_fails_is_tried_again, a_domain_that_took_over_the_id_is_never_destroyed,
        a_domain_that_cannot_be_looked_at_is_destroyed_later,
        more_guests_than_one_batch_are_all_looked_at);
}
