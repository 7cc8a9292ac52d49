/* core/pool: shells are built ahead, claimed whole, and nothing of them is left. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/elf_build.h"
#include "fixture/suite.h"
#include "noxs/access.h"

#define SECOND (1000 * RIG_MS)

static struct rig rig;
static char image_path[64]; /* of the rig's image, for a pool that opens it by itself */

static void setup(void)
{
    rig_init(&rig);
    snprintf(image_path, sizeof(image_path), "/proc/self/fd/%d", rig.image_fd);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static int try_set(const char *text)
{
    struct pool_setting setting;
    struct error error;
    int rc = pool_setting_parse("test", text, &setting, &error);
    return rc < 0 ? rc : pool_set(&rig.core.pool, &setting, &error);
}

static void set(const char *text)
{
    ck_assert_int_eq(try_set(text), 0);
}

static void advance(uint64_t ns)
{
    /* Reads of images are in real time. */
    for (int i = 0; i < 10; i++) {
        loop_fake_advance(rig.loop, ns / 10);
        rig_run(&rig);
    }
}

static void set_loaded(unsigned target)
{
    char text[160];
    snprintf(text, sizeof(text), "memory=2 nics=1 target=%u low=%u image=%s", target, target,
             image_path);
    set(text);
    advance(SECOND);
}

static struct pool_flavour *flavour(unsigned index)
{
    struct list *node = rig.core.pool.flavours.next;
    while (index-- > 0)
        node = node->next;
    ck_assert_ptr_ne(node, &rig.core.pool.flavours);
    return LIST_OWNER(node, struct pool_flavour, all);
}

static struct guest *first_shell(unsigned index)
{
    ck_assert(!list_empty(&flavour(index)->shells));
    return LIST_OWNER(flavour(index)->shells.next, struct guest, shell);
}

START_TEST(shells_are_built_to_the_target_and_nobody_sees_them)
{
    struct guest *guest;
    struct error error;
    char domid[16];
    set_loaded(3);
    ck_assert_uint_eq(flavour(0)->ready, 3);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 3);
    ck_assert_uint_eq(rig.core.guests.named, 0);
    ck_assert_uint_eq(guest_table_next_named(&rig.core.guests, 0), rig.core.guests.domid_count);
    snprintf(domid, sizeof(domid), "%u", first_shell(0)->domid);
    ck_assert_int_eq(guest_table_find(&rig.core.guests, domid, &guest, &error), -UKVM_E_NOT_FOUND);
    ck_assert_str_eq(guest_state_name(first_shell(0)), "shell");
}
END_TEST

START_TEST(no_instruction_of_a_shell_has_run)
{
    set_loaded(2);
    const struct hv_fake_domain_view *domain = hv_fake_domain(rig.hv, first_shell(0)->domid);
    ck_assert(domain->paused);
    ck_assert(domain->loaded);
    ck_assert(domain->trimmed);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_unpause"), 0);
    ck_assert_ptr_nonnull(iod_fake_find(&rig.iod, first_shell(0)->id));
}
END_TEST

START_TEST(a_loaded_shell_becomes_the_guest_that_was_asked_for)
{
    struct guest_spec spec = rig_spec("web");
    spec.on_crash = SPEC_PRESERVE;
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    set_loaded(2);
    struct guest *shell = first_shell(0);
    uint32_t domid = shell->domid;
    hv_fake_calls_reset(rig.hv);
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_ptr_eq(guest, shell);
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    ck_assert_uint_eq(guest->domid, domid);
    ck_assert_str_eq(guest->name, "web");
    ck_assert_str_eq(guest->kernel, "/boot/kernel");
    ck_assert_int_eq(guest->on_crash, SPEC_PRESERVE);
    ck_assert_uint_eq(rig.hostnet.rule_count, 1);
    ck_assert_str_eq(rig_page(&rig, guest)->name, "web");
    ck_assert_mem_eq(rig_page(&rig, guest)->device[1].config.net.mac, guest->vif[0].mac.octet, 6);
    ck_assert_ptr_eq(rig_find(&rig, "web"), guest);
    ck_assert_uint_eq(flavour(0)->hits, 1);
    /* All that the hypervisor does for it. */
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_unpause"), 1);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "host_info"), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_load"), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
}
END_TEST

START_TEST(a_command_line_reaches_a_loaded_shell)
{
    struct guest_spec spec = rig_spec("web");
    strcpy(spec.cmdline, "port=13");
    set_loaded(1);
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    ck_assert_str_eq(hv_fake_domain(rig.hv, guest->domid)->cmdline, "port=13");
    ck_assert_uint_eq(rig_page(&rig, guest)->magic, NOXS_MAGIC);
}
END_TEST

START_TEST(a_loaded_shell_runs_on_the_cpus_asked_for)
{
    struct guest_spec spec = rig_spec("web");
    spec.cpus.kind = SPEC_CPUS_ONLY;
    hv_cpus_add(&spec.cpus.named, 5);
    set_loaded(1);
    uint32_t domid = first_shell(0)->domid;
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
    ck_assert_uint_eq(first_shell(0)->domid, domid);
    spec.cpus.named = (struct hv_cpus){{2}};
    ck_assert_uint_eq(rig_boot(&rig, &spec)->domid, domid);
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    ck_assert_uint_eq(hv_fake_domain(rig.hv, domid)->cpus.word[0], 2);
    ck_assert_ptr_nonnull(strstr(hv_fake_calls(rig.hv), "vcpu_affinity domain_unpause"));
}
END_TEST

START_TEST(an_empty_shell_gets_its_image_and_keeps_its_window)
{
    struct guest_spec spec = rig_spec("web");
    strcpy(spec.cmdline, "port=13");
    spec.cpus.kind = SPEC_CPUS_EXCEPT;
    hv_cpus_add(&spec.cpus.named, 1);
    set("memory=2 nics=1 target=2 low=2");
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    struct guest *shell = first_shell(0);
    ck_assert(!hv_fake_domain(rig.hv, shell->domid)->loaded);
    /* What iod has written by now. */
    rig_page(&rig, shell)->device_host_state[1] = NOXS_DEV_STATE_OPEN;
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_ptr_eq(guest, shell);
    ck_assert_int_eq(rig.path, CREATE_CLAIM_SHELL);
    ck_assert(hv_fake_domain(rig.hv, guest->domid)->loaded);
    ck_assert(!hv_cpus_have(&hv_fake_domain(rig.hv, guest->domid)->cpus, 1));
    ck_assert_str_eq(hv_fake_domain(rig.hv, guest->domid)->cmdline, "port=13");
    ck_assert_uint_eq(rig_page(&rig, guest)->device_host_state[1], NOXS_DEV_STATE_OPEN);
    ck_assert_str_eq(rig_page(&rig, guest)->name, "web");
}
END_TEST

START_TEST(what_no_shell_fits_is_built_cold_and_says_why)
{
    struct guest_spec spec = rig_spec("a");
    set_loaded(1);
    spec.memory_mib = 4;
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.path, CREATE_COLD);
    ck_assert_int_eq(rig.cold, CREATE_COLD_UNKNOWN);
    spec = rig_spec("b");
    spec.vif[0].has_ip = true;
    spec.vif[0].ip = (struct hostnet_ip){{10, 77, 3, 4}};
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_int_eq(rig.cold, CREATE_COLD_ADDRESS);
    ck_assert_mem_eq(guest->vif[0].ip.octet, spec.vif[0].ip.octet, 4);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "c"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "d"));
    ck_assert_int_eq(rig.cold, CREATE_COLD_EMPTY);
    ck_assert_uint_eq(flavour(0)->misses, 1);
    ck_assert_str_eq(create_path_text(CREATE_COLD, CREATE_COLD_EMPTY),
                     "cold: no shell of this flavour is ready");
}
END_TEST

START_TEST(an_address_that_a_shell_has_is_given_to_who_asks_for_it)
{
    struct guest_spec spec = rig_spec("web");
    set_loaded(1);
    spec.vif[0].has_ip = true;
    spec.vif[0].ip = first_shell(0)->vif[0].ip;
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    spec = rig_spec("mac");
    advance(SECOND);
    spec.vif[0].has_mac = true;
    memcpy(spec.vif[0].mac, first_shell(0)->vif[0].mac.octet, 6);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(a_flavour_asked_for_is_kept_until_it_is_unused)
{
    set("learn=2");
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    ck_assert(flavour(0)->learned);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "b"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
    advance(500 * SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    advance(200 * SECOND);
    ck_assert(list_empty(&rig.core.pool.flavours));
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 2);
}
END_TEST

START_TEST(a_flavour_that_several_ask_for_at_once_is_learned_once)
{
    struct guest_spec first = rig_spec("a");
    struct guest_spec second = rig_spec("b");
    set("learn=2");
    rig_create(&rig, &first, true);
    rig_create(&rig, &second, true);
    ck_assert(list_empty(&rig.core.pool.flavours));
    rig_say(&rig, rig_find(&rig, "a"), NOXS_GUEST_READY, 0);
    rig_say(&rig, rig_find(&rig, "b"), NOXS_GUEST_READY, 0);
    advance(SECOND);
    ck_assert_uint_eq(rig.core.pool.flavour_count, 1);
    ck_assert_uint_eq(flavour(0)->ready, 2);
}
END_TEST

START_TEST(the_nth_failure_while_shells_are_built_leaves_nothing)
{
    for (unsigned nth = 1;; nth++) {
        ck_assert_uint_lt(nth, 60);
        hv_fake_fail(rig.hv, NULL, nth, EIO);
        set_loaded(1);
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        /* Tried again, after a while. */
        advance(5 * SECOND);
        ck_assert_uint_eq(flavour(0)->ready, 1);
        ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
        set("learn=0");
        char text[160];
        snprintf(text, sizeof(text), "memory=2 nics=1 target=0 image=%s", image_path);
        set(text);
        advance(SECOND);
        struct hv_fake_leaks leaks = hv_fake_leaks(rig.hv);
        ck_assert_uint_eq(leaks.domains + leaks.ports + leaks.maps + leaks.fds, 0);
        ck_assert_uint_eq(rig.core.addr.macs.count, 1); /* the uplink's */
        if (!failed)
            break;
    }
}
END_TEST

static void fail_claims(const char *setting)
{
    struct guest_spec spec = rig_spec("web");
    strcpy(spec.cmdline, "x");
    spec.cpus.kind = SPEC_CPUS_ONLY;
    hv_cpus_add(&spec.cpus.named, 0);
    for (unsigned nth = 1;; nth++) {
        ck_assert_uint_lt(nth, 30);
        set(setting);
        advance(SECOND);
        ck_assert_uint_eq(flavour(0)->ready, 1);
        hv_fake_fail(rig.hv, NULL, nth, EIO);
        rig_create(&rig, &spec, false);
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        advance(SECOND);
        if (rig.guest != NULL)
            destroy_guest(rig.guest, NULL);
        advance(SECOND);
        ck_assert_ptr_null(rig_find(&rig, "web"));
        ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
        ck_assert_uint_eq(hv_fake_leaks(rig.hv).maps, 1);
        if (!failed)
            break;
    }
}

START_TEST(the_nth_failure_while_a_shell_is_claimed_leaves_nothing)
{
    char text[160];
    snprintf(text, sizeof(text), "memory=2 nics=1 target=1 image=%s", image_path);
    fail_claims(text);
    snprintf(text, sizeof(text), "memory=2 nics=1 target=0 image=%s", image_path);
    set(text);
    fail_claims("memory=2 nics=1 target=1");
}
END_TEST

START_TEST(the_budget_bounds_the_pool)
{
    set("budget=5");
    set_loaded(8);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    ck_assert_ptr_nonnull(strstr(flavour(0)->note, "budget"));
    set("budget=3");
    ck_assert_uint_eq(flavour(0)->ready, 1);
    ck_assert_uint_le(pool_held_bytes(&rig.core.pool), UINT64_C(3) << 20);
}
END_TEST

START_TEST(the_host_keeps_memory_to_spare)
{
    hv_fake_set_free_bytes(rig.hv, UINT64_C(70) << 20);
    set_loaded(8);
    advance(2 * SECOND);
    ck_assert_uint_lt(flavour(0)->ready, 4);
    ck_assert_ptr_nonnull(strstr(flavour(0)->note, "short of memory"));
}
END_TEST

START_TEST(shells_make_room_for_a_guest)
{
    struct guest_spec spec = rig_spec("big");
    set_loaded(4);
    spec.memory_mib = 40;
    hv_fake_set_free_bytes(rig.hv, UINT64_C(47) << 20);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    ck_assert_uint_lt(flavour(0)->ready, 4);
}
END_TEST

START_TEST(no_shell_gives_way_when_all_would_not_be_enough)
{
    struct guest_spec spec = rig_spec("huge");
    set_loaded(4);
    advance(2 * SECOND);
    spec.memory_mib = 400;
    hv_fake_set_free_bytes(rig.hv, UINT64_C(39) << 20);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_MEMORY);
    ck_assert_uint_eq(flavour(0)->ready, 4);
}
END_TEST

START_TEST(low_water_starts_a_refill_and_target_ends_it)
{
    char text[160];
    snprintf(text, sizeof(text), "memory=2 nics=1 target=4 low=2 image=%s", image_path);
    set(text);
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 4);
    rig_boot_named(&rig, "a");
    rig_boot_named(&rig, "b");
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    rig_boot_named(&rig, "c");
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 4);
}
END_TEST

START_TEST(builds_hold_off_while_requests_come)
{
    set_loaded(1);
    set("memory=2 nics=0 target=4");
    for (int i = 0; i < 5; i++) {
        pool_note_request(&rig.core.pool);
        loop_fake_advance(rig.loop, 4 * RIG_MS);
    }
    ck_assert_uint_eq(flavour(1)->built, 0);
    advance(SECOND);
    ck_assert_uint_eq(flavour(1)->ready, 4);
}
END_TEST

START_TEST(a_replaced_image_ends_the_shells_that_hold_the_old_one)
{
    struct stat before;
    set_loaded(2);
    uint64_t old = first_shell(0)->id;
    ck_assert_int_eq(fstat(rig.image_fd, &before), 0);
    /* Its times differ now, though its bytes do not. */
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    ck_assert_int_eq(futimens(rig.image_fd, times), 0);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "at-once"));
    ck_assert_int_eq(rig.path, CREATE_COLD);
    advance(20 * SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    ck_assert_uint_ne(first_shell(0)->id, old);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "later"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
}
END_TEST

START_TEST(a_shell_that_vanishes_is_replaced)
{
    set_loaded(1);
    struct guest *shell = first_shell(0);
    uint64_t id = shell->id;
    struct hv *hv = hv_fake_port(rig.hv);
    ck_assert_int_eq(hv->ops->domain_destroy(hv, shell->domid), 0);
    advance(2 * SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 1);
    ck_assert_uint_ne(first_shell(0)->id, id);
    iod_fake_fault(&rig.iod, first_shell(0)->id, "a lie");
    advance(2 * SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 1);
    ck_assert_uint_eq(flavour(0)->built, 3);
}
END_TEST

START_TEST(shells_survive_a_restart_of_iod)
{
    set_loaded(2);
    iod_fake_die(&rig.iod);
    advance(SECOND);
    ck_assert_uint_eq(flavour(0)->ready, 2);
    ck_assert_ptr_nonnull(iod_fake_find(&rig.iod, first_shell(0)->id));
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.path, CREATE_CLAIM_LOADED);
}
END_TEST

START_TEST(a_shell_that_iod_does_not_serve_is_not_taken)
{
    set_loaded(1);
    rig.iod.silent = true;
    iod_fake_die(&rig.iod);
    loop_fake_run(rig.loop);
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    ck_assert_uint_eq(flavour(0)->misses, 1);
    rig.iod.silent = false;
    advance(12 * SECOND);
}
END_TEST

START_TEST(a_stop_ends_shells_and_builds)
{
    set("memory=2 nics=1 target=4");
    loop_fake_advance(rig.loop, 6 * RIG_MS);
    core_stop(&rig.core);
    loop_fake_advance(rig.loop, SECOND);
    ck_assert(rig.stopped);
}
END_TEST

START_TEST(settings_are_checked)
{
    static const char *const wrong[] = {"",
                                        "memory",
                                        "memory=x",
                                        "memory=2",
                                        "target=2",
                                        "memory=2 budget=3",
                                        "memory=0 target=1",
                                        "memory=2 target=1 low=2",
                                        "colour=red",
                                        "memory=2 target=4 max=3",
                                        "memory=2 target=1 image=relative",
                                        "memory=2 target=1 nics=3",
                                        "rate=0"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_int_eq(try_set(wrong[i]), -UKVM_E_CONFIG);
    for (unsigned i = 0; i < LIMIT_FLAVOURS; i++) {
        char text[64];
        snprintf(text, sizeof(text), "memory=%u target=1 image=/nowhere", i + 1);
        set(text);
    }
    ck_assert_int_eq(try_set("memory=100 target=1"), -UKVM_E_LIMIT);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "pool", setup, teardown, shells_are_built_to_the_target_and_nobody_sees_them,
        no_instruction_of_a_shell_has_run, a_loaded_shell_becomes_the_guest_that_was_asked_for,
        a_command_line_reaches_a_loaded_shell, a_loaded_shell_runs_on_the_cpus_asked_for,
        an_empty_shell_gets_its_image_and_keeps_its_window,
        what_no_shell_fits_is_built_cold_and_says_why,
        an_address_that_a_shell_has_is_given_to_who_asks_for_it,
        a_flavour_asked_for_is_kept_until_it_is_unused,
        a_flavour_that_several_ask_for_at_once_is_learned_once,
        no_shell_gives_way_when_all_would_not_be_enough,
        the_nth_failure_while_shells_are_built_leaves_nothing,
        the_nth_failure_while_a_shell_is_claimed_leaves_nothing, the_budget_bounds_the_pool,
        the_host_keeps_memory_to_spare, shells_make_room_for_a_guest,
        low_water_starts_a_refill_and_target_ends_it, builds_hold_off_while_requests_come,
        a_replaced_image_ends_the_shells_that_hold_the_old_one, a_shell_that_vanishes_is_replaced,
        shells_survive_a_restart_of_iod, a_shell_that_iod_does_not_serve_is_not_taken,
        a_stop_ends_shells_and_builds, settings_are_checked);
}
