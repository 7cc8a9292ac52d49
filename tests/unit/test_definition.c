/* core/definition, define, autostart and ending: what is defined, and what is started again. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/define.h"
#include "core/definition_file.h"
#include "core/verbs.h"
#include "ctl/definition_json.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;
static struct guest_spec spec;
static struct spec_terms terms;
static char *text;

/* Of the last define or rename. */
static struct definition *defined;
static struct error answer;
static unsigned answers;

static void set_text(void)
{
    json_t *config = json_pack("{s:s, s:s, s:i, s:[{}], s:s, s:i, s:i}", "name", spec.name,
                               "kernel", spec.kernel, "memory", 2, "vif", "on_crash",
                               spec.on_crash == SPEC_RESTART ? "restart" : "destroy", "autostart",
                               (int)terms.autostart, "max_restarts", (int)terms.max_restarts);

    for (unsigned i = 0; i < terms.after_count; i++) {
        if (i == 0)
            json_object_set_new(config, "after", json_array());
        json_array_append_new(json_object_get(config, "after"), json_string(terms.after[i]));
    }
    free(text);
    text = definition_json_text(config, rig.owner);
    json_decref(config);
    rig.terms = &terms;
    rig.text = text;
}

static void setup(void)
{
    rig_init(&rig);
    spec = rig_spec("web");
    spec_terms_init(&terms);
    answers = 0;
}

static void teardown(void)
{
    rig_fini(&rig);
    free(text);
    text = NULL;
}

static void on_defined(void *arg, struct definition *definition, const struct error *error)
{
    (void)arg;
    answers++;
    defined = definition;
    answer = error == NULL ? (struct error){0} : *error;
}

static struct definition *define_as(bool persistent)
{
    set_text();
    struct define_request request = {.spec = &spec,
                                     .terms = &terms,
                                     .text = text,
                                     .image_fd = dup(rig.image_fd),
                                     .owner = rig.owner,
                                     .persistent = persistent,
                                     .done = on_defined};
    unsigned before = answers;

    core_define(&rig.core, &request);
    rig_run(&rig);
    ck_assert_uint_eq(answers, before + 1);
    return defined;
}

static struct definition *define(void)
{
    return define_as(true);
}

static struct definition *define_named(const char *name)
{
    spec = rig_spec(name);
    return define();
}

/* Waits until it is ready. */
static struct guest *start(struct definition *definition)
{
    struct create_request how = rig_how(&rig, false);
    struct error error;

    ck_assert_int_eq(definition_start(definition, &how, &error), 0);
    rig_run(&rig);
    ck_assert_int_eq(rig.error.code, 0);
    rig_say(&rig, rig.guest, NOXS_GUEST_READY, 0);
    return rig.guest;
}

static void crash(struct guest *guest)
{
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    rig_run(&rig);
}

static unsigned count_files(const char *path)
{
    unsigned count = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    struct stat st;

    for (struct definition *d = definition_after(&rig.core, ""); d != NULL;
         d = definition_after(&rig.core, d->spec.name)) {
        char name[40];
        snprintf(name, sizeof(name), "%016llx.json", (unsigned long long)d->id);
        count += fstatat(fd, name, &st, 0) == 0;
        if (fstatat(fd, name, &st, 0) == 0)
            ck_assert_uint_eq(st.st_mode & 0777, 0600);
        snprintf(name, sizeof(name), "%016llx.image", (unsigned long long)d->id);
        count += fstatat(fd, name, &st, 0) == 0;
    }
    close(fd);
    return count;
}

/* ---- definitions -------------------------------------------------------------------- */

START_TEST(what_is_defined_can_be_started_and_survives_its_guest)
{
    struct definition *definition = define();
    ck_assert_ptr_nonnull(definition);
    ck_assert_str_eq(definition_state_name(definition), "defined");
    ck_assert_uint_eq(count_files(rig.state_path), 2);
    struct guest *guest = start(definition);
    ck_assert_ptr_eq(guest->definition, definition);
    ck_assert_str_eq(definition_state_name(definition), "up");
    destroy_guest(guest, NULL);
    ck_assert_str_eq(definition_state_name(definition), "defined");
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_ptr_nonnull(start(definition));
}
END_TEST

START_TEST(its_name_is_its_own)
{
    struct definition *definition = define();
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
    start(definition);
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
    struct create_request how = rig_how(&rig, false);
    ck_assert_int_eq(definition_start(definition, &how, &answer), -UKVM_E_BAD_STATE);
    ck_assert_ptr_null(define());
    ck_assert_int_eq(answer.code, UKVM_E_BAD_STATE);
    spec = rig_spec("other");
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    ck_assert_ptr_null(define());
    ck_assert_int_eq(answer.code, UKVM_E_EXISTS);
}
END_TEST

START_TEST(a_later_definition_takes_the_place_of_its_owners)
{
    rig.owner = 1000;
    define();
    uint64_t id = defined->id;
    spec.memory_mib = 4;
    ck_assert_ptr_nonnull(define());
    ck_assert_uint_gt(defined->id, id);
    ck_assert_uint_eq(rig.core.definitions.count, 1);
    ck_assert_uint_eq(defined->spec.memory_mib, 4);
    rig.owner = 1001;
    ck_assert_ptr_null(define());
    ck_assert_int_eq(answer.code, UKVM_E_EXISTS);
    ck_assert_int_eq(core_undefine(definition_by_name(&rig.core, "web"), &answer), 0);
    ck_assert_uint_eq(rig.core.definitions.count, 0);
}
END_TEST

START_TEST(definitions_of_a_user_are_bounded)
{
    rig.owner = 1000;
    for (unsigned i = 0; i < LIMIT_USER_DEFINITIONS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "g%u", i);
        ck_assert_ptr_nonnull(define_named(name));
    }
    ck_assert_ptr_null(define_named("more"));
    ck_assert_int_eq(answer.code, UKVM_E_LIMIT);
}
END_TEST

START_TEST(images_of_a_users_definitions_are_bounded)
{
    rig.owner = 1000;
    struct definition *definition = define_named("a");
    uint64_t bytes = definition->image_bytes;
    ck_assert_uint_gt(bytes, 0);
    rig_kill(&rig);
    rig_restart(&rig);
    definition = definition_by_name(&rig.core, "a");
    ck_assert_uint_eq(definition->image_bytes, bytes);
    definition->image_bytes = ((uint64_t)LIMIT_USER_DEFINED_MIB << 20) - bytes;
    ck_assert_ptr_nonnull(define_named("b"));
    ck_assert_ptr_null(define_named("c"));
    ck_assert_int_eq(answer.code, UKVM_E_LIMIT);
    ck_assert_ptr_null(definition_by_name(&rig.core, "c"));
    /* In the place of what was there, and of others. */
    ck_assert_ptr_nonnull(define_named("b"));
    rig.owner = 1001;
    ck_assert_ptr_nonnull(define_named("c"));
}
END_TEST

START_TEST(definitions_of_all_are_bounded)
{
    ck_assert_ptr_nonnull(define_named("a"));
    rig.core.definitions.count += LIMIT_DEFINITIONS - 1;
    ck_assert_ptr_null(define_named("b"));
    rig.core.definitions.count -= LIMIT_DEFINITIONS - 1;
    ck_assert_int_eq(answer.code, UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(answer.text, "limit definitions"));
}
END_TEST

START_TEST(what_is_no_image_is_not_defined)
{
    int good = rig.image_fd;
    rig.image_fd = rig_file("none", 4);
    ck_assert_ptr_null(define());
    ck_assert_int_eq(answer.code, UKVM_E_BAD_IMAGE);
    ck_assert_uint_eq(rig.core.definitions.count, 0);
    close(rig.image_fd);
    rig.image_fd = good;
    ck_assert_ptr_nonnull(define());
}
END_TEST

START_TEST(definitions_survive_chaosd_and_are_read_again)
{
    terms.autostart = true;
    terms.after_count = 1;
    snprintf(terms.after[0], sizeof(terms.after[0]), "db");
    rig.owner = 1000;
    uint64_t id = define()->id;
    spec_terms_init(&terms);
    define_named("idle");
    start(defined);
    rig_kill(&rig);
    rig_restart(&rig);
    rig_run(&rig);
    struct definition *web = definition_by_name(&rig.core, "web");
    ck_assert_ptr_nonnull(web);
    ck_assert_uint_eq(web->id, id);
    ck_assert_uint_eq(web->owner, 1000);
    ck_assert_str_eq(web->terms.after[0], "db");
    ck_assert(web->terms.autostart && web->persistent);
    struct definition *idle = definition_by_name(&rig.core, "idle");
    ck_assert_str_eq(definition_state_name(idle), "up");
    ck_assert_ptr_eq(idle->guest, rig_find(&rig, "idle"));
}
END_TEST

START_TEST(damaged_files_cost_only_their_definition)
{
    uint64_t id = define()->id;
    define_named("other");
    ck_assert_int_eq(definition_file_save(rig.config.state_directory, id, "{", NULL, 0), 0);
    ck_assert_int_eq(definition_file_save(rig.config.state_directory, 7, rig.text, "x", 1), 0);
    int fd =
        openat(rig.config.state_directory, "8000000000000001.image.new", O_CREAT | O_WRONLY, 0600);
    close(fd);
    fd = openat(rig.config.state_directory, "8000000000000002.json", O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(ftruncate(fd, DEFINITION_TEXT_MAX + 1), 0);
    close(fd);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_uint_eq(rig.core.definitions.count, 1);
    ck_assert_ptr_nonnull(definition_by_name(&rig.core, "other"));
    /* What a save that was killed has left is gone; what is wrong is for its user to look at. */
    ck_assert_int_ne(faccessat(rig.config.state_directory, "8000000000000001.image.new", F_OK, 0),
                     0);
    ck_assert_int_eq(faccessat(rig.config.state_directory, "8000000000000002.json", F_OK, 0), 0);
}
END_TEST

START_TEST(of_two_files_of_one_name_the_later_counts)
{
    define();
    uint64_t id = defined->id;
    ck_assert_int_eq(definition_file_save(rig.config.state_directory, id + 1, text, "x", 1), 0);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_uint_eq(rig.core.definitions.count, 1);
    ck_assert_uint_eq(definition_by_name(&rig.core, "web")->id, id + 1);
}
END_TEST

/* ---- policies ----------------------------------------------------------------------- */

START_TEST(a_crashed_guest_is_started_again_with_its_addresses)
{
    spec.on_crash = SPEC_RESTART;
    set_text();
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(rig.error.code, 0);
    struct guest *guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest->definition);
    ck_assert(!guest->definition->persistent);
    ck_assert_uint_eq(count_files(rig.run_path), 2);
    uint32_t domid = guest->domid;
    struct hostnet_ip ip = guest->vif[0].ip;
    struct addr_mac mac = guest->vif[0].mac;
    crash(guest);
    guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_uint_ne(guest->domid, domid);
    ck_assert_str_eq(guest_state_name(guest), "booting");
    ck_assert_mem_eq(&guest->vif[0].ip, &ip, sizeof(ip));
    ck_assert_mem_eq(&guest->vif[0].mac, &mac, sizeof(mac));
    ck_assert_uint_eq(guest->definition->restarts, 1);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
    destroy_guest(guest, NULL);
    ck_assert_uint_eq(rig.core.definitions.count, 0);
}
END_TEST

/* As with one that was detached, and another attached in its place. */
START_TEST(what_came_into_the_place_of_an_interface_leaves_it_no_address)
{
    spec.on_crash = SPEC_RESTART;
    struct definition *definition = define();
    struct guest *guest = start(definition);
    ck_assert(guest->vif[0].ip_held);
    snprintf(definition->spec.vif[0].bridge, sizeof(definition->spec.vif[0].bridge), "br0");
    crash(guest);
    guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest->vif[0].bridge, "br0");
    ck_assert(!guest->vif[0].ip_held);
}
END_TEST

START_TEST(restarts_in_a_row_are_bounded_and_ever_slower)
{
    static const unsigned delay_ms[] = {0, 100, 200};
    spec.on_crash = SPEC_RESTART;
    terms.max_restarts = 3;
    struct definition *definition = define();
    crash(start(definition));
    for (unsigned i = 1; i < 3; i++) {
        struct guest *guest = rig_find(&rig, "web");
        ck_assert_ptr_nonnull(guest);
        ck_assert_uint_eq(definition->restarts, i);
        hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
        /* Noticed within 100 ms. */
        loop_fake_advance(rig.loop, 101 * RIG_MS);
        ck_assert_str_eq(definition_state_name(definition), "restarting");
        ck_assert_ptr_null(rig_find(&rig, "web"));
        loop_fake_advance(rig.loop, (delay_ms[i] + 10) * RIG_MS);
        rig_run(&rig);
    }
    crash(rig_find(&rig, "web"));
    struct guest *record = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(record), "crashed");
    ck_assert_str_eq(record->reason, "crashed; its console may say why; given up after 3 restarts");
    ck_assert_str_eq(definition_state_name(definition), "defined");
    /* Its user may try again. */
    start(definition);
}
END_TEST

START_TEST(one_that_ran_for_long_has_not_failed_in_a_row)
{
    spec.on_crash = SPEC_RESTART;
    terms.max_restarts = 1;
    struct definition *definition = define();
    crash(start(definition));
    for (int i = 0; i < 3; i++) {
        loop_fake_advance(rig.loop, 11000 * RIG_MS);
        crash(rig_find(&rig, "web"));
        ck_assert_uint_eq(definition->restarts, 1);
        ck_assert_ptr_nonnull(rig_find(&rig, "web"));
    }
}
END_TEST

START_TEST(a_restart_that_fails_is_tried_again_and_given_up)
{
    spec.on_crash = SPEC_RESTART;
    terms.max_restarts = 2;
    struct definition *definition = define();
    struct guest *guest = start(definition);
    hv_fake_set_free_bytes(rig.hv, 0);
    crash(guest);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_str_eq(definition_state_name(definition), "defined");
    ck_assert_ptr_nonnull(strstr(definition->note, "given up after 2 restarts"));
}
END_TEST

START_TEST(a_guest_that_waits_for_its_restart_can_be_called_off)
{
    spec.on_crash = SPEC_RESTART;
    struct definition *definition = define();
    crash(start(definition));
    hv_fake_guest_shutdown(rig.hv, rig_find(&rig, "web")->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_str_eq(definition_state_name(definition), "restarting");
    ck_assert_int_eq(core_undefine(definition, &answer), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(definition_cease(definition, &answer), 0);
    ck_assert_int_eq(definition_cease(definition, &answer), -UKVM_E_BAD_STATE);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(a_restart_goes_on_under_the_next_chaosd)
{
    spec.on_crash = SPEC_RESTART;
    set_text();
    rig_create(&rig, &spec, false);
    crash(rig_find(&rig, "web"));
    struct hostnet_ip ip = rig_find(&rig, "web")->vif[0].ip;
    hv_fake_guest_shutdown(rig.hv, rig_find(&rig, "web")->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_str_eq(definition_state_name(definition_by_name(&rig.core, "web")), "restarting");
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    rig_run(&rig);
    struct guest *guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_uint_eq(guest->definition->restarts, 2);
    ck_assert_mem_eq(&guest->vif[0].ip, &ip, sizeof(ip));
    /* It crashes while there is no chaosd. */
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    rig_kill(&rig);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, 500 * RIG_MS);
    rig_run(&rig);
    guest = rig_find(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest_state_name(guest), "booting");
    ck_assert_mem_eq(&guest->vif[0].ip, &ip, sizeof(ip));
    ck_assert_uint_eq(guest->definition->restarts, 3);
}
END_TEST

static unsigned count_cores(void)
{
    unsigned count = 0;
    DIR *stream = opendir(rig.dump_path);

    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += strstr(entry->d_name, ".core") != NULL;
    closedir(stream);
    return count;
}

static bool is_dumped(void *arg)
{
    (void)arg;
    const struct guest *guest = rig_find(&rig, "web");
    return guest == NULL || guest->dump == NULL;
}

static void crash_and_dump(struct guest *guest)
{
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert(loop_fake_wait(rig.loop, is_dumped, NULL));
    rig_run(&rig);
}

START_TEST(a_core_is_dumped_before_the_end)
{
    struct stat st;
    char path[128];
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid();
    struct guest *guest = rig_boot(&rig, &spec);
    crash_and_dump(guest);
    guest = rig_find(&rig, "web");
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    ck_assert_uint_eq(count_cores(), 1);
    snprintf(path, sizeof(path), "%s/web-%llu.core", rig.dump_path,
             (unsigned long long)guest->core_time_s);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_gt(st.st_size, 2 << 20);
}
END_TEST

START_TEST(a_core_is_dumped_before_the_restart)
{
    spec.on_crash = SPEC_COREDUMP_RESTART;
    rig.owner = getuid();
    struct definition *definition = define();
    definition->spec.on_crash = SPEC_COREDUMP_RESTART;
    crash_and_dump(start(definition));
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_run(&rig);
    ck_assert_uint_eq(count_cores(), 1);
    ck_assert_uint_eq(definition->restarts, 1);
    ck_assert_ptr_nonnull(rig_find(&rig, "web"));
}
END_TEST

START_TEST(without_room_for_a_core_its_policy_goes_on)
{
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid();
    for (unsigned i = 0; i < LIMIT_CORES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%u.core", i);
        close(openat(rig.config.dump_directory, name, O_CREAT | O_WRONLY, 0600));
    }
    crash_and_dump(rig_boot(&rig, &spec));
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "crashed");
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    ck_assert_uint_eq(count_cores(), LIMIT_CORES);
}
END_TEST

START_TEST(one_users_cores_leave_room_for_those_of_others)
{
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid() == 0 ? 1000 : getuid();
    for (unsigned i = 0; i < LIMIT_USER_CORES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%u.core", i);
        close(openat(rig.config.dump_directory, name, O_CREAT | O_WRONLY, 0600));
        ck_assert_int_eq(
            fchownat(rig.config.dump_directory, name, rig.owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW),
            0);
    }
    crash_and_dump(rig_boot(&rig, &spec));
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "crashed");
    ck_assert_uint_eq(count_cores(), LIMIT_USER_CORES);
    unlinkat(rig.config.dump_directory, "0.core", 0);
    crash_and_dump(rig_boot(&rig, &spec));
    ck_assert_uint_eq(count_cores(), LIMIT_USER_CORES);
    ck_assert(faccessat(rig.config.dump_directory, "0.core", F_OK, 0) < 0);
}
END_TEST

START_TEST(a_dump_that_was_killed_is_begun_anew)
{
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid();
    struct guest *guest = rig_boot(&rig, &spec);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    rig_kill(&rig);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert(loop_fake_wait(rig.loop, is_dumped, NULL));
    rig_run(&rig);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    ck_assert_uint_ge(count_cores(), 1);
}
END_TEST

/* Of a guest with so much memory that it takes many turns. */
static struct guest *begin_dump(void)
{
    spec.memory_mib = 64;
    struct guest *guest = rig_boot(&rig, &spec);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    for (unsigned i = 0; i < 150 && guest->dump == NULL; i++)
        loop_fake_advance(rig.loop, RIG_MS);
    ck_assert_ptr_nonnull(guest->dump);
    return guest;
}

START_TEST(a_chaosd_that_leaves_leaves_the_dump_to_the_next)
{
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid();
    begin_dump();
    core_leave(&rig.core);
    rig_run(&rig);
    ck_assert_uint_eq(count_cores(), 0);
    rig_kill(&rig);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    ck_assert(loop_fake_wait(rig.loop, is_dumped, NULL));
    rig_run(&rig);
    ck_assert_uint_eq(count_cores(), 1);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "crashed");
}
END_TEST

START_TEST(of_a_guest_that_is_destroyed_meanwhile_no_core_is_left)
{
    spec.on_crash = SPEC_COREDUMP_DESTROY;
    rig.owner = getuid();
    struct guest *guest = begin_dump();
    ck_assert_uint_eq(count_cores(), 1);
    ck_assert_int_eq(core_rename(&rig.core, guest, NULL, "other", NULL, NULL, &answer),
                     -UKVM_E_BAD_STATE);
    destroy_guest(guest, NULL);
    rig_run(&rig);
    ck_assert_uint_eq(count_cores(), 0);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(a_definition_of_a_guest_that_is_gone_is_swept_up)
{
    ck_assert_ptr_nonnull(define_as(false));
    ck_assert_uint_eq(count_files(rig.run_path), 2);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_uint_eq(rig.core.definitions.count, 0);
}
END_TEST

START_TEST(what_ends_by_its_users_will_is_not_started_again)
{
    spec.on_crash = SPEC_RESTART;
    spec.on_poweroff = SPEC_RESTART;
    struct definition *definition = define();
    destroy_guest(start(definition), NULL);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_str_eq(definition_state_name(definition), "defined");
}
END_TEST

static bool has_guest(void *arg)
{
    const struct definition *definition = arg;
    return definition->guest != NULL;
}

/* As after its guest has ended: nobody waits for it. Its create waits for chaos-iod. */
static struct guest *begin_restart(struct definition *definition)
{
    struct create_request how = rig_how(&rig, false);

    how.done = NULL;
    ck_assert_int_eq(definition_start(definition, &how, &answer), 0);
    ck_assert(loop_fake_wait(rig.loop, has_guest, definition));
    ck_assert_str_eq(definition_state_name(definition), "starting");
    return definition->guest;
}

START_TEST(what_is_destroyed_while_it_is_restarted_stays_so)
{
    spec.on_crash = SPEC_RESTART;
    struct definition *definition = define();
    destroy_guest(begin_restart(definition), NULL);
    rig_run(&rig);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    rig_run(&rig);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_str_eq(definition_state_name(definition), "defined");
    /* Until somebody wants it. */
    start(definition);
    crash(rig_find(&rig, "web"));
    ck_assert_ptr_nonnull(rig_find(&rig, "web"));
}
END_TEST

START_TEST(what_is_restarted_while_all_are_stopped_is_not_the_next_ones)
{
    spec.on_crash = SPEC_RESTART;
    begin_restart(define());
    core_stop(&rig.core);
    rig_run(&rig);
    rig_kill(&rig);
    rig_restart(&rig);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    rig_run(&rig);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_str_eq(definition_state_name(definition_by_name(&rig.core, "web")), "defined");
}
END_TEST

/* ---- restart ------------------------------------------------------------------------ */

START_TEST(restart_waits_for_the_end_and_for_the_next)
{
    struct definition *definition = define();
    struct guest *guest = start(definition);
    uint32_t domid = guest->domid;
    struct create_request how = rig_how(&rig, true);
    unsigned before = rig.answers;
    ck_assert_int_eq(definition_restart(definition, &how, false, &answer), 0);
    ck_assert_int_eq(definition_restart(definition, &how, false, &answer), -UKVM_E_BAD_STATE);
    ck_assert_str_eq(guest_state_name(guest), "shutting-down");
    hv_fake_guest_shutdown(rig.hv, domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 150 * RIG_MS);
    rig_run(&rig);
    guest = rig_find(&rig, "web");
    ck_assert_uint_ne(guest->domid, domid);
    ck_assert_uint_eq(rig.answers, before);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_uint_eq(rig.answers, before + 1);
    ck_assert_int_eq(rig.error.code, 0);
    ck_assert_uint_eq(definition->restarts, 0);
}
END_TEST

START_TEST(restart_with_force_does_not_ask)
{
    struct definition *definition = define();
    uint32_t domid = start(definition)->domid;
    struct create_request how = rig_how(&rig, false);
    ck_assert_int_eq(definition_restart(definition, &how, true, &answer), 0);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_run(&rig);
    ck_assert_int_eq(rig.error.code, 0);
    ck_assert_uint_ne(rig.guest->domid, domid);
}
END_TEST

START_TEST(a_restart_that_cannot_be_says_so)
{
    struct definition *definition = define();
    struct guest *guest = start(definition);
    struct create_request how = rig_how(&rig, false);
    unsigned before = rig.answers;
    ck_assert_int_eq(definition_restart(definition, &how, false, &answer), 0);
    loop_fake_advance(rig.loop, 11000 * RIG_MS);
    ck_assert_uint_eq(rig.answers, before + 1);
    ck_assert_int_eq(rig.error.code, UKVM_E_TIMEOUT);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_int_eq(definition_restart(definition, &how, false, &answer), 0);
    destroy_guest(guest, NULL);
    ck_assert_uint_eq(rig.answers, before + 2);
    ck_assert_int_eq(rig.error.code, UKVM_E_BAD_STATE);
}
END_TEST

/* ---- rename ------------------------------------------------------------------------- */

static void on_renamed(void *arg, const struct error *error)
{
    (void)arg;
    answers++;
    answer = error == NULL ? (struct error){0} : *error;
}

static int rename_to(struct guest *guest, struct definition *definition, const char *name)
{
    struct error error;
    int rc = core_rename(&rig.core, guest, definition, name, on_renamed, NULL, &error);

    rig_run(&rig);
    return rc;
}

START_TEST(a_guest_gets_another_name_and_keeps_it)
{
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_int_eq(rename_to(guest, NULL, "-x"), -UKVM_E_CONFIG);
    ck_assert_int_eq(rename_to(guest, NULL, "web"), -UKVM_E_EXISTS);
    ck_assert_int_eq(rename_to(guest, NULL, "shop"), 0);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_ptr_eq(rig_find(&rig, "shop"), guest);
    ck_assert_str_eq(rig_page(&rig, guest)->name, "shop");
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_ptr_nonnull(rig_find(&rig, "shop"));
}
END_TEST

START_TEST(a_definition_and_its_guest_have_one_name)
{
    struct definition *definition = define();
    start(definition);
    ck_assert_int_eq(rename_to(definition->guest, definition, "shop"), 0);
    ck_assert_int_eq(answer.code, 0);
    ck_assert_ptr_eq(definition_by_name(&rig.core, "shop"), definition);
    ck_assert_ptr_eq(rig_find(&rig, "shop"), definition->guest);
    rig_kill(&rig);
    rig_restart(&rig);
    definition = definition_by_name(&rig.core, "shop");
    ck_assert_ptr_nonnull(definition);
    ck_assert_ptr_eq(rig_find(&rig, "shop"), definition->guest);
}
END_TEST

START_TEST(a_rename_that_was_killed_half_way_is_finished)
{
    struct definition *definition = define();
    start(definition);
    char *renamed = definition_json.rename(text, "shop");
    ck_assert_int_eq(
        definition_file_save(rig.config.state_directory, definition->id, renamed, NULL, 0), 0);
    free(renamed);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_ptr_null(rig_find(&rig, "web"));
    ck_assert_ptr_nonnull(rig_find(&rig, "shop"));
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_ptr_nonnull(rig_find(&rig, "shop"));
}
END_TEST

START_TEST(a_name_that_makes_a_file_too_long_to_be_read_is_refused)
{
    static char kernel[DEFINITION_TEXT_MAX - 100];
    char name[LIMIT_NAME + 1] = {0};
    memset(kernel, 'k', sizeof(kernel) - 1);
    memset(name, 'n', LIMIT_NAME);
    json_t *config = json_pack("{s:s, s:s}", "name", "w", "kernel", kernel);
    char *longest = definition_json_text(config, 1000);
    json_decref(config);
    ck_assert_ptr_nonnull(longest);
    ck_assert_uint_gt(strlen(longest) + LIMIT_NAME - 1, DEFINITION_TEXT_MAX);
    ck_assert_ptr_null(definition_json.rename(longest, name));
    char *renamed = definition_json.rename(longest, "x");
    ck_assert_ptr_nonnull(renamed);
    free(renamed);
    free(longest);
}
END_TEST

/* ---- autostart ---------------------------------------------------------------------- */

static struct definition *define_auto(const char *name, const char *after)
{
    spec_terms_init(&terms);
    terms.autostart = true;
    if (after != NULL) {
        terms.after_count = 1;
        snprintf(terms.after[0], sizeof(terms.after[0]), "%s", after);
    }
    return define_named(name);
}

/* The host is started anew: nothing is in /run. */
static void reboot_host(void)
{
    rig_kill(&rig);
    unlink(rig.store_path);
    rig_restart(&rig);
    rig_run(&rig);
}

START_TEST(those_that_are_to_be_are_started_with_the_host_once)
{
    define_auto("a", NULL);
    spec_terms_init(&terms);
    define_named("b");
    ck_assert_ptr_null(rig_find(&rig, "a"));
    reboot_host();
    ck_assert_ptr_nonnull(rig_find(&rig, "a"));
    ck_assert_ptr_null(rig_find(&rig, "b"));
    destroy_guest(rig_find(&rig, "a"), NULL);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_kill(&rig);
    rig_restart(&rig);
    rig_run(&rig);
    ck_assert_ptr_null(rig_find(&rig, "a"));
}
END_TEST

START_TEST(one_is_started_after_those_it_names_are_ready)
{
    define_auto("web", "app");
    define_auto("app", "db");
    define_auto("db", "nobody");
    reboot_host();
    ck_assert_ptr_nonnull(rig_find(&rig, "db"));
    ck_assert_ptr_null(rig_find(&rig, "app"));
    rig_say(&rig, rig_find(&rig, "db"), NOXS_GUEST_READY, 0);
    rig_run(&rig);
    ck_assert_ptr_nonnull(rig_find(&rig, "app"));
    ck_assert_ptr_null(rig_find(&rig, "web"));
    /* One that does not get ready is waited for, and not for ever. */
    loop_fake_advance(rig.loop, 61000 * RIG_MS);
    rig_run(&rig);
    ck_assert_ptr_nonnull(rig_find(&rig, "web"));
}
END_TEST

START_TEST(those_that_wait_for_each_other_are_started_all_the_same)
{
    define_auto("a", "b");
    define_auto("b", "a");
    define_auto("c", "c");
    reboot_host();
    ck_assert_ptr_nonnull(rig_find(&rig, "c"));
    for (int i = 0; i < 2; i++) {
        struct guest *first = rig_find(&rig, i == 0 ? "c" : "a");
        if (first == NULL)
            first = rig_find(&rig, "b");
        rig_say(&rig, first, NOXS_GUEST_READY, 0);
        rig_run(&rig);
    }
    ck_assert_ptr_nonnull(rig_find(&rig, "a"));
    ck_assert_ptr_nonnull(rig_find(&rig, "b"));
}
END_TEST

START_TEST(one_that_cannot_be_started_holds_up_nobody)
{
    struct definition *definition = define_auto("a", NULL);
    char name[40];
    define_auto("b", "a");
    snprintf(name, sizeof(name), "%016llx.image", (unsigned long long)definition->id);
    ck_assert_int_eq(unlinkat(rig.config.state_directory, name, 0), 0);
    reboot_host();
    ck_assert_ptr_null(rig_find(&rig, "a"));
    ck_assert_ptr_nonnull(rig_find(&rig, "b"));
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "definition", setup, teardown, what_is_defined_can_be_started_and_survives_its_guest,
        its_name_is_its_own, a_later_definition_takes_the_place_of_its_owners,
        definitions_of_a_user_are_bounded, definitions_of_all_are_bounded,
        images_of_a_users_definitions_are_bounded, what_is_no_image_is_not_defined,
        definitions_survive_chaosd_and_are_read_again, damaged_files_cost_only_their_definition,
        of_two_files_of_one_name_the_later_counts,
        a_crashed_guest_is_started_again_with_its_addresses,
        what_came_into_the_place_of_an_interface_leaves_it_no_address,
        restarts_in_a_row_are_bounded_and_ever_slower,
        one_that_ran_for_long_has_not_failed_in_a_row,
        a_restart_that_fails_is_tried_again_and_given_up,
        a_guest_that_waits_for_its_restart_can_be_called_off,
        a_restart_goes_on_under_the_next_chaosd, a_definition_of_a_guest_that_is_gone_is_swept_up,
        a_core_is_dumped_before_the_end, a_core_is_dumped_before_the_restart,
        without_room_for_a_core_its_policy_goes_on, one_users_cores_leave_room_for_those_of_others,
        a_dump_that_was_killed_is_begun_anew, a_chaosd_that_leaves_leaves_the_dump_to_the_next,
        of_a_guest_that_is_destroyed_meanwhile_no_core_is_left,
        what_ends_by_its_users_will_is_not_started_again,
        what_is_destroyed_while_it_is_restarted_stays_so,
        what_is_restarted_while_all_are_stopped_is_not_the_next_ones,
        restart_waits_for_the_end_and_for_the_next, restart_with_force_does_not_ask,
        a_restart_that_cannot_be_says_so, a_guest_gets_another_name_and_keeps_it,
        a_definition_and_its_guest_have_one_name, a_rename_that_was_killed_half_way_is_finished,
        a_name_that_makes_a_file_too_long_to_be_read_is_refused,
        those_that_are_to_be_are_started_with_the_host_once,
        one_is_started_after_those_it_names_are_ready,
        those_that_wait_for_each_other_are_started_all_the_same,
        one_that_cannot_be_started_holds_up_nobody);
}
