/* core/adopt: chaosd is killed and started again; guests and shells are what they were. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"
#include "util/keyval.h"
#include "util/random.h"

#define SECOND (1000 * RIG_MS)

static struct rig rig;
static char loaded[160];

static void setup(void)
{
    rig_init(&rig);
    snprintf(loaded, sizeof(loaded), "memory=2 nics=1 target=3 low=3 max=3 image=/proc/self/fd/%d",
             rig.image_fd);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void advance(uint64_t ns)
{
    /* Reads of images are in real time. */
    for (int i = 0; i < 10; i++) {
        loop_fake_advance(rig.loop, ns / 10);
        rig_run(&rig);
    }
}

static void restart(void)
{
    rig_kill(&rig);
    rig_restart(&rig);
}

/* The same, and what was not known is over. */
static void restart_and_wait(void)
{
    restart();
    advance(SECOND);
}

static void fill_pool(const char *line)
{
    struct pool_setting setting;
    struct error error;
    rig.flavour = line;
    ck_assert_int_eq(pool_setting_parse("test", line, &setting, &error), 0);
    ck_assert_int_eq(pool_set(&rig.core.pool, &setting, &error), 0);
    advance(SECOND);
}

static unsigned ready(void)
{
    if (list_empty(&rig.core.pool.flavours))
        return 0;
    return LIST_OWNER(rig.core.pool.flavours.next, struct pool_flavour, all)->ready;
}

static uint32_t domains(void)
{
    return hv_fake_leaks(rig.hv).domains;
}

/* ---- guests ------------------------------------------------------------------------- */

START_TEST(a_running_guest_is_the_same_and_does_not_notice)
{
    struct guest_spec spec = rig_spec("web");
    spec.on_crash = SPEC_PRESERVE;
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 8080, .guest_port = 80};
    rig.owner = 1000;
    struct guest *guest = rig_boot(&rig, &spec);
    uint32_t domid = guest->domid;
    uint64_t id = guest->id;
    uint8_t uuid[16], mac[6];
    struct hostnet_ip ip = guest->vif[0].ip;
    memcpy(uuid, guest->uuid, 16);
    memcpy(mac, guest->vif[0].mac.octet, 6);
    hv_fake_calls_reset(rig.hv);
    restart();
    guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(guest->domid, domid);
    ck_assert_uint_eq(guest->owner, 1000);
    ck_assert_uint_eq(guest->id, id);
    ck_assert_mem_eq(guest->uuid, uuid, 16);
    ck_assert_mem_eq(guest->vif[0].mac.octet, mac, 6);
    ck_assert_mem_eq(&guest->vif[0].ip, &ip, sizeof(ip));
    ck_assert_str_eq(guest->kernel, "/boot/kernel");
    ck_assert_int_eq(guest->on_crash, SPEC_PRESERVE);
    ck_assert_uint_eq(rig.hostnet.rule_count, 1);
    ck_assert_uint_eq(rig.hostnet.rules[0].host_port, 8080);
    /* chaos-iod went on with it, and with the uplink. */
    ck_assert_uint_eq(rig.iod.starts, 1);
    ck_assert_uint_eq(rig.iod.attaches, 1);
    ck_assert_uint_eq(rig.iod.detaches, 0);
    ck_assert_uint_eq(rig.hostnet.adoptions, 1);
    ck_assert(!rig.iod.got_uplink);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_pause"), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "io_channel"), 0);
    /* And it is heard. */
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 0);
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    advance(SECOND);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_uint_eq(domains(), 0);
    ck_assert_uint_eq(rig.hostnet.rule_count, 0);
}
END_TEST

START_TEST(its_addresses_are_nobody_elses)
{
    struct guest *guest = rig_boot_named(&rig, "a");
    struct hostnet_ip ip = guest->vif[0].ip;
    restart();
    struct guest_spec spec = rig_spec("b");
    spec.vif[0].has_ip = true;
    spec.vif[0].ip = ip;
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_ADDRESS_IN_USE);
    guest = rig_boot_named(&rig, "c");
    ck_assert_int_ne(memcmp(&guest->vif[0].ip, &ip, sizeof(ip)), 0);
    ck_assert_ptr_null(rig_boot_named(&rig, "a"));
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
}
END_TEST

START_TEST(one_that_boots_becomes_ready_under_the_next)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    restart_and_wait();
    struct guest *guest = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(guest), "booting");
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(rig.answers, 0);
}
END_TEST

START_TEST(a_paused_one_stays_paused)
{
    struct error error;
    struct guest_spec spec = rig_spec("b");
    ck_assert_int_eq(verb_pause(rig_boot_named(&rig, "a"), &error), 0);
    /* One that has not come to run. */
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(verb_pause(rig_find(&rig, "b"), &error), 0);
    restart_and_wait();
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "a")), "paused");
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "b")), "paused");
    ck_assert_int_eq(verb_unpause(rig_find(&rig, "a"), &error), 0);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "a")), "running");
    restart_and_wait();
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "a")), "running");
}
END_TEST

static void on_done(void *arg, const struct error *error)
{
    int *code = arg;
    *code = error == NULL ? 0 : error->code;
}

START_TEST(requests_go_on_counting)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    struct error error;
    int code = -1;
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, SECOND, false, on_done, &code, &error),
                     0);
    uint64_t first = rig_page(&rig, guest)->request;
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(noxs_high(first), NOXS_ACK_REFUSED));
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_int_eq(code, UKVM_E_BAD_STATE);
    restart_and_wait();
    guest = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, SECOND, false, on_done, &code, &error),
                     0);
    ck_assert_uint_eq(noxs_high(rig_page(&rig, guest)->request), noxs_high(first) + 1);
    advance(2 * SECOND);
    ck_assert_int_eq(code, UKVM_E_TIMEOUT);
}
END_TEST

START_TEST(words_that_a_guest_cannot_say_crash_it_after_a_restart_too)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "neighbour"));
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(9, NOXS_ACK_OK));
    restart_and_wait();
    guest = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "neighbour")), "running");
    ck_assert_uint_eq(domains(), 1);
    destroy_guest(guest, NULL);
}
END_TEST

START_TEST(ends_that_nobody_saw_are_seen)
{
    uint32_t off = rig_boot_named(&rig, "off")->domid;
    uint32_t crash = rig_boot_named(&rig, "crash")->domid;
    uint32_t gone = rig_boot_named(&rig, "gone")->domid;
    rig_kill(&rig);
    hv_fake_guest_shutdown(rig.hv, off, HV_SHUTDOWN_POWEROFF);
    hv_fake_guest_shutdown(rig.hv, crash, HV_SHUTDOWN_CRASH);
    hv_fake_port(rig.hv)->ops->domain_destroy(hv_fake_port(rig.hv), gone);
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_ptr_null(rig_find(&rig, "off"));
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "crash")), "crashed");
    ck_assert_ptr_nonnull(dead_by_name(&rig.core.iod.dead, "crash", 0));
    ck_assert_str_eq(rig_find(&rig, "gone")->reason, "its domain was destroyed by someone else");
    ck_assert_uint_eq(domains(), 0);
    destroy_guest(rig_find(&rig, "crash"), NULL);
    destroy_guest(rig_find(&rig, "gone"), NULL);
}
END_TEST

START_TEST(a_domain_id_that_is_anothers_now_is_left_alone)
{
    uint32_t domid = rig_boot_named(&rig, "web")->domid;
    rig_kill(&rig);
    hv_fake_reuse(rig.hv, domid);
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "crashed");
    ck_assert(!hv_fake_domain(rig.hv, domid)->dying);
    destroy_guest(rig_find(&rig, "web"), NULL);
    advance(SECOND);
    ck_assert(!hv_fake_domain(rig.hv, domid)->dying);
    hv_fake_port(rig.hv)->ops->domain_destroy(hv_fake_port(rig.hv), domid);
}
END_TEST

START_TEST(records_of_crashes_and_what_is_preserved_stay)
{
    struct guest_spec spec = rig_spec("kept");
    spec.on_crash = SPEC_PRESERVE;
    struct guest *kept = rig_boot(&rig, &spec);
    struct guest *crashed = rig_boot_named(&rig, "crashed");
    death_crash(kept, "it did this");
    death_crash(crashed, "it did that");
    advance(SECOND);
    for (int i = 0; i < 2; i++) {
        restart_and_wait();
        ck_assert_uint_eq(domains(), 1);
        ck_assert_uint_eq(rig.iod.guest_count, 1);
        kept = rig_find(&rig, "kept");
        ck_assert_str_eq(guest_state_name(kept), "crashed");
        ck_assert_str_eq(kept->reason, "it did this");
        ck_assert_ptr_nonnull(kept->control.page);
        ck_assert_str_eq(rig_find(&rig, "crashed")->reason, "it did that");
        ck_assert_uint_eq(rig.core.tombstone_count, 1);
        /* What it printed, no chaos-iod has any more. */
        ck_assert_uint_eq(rig.core.iod.dead.count, 0);
    }
    destroy_guest(kept, NULL);
    destroy_guest(rig_find(&rig, "crashed"), NULL);
}
END_TEST

START_TEST(what_is_destroyed_does_not_come_back)
{
    destroy_guest(rig_boot_named(&rig, "web"), NULL);
    struct guest *guest = rig_boot_named(&rig, "b");
    rig.iod.silent = true;
    destroy_guest(guest, NULL);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
    rig.iod.silent = false;
    /* chaos-iod still serves the second, and Xen still has it. */
    restart_and_wait();
    ck_assert_uint_eq(rig.core.guests.named, 0);
    ck_assert_uint_eq(rig.iod.guest_count, 0);
    ck_assert_uint_eq(domains(), 0);
}
END_TEST

START_TEST(another_network_crashes_its_guests)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig_kill(&rig);
    rig.config.network = (struct hostnet_ip){{10, 99, 0, 0}};
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_str_eq(rig_find(&rig, "web")->reason,
                     "its address is not one of this network any more");
    ck_assert_uint_eq(domains(), 0);
    destroy_guest(rig_find(&rig, "web"), NULL);
}
END_TEST

/* ---- chaos-iod ---------------------------------------------------------------------- */

START_TEST(an_iod_that_died_too_is_replaced_and_gets_all)
{
    struct guest_spec spec = rig_spec("bridged");
    snprintf(spec.vif[0].bridge, sizeof(spec.vif[0].bridge), "br0");
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    fill_pool(loaded);
    rig_kill(&rig);
    iod_fake_die(&rig.iod);
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_uint_eq(rig.iod.starts, 2);
    ck_assert(rig.iod.got_uplink);
    ck_assert_uint_eq(rig.iod.guest_count, 5);
    ck_assert_uint_eq(ready(), 3);
    ck_assert_uint_eq(domains(), 5);
    const struct guest *guest = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->attach.resumed, 1);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, rig_find(&rig, "bridged")->id)->fd_count, 3);
}
END_TEST

START_TEST(an_adopted_iod_that_dies_is_replaced_with_its_uplink)
{
    struct guest_spec spec = rig_spec("bridged");
    snprintf(spec.vif[0].bridge, sizeof(spec.vif[0].bridge), "br0");
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    restart_and_wait();
    iod_fake_die(&rig.iod);
    advance(SECOND);
    ck_assert_uint_eq(rig.iod.starts, 2);
    ck_assert(rig.iod.got_uplink);
    ck_assert_uint_eq(rig.iod.guest_count, 2);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "bridged")), "running");
}
END_TEST

START_TEST(a_guest_that_iod_misses_is_attached_again)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    uint64_t id = rig_boot_named(&rig, "b")->id;
    rig_kill(&rig);
    iod_fake_forget(&rig.iod, id);
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_uint_eq(rig.iod.attaches, 3);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, id)->attach.resumed, 1);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "b")), "running");
}
END_TEST

START_TEST(one_that_cannot_be_attached_again_is_crashed)
{
    uint64_t id = rig_boot_named(&rig, "web")->id;
    rig_kill(&rig);
    iod_fake_forget(&rig.iod, id);
    rig.iod.attach_status = -ENOMEM;
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_str_eq(rig_find(&rig, "web")->reason,
                     "its devices could not be attached again: the fake refuses");
    rig.iod.attach_status = 0;
    destroy_guest(rig_find(&rig, "web"), NULL);
}
END_TEST

START_TEST(an_iod_of_another_version_is_replaced)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig_kill(&rig);
    rig.iod.version++;
    rig_restart_with(&rig, false);
    rig.iod.version--;
    advance(SECOND);
    ck_assert(rig.started);
    ck_assert_uint_ge(rig.iod.starts, 2);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
}
END_TEST

START_TEST(whom_nobody_knows_iod_lets_go)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig_kill(&rig);
    for (uint64_t id = 1; id <= 100; id++)
        iod_fake_pretend(&rig.iod, id);
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
    ck_assert_uint_eq(rig.iod.detaches, 100);
    ck_assert_uint_eq(rig.iod.kills, 0);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
}
END_TEST

START_TEST(one_that_lies_about_whom_it_serves_is_replaced)
{
    uint64_t id = rig_boot_named(&rig, "web")->id;
    struct io_msg_serves serves = {
        .header = {.type = IO_MSG_SERVES, .size = sizeof(serves), .guest = id}};
    restart_and_wait();
    iod_fake_say(&rig.iod, &serves, sizeof(serves));
    advance(SECOND);
    ck_assert_uint_eq(rig.iod.kills, 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    rig_kill(&rig);
    iod_fake_pretend(&rig.iod, id);
    rig_restart_with(&rig, false);
    advance(SECOND);
    ck_assert(rig.started);
    ck_assert_uint_eq(rig.iod.kills, 2);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

/* ---- shells ------------------------------------------------------------------------- */

START_TEST(shells_are_adopted_and_serve)
{
    fill_pool(loaded);
    hv_fake_calls_reset(rig.hv);
    restart_and_wait();
    ck_assert_uint_eq(ready(), 3);
    ck_assert_uint_eq(domains(), 3);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
    ck_assert_uint_eq(rig.core.guests.named, 0);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
    ck_assert_str_eq(rig_page(&rig, rig_find(&rig, "web"))->name, "web");
}
END_TEST

START_TEST(empty_shells_too)
{
    fill_pool("memory=2 nics=1 target=2 low=2 max=2");
    restart_and_wait();
    ck_assert_uint_eq(ready(), 2);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_SHELL);
}
END_TEST

START_TEST(shells_of_no_flavour_are_destroyed)
{
    fill_pool(loaded);
    rig.flavour = "memory=4 nics=1 target=1";
    restart_and_wait();
    ck_assert_uint_eq(domains(), 1);
    ck_assert_uint_eq(ready(), 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(more_than_a_flavour_may_have_are_destroyed)
{
    fill_pool("memory=2 nics=1 target=3 low=3 max=3");
    rig.flavour = "memory=2 nics=1 target=1 low=1 max=1";
    restart_and_wait();
    ck_assert_uint_eq(domains(), 1);
    ck_assert_uint_eq(ready(), 1);
}
END_TEST

START_TEST(learned_flavours_are_learned_again)
{
    rig.config.pool.learn = 2;
    restart();
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    advance(SECOND);
    ck_assert_uint_eq(ready(), 2);
    restart_and_wait();
    ck_assert_uint_eq(ready(), 2);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "b"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
}
END_TEST

START_TEST(a_shell_that_has_run_is_no_shell)
{
    fill_pool(loaded);
    struct hv *hv = hv_fake_port(rig.hv);
    uint32_t domid = rig.core.guests.by_domid[0]->domid;
    rig_kill(&rig);
    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), 0);
    rig_restart(&rig);
    loop_fake_run(rig.loop);
    const struct hv_fake_domain_view *domain = hv_fake_domain(rig.hv, domid);
    ck_assert(domain == NULL || domain->dying);
    advance(SECOND);
    ck_assert_uint_eq(ready(), 3);
}
END_TEST

/* ---- in the middle of something ----------------------------------------------------- */

START_TEST(a_create_that_was_not_answered_leaves_nothing)
{
    struct guest_spec spec = rig_spec("web");
    rig.iod.silent = true;
    rig_create(&rig, &spec, true);
    ck_assert_uint_eq(domains(), 1);
    rig.iod.silent = false;
    restart_and_wait();
    ck_assert_uint_eq(rig.core.guests.named, 0);
    ck_assert_uint_eq(domains(), 0);
    ck_assert_uint_eq(rig.iod.guest_count, 0);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
}
END_TEST

START_TEST(a_shell_that_is_being_built_is_destroyed)
{
    rig.iod.silent = true;
    fill_pool("memory=2 nics=1 target=1");
    ck_assert_uint_eq(domains(), 1);
    rig.iod.silent = false;
    rig.flavour = NULL;
    restart_and_wait();
    ck_assert_uint_eq(domains(), 0);
}
END_TEST

/* What a dead chaosd has written of a claim: the domain has not run, its window may be another's.
 */
START_TEST(a_claim_that_did_not_run_is_destroyed)
{
    fill_pool(loaded);
    struct guest *shell = rig.core.guests.by_domid[0];
    uint32_t domid = shell->domid;
    snprintf(shell->name, sizeof(shell->name), "web");
    ck_assert_int_eq(store_save(shell, STORE_GUEST), 0);
    shell->name[0] = '\0';
    restart();
    ck_assert_ptr_null(rig_find(&rig, "web"));
    const struct hv_fake_domain_view *domain = hv_fake_domain(rig.hv, domid);
    ck_assert(domain == NULL || domain->dying);
    advance(SECOND);
    ck_assert_uint_eq(ready(), 3);
    ck_assert_uint_eq(domains(), 3);
}
END_TEST

START_TEST(domains_of_others_are_never_touched)
{
    struct hv *hv = hv_fake_port(rig.hv);
    struct hv_domain_params params = {
        .vcpus = 1, .ram_pages = 512, .grant_frames = 1, .event_ports = 64};
    uint32_t other, ours, neighbours;
    random_uuid(params.uuid);
    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &other), 0);
    store_uuid((uint8_t[]){'c', 'h', 1, 2, 3, 5}, params.uuid);
    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &neighbours), 0);
    store_uuid(rig.config.mark, params.uuid);
    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &ours), 0);
    restart_and_wait();
    ck_assert_ptr_null(hv_fake_domain(rig.hv, ours));
    ck_assert_ptr_nonnull(hv_fake_domain(rig.hv, other));
    ck_assert_ptr_nonnull(hv_fake_domain(rig.hv, neighbours));
    hv->ops->domain_destroy(hv, other);
    hv->ops->domain_destroy(hv, neighbours);
}
END_TEST

/* ---- a damaged store ---------------------------------------------------------------- */

static struct store_record record_of(const char *name)
{
    struct store_record record = {.version = STORE_VERSION, .size = sizeof(record)};
    const struct guest *guest = rig_find(&rig, name);
    record.id = guest->id;
    return record;
}

START_TEST(a_record_that_is_wrong_costs_one_guest)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "good"));
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "bad"));
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "short"));
    struct store_record record = record_of("bad");
    ck_assert_int_eq(keyval_put(rig.store, record.id, &record, sizeof(record)), 0);
    ck_assert_int_eq(keyval_put(rig.store, record_of("short").id, &record, 5), 0);
    ck_assert_int_eq(keyval_put(rig.store, 12345, "rubbish", 8), 0);
    restart_and_wait();
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "good")), "running");
    ck_assert_uint_eq(rig.core.guests.named, 1);
    ck_assert_uint_eq(domains(), 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(two_records_of_one_name_are_one_guest)
{
    struct guest *first = rig_boot_named(&rig, "a");
    struct guest *second = rig_boot_named(&rig, "b");
    char name[sizeof(second->name)];
    memcpy(name, second->name, sizeof(name));
    snprintf(second->name, sizeof(second->name), "%s", first->name);
    ck_assert_int_eq(store_save(second, STORE_GUEST), 0);
    memcpy(second->name, name, sizeof(name));
    restart_and_wait();
    ck_assert_uint_eq(rig.core.guests.named, 1);
    ck_assert_uint_eq(domains(), 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(a_lost_store_costs_all_guests_and_nothing_is_left)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    fill_pool(loaded);
    rig_kill(&rig);
    ck_assert_int_eq(unlink(rig.store_path), 0);
    rig.flavour = NULL;
    rig_restart(&rig);
    advance(SECOND);
    ck_assert_uint_eq(rig.core.guests.named, 0);
    ck_assert_uint_eq(domains(), 0);
    ck_assert_uint_eq(rig.iod.guest_count, 0);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
}
END_TEST

/* ---- an orderly end ----------------------------------------------------------------- */

START_TEST(leaving_answers_who_waits_and_leaves_the_rest)
{
    struct guest_spec spec = rig_spec("late");
    struct guest *guest = rig_boot_named(&rig, "web");
    struct error error;
    int code = -1;
    fill_pool(loaded);
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, SECOND, false, on_done, &code, &error),
                     0);
    spec.memory_mib = 4;
    rig_create(&rig, &spec, true);
    core_leave(&rig.core);
    ck_assert_int_eq(code, UKVM_E_NO_DAEMON);
    advance(SECOND);
    ck_assert(rig.stopped);
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_DAEMON);
    ck_assert_uint_eq(domains(), 4);
    rig.stopped = false;
    restart_and_wait();
    ck_assert_uint_eq(ready(), 3);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    ck_assert_ptr_null(rig_find(&rig, "late"));
}
END_TEST

START_TEST(again_and_again)
{
    fill_pool(loaded);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof(name), "web-%d", i);
        ck_assert_ptr_nonnull(rig_boot_named(&rig, name));
        restart_and_wait();
        ck_assert_uint_eq(rig.core.guests.named, (unsigned)i + 1);
        ck_assert_uint_eq(ready(), 3);
        ck_assert_uint_eq(domains(), (unsigned)i + 4);
        ck_assert_uint_eq(rig.iod.guest_count, (unsigned)i + 4);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "adopt", setup, teardown, a_running_guest_is_the_same_and_does_not_notice,
        its_addresses_are_nobody_elses, one_that_boots_becomes_ready_under_the_next,
        a_paused_one_stays_paused, requests_go_on_counting,
        words_that_a_guest_cannot_say_crash_it_after_a_restart_too, ends_that_nobody_saw_are_seen,
        a_domain_id_that_is_anothers_now_is_left_alone,
        records_of_crashes_and_what_is_preserved_stay, what_is_destroyed_does_not_come_back,
        another_network_crashes_its_guests, an_iod_that_died_too_is_replaced_and_gets_all,
        an_adopted_iod_that_dies_is_replaced_with_its_uplink,
        a_guest_that_iod_misses_is_attached_again, one_that_cannot_be_attached_again_is_crashed,
        an_iod_of_another_version_is_replaced, whom_nobody_knows_iod_lets_go,
        one_that_lies_about_whom_it_serves_is_replaced, shells_are_adopted_and_serve,
        empty_shells_too, shells_of_no_flavour_are_destroyed,
        more_than_a_flavour_may_have_are_destroyed, learned_flavours_are_learned_again,
        a_shell_that_has_run_is_no_shell, a_create_that_was_not_answered_leaves_nothing,
        a_shell_that_is_being_built_is_destroyed, a_claim_that_did_not_run_is_destroyed,
        domains_of_others_are_never_touched, a_record_that_is_wrong_costs_one_guest,
        two_records_of_one_name_are_one_guest, a_lost_store_costs_all_guests_and_nothing_is_left,
        leaving_answers_who_waits_and_leaves_the_rest, again_and_again);
}
