/* core/create: the timeline, and that a failure at any point of it leaves nothing behind. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/elf_build.h"
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

START_TEST(boots_in_the_order_of_the_timeline)
{
    static const char *const phases[] = {
        "request", "check",    "image",  "pool", "room",    "reserve", "publish", "domain",
        "memory",  "channels", "grants", "load", "page",    "clock",   "params",  "control",
        "io",      "attach",   "record", "cpus", "unpause", "ready"};
    hv_fake_calls_reset(rig.hv);
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(rig.phase_count, sizeof(phases) / sizeof(phases[0]));
    for (size_t i = 0; i < rig.phase_count; i++)
        ck_assert_str_eq(rig.phases[i].name, phases[i]);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_unpause"), 1);
    ck_assert(!hv_fake_domain(rig.hv, guest->domid)->paused);
    /* Nobody asked for CPUs. */
    ck_assert_uint_eq(hv_fake_count(rig.hv, "host_cpus"), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "vcpu_affinity"), 0);
}
END_TEST

static struct guest_spec cpus_spec(enum spec_cpus_kind kind, unsigned cpu)
{
    struct guest_spec spec = rig_spec("web");
    spec.cpus.kind = kind;
    hv_cpus_add(&spec.cpus.named, cpu);
    return spec;
}

START_TEST(runs_on_the_cpus_asked_for)
{
    struct guest_spec spec = cpus_spec(SPEC_CPUS_ONLY, 1);
    struct guest *guest = rig_boot(&rig, &spec);
    const struct hv_cpus *cpus = &hv_fake_domain(rig.hv, guest->domid)->cpus;
    ck_assert_mem_eq(cpus, &spec.cpus.named, sizeof(*cpus));
    /* It is set before the first instruction. */
    ck_assert_ptr_nonnull(strstr(hv_fake_calls(rig.hv), "vcpu_affinity domain_unpause"));
    spec = cpus_spec(SPEC_CPUS_EXCEPT, 0);
    memcpy(spec.name, "b", 2);
    guest = rig_boot(&rig, &spec);
    cpus = &hv_fake_domain(rig.hv, guest->domid)->cpus;
    ck_assert(!hv_cpus_have(cpus, 0));
    ck_assert(hv_cpus_have(cpus, 1));
    ck_assert(hv_cpus_have(cpus, HV_CPUS_MAX - 1));
}
END_TEST

START_TEST(cpus_that_the_host_has_not_are_refused_before_anything_is_built)
{
    struct guest_spec spec = cpus_spec(SPEC_CPUS_ONLY, 1);
    hv_cpus_add(&spec.cpus.named, 64);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
    ck_assert_str_eq(rig.error.text, "web: cpus: the host has no CPU 64, its last is CPU 1");
    spec = cpus_spec(SPEC_CPUS_EXCEPT, 0);
    hv_cpus_add(&spec.cpus.named, 1);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "no CPU of the host is left"));
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
    /* They went, or are another pool's. */
    spec = cpus_spec(SPEC_CPUS_ONLY, 1);
    hv_fake_fail(rig.hv, "vcpu_affinity", 1, EINVAL);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "CPU pool"));
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(tells_the_guest_what_the_specification_says)
{
    struct guest_spec spec = rig_spec("web");
    spec.vif_count = 2;
    struct guest *guest = rig_boot(&rig, &spec);
    const struct noxs_page *page = rig_page(&rig, guest);
    const struct hv_fake_domain_view *domain = hv_fake_domain(rig.hv, guest->domid);
    ck_assert_uint_eq(page->magic, NOXS_MAGIC);
    ck_assert_uint_eq(page->domid, guest->domid);
    ck_assert_uint_eq(page->ram_pages, 512);
    ck_assert_uint_eq(page->window_pages, 12);
    ck_assert_str_eq(page->name, "web");
    ck_assert_uint_eq(page->device[0].type, NOXS_DEV_CONSOLE);
    ck_assert_uint_eq(page->device[0].ring_gfn[0], 501);
    ck_assert_uint_eq(page->device[1].type, NOXS_DEV_NET);
    ck_assert_uint_eq(page->device[1].arena_pages, 4);
    ck_assert_uint_eq(page->device[2].arena_pages, 2);
    ck_assert_uint_eq(page->device[2].arena_gref, NOXS_GREF_FIRST + 10);
    ck_assert_mem_eq(page->device[1].config.net.ip, ((uint8_t[]){10, 77, 0, 2}), 4);
    ck_assert_mem_eq(page->device[1].config.net.gateway, ((uint8_t[]){10, 77, 0, 1}), 4);
    ck_assert_uint_eq(page->device[1].config.net.prefix_len, 16);
    ck_assert_uint_eq(domain->noxs_page.n, 500);
    ck_assert_uint_eq(domain->control.n, NOXS_PORT_CONTROL);
    ck_assert_uint_eq(domain->info_gfn.n, 499);
    ck_assert_uint_eq(domain->reserved_first, 499);
    ck_assert_uint_eq(domain->shared_info.n, NOXS_SHARED_INFO_GFN);
    for (unsigned i = 0; i < 12; i++)
        ck_assert_uint_eq(domain->grants[NOXS_GREF_FIRST + i].n, 500 + i);
}
END_TEST

START_TEST(tells_iod_where_the_devices_are)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    const struct iod_fake_guest *attached = iod_fake_find(&rig.iod, guest->id);
    ck_assert_ptr_nonnull(attached);
    ck_assert_uint_eq(attached->fd_count, 2);
    ck_assert_uint_eq(attached->attach.window_pages, 8);
    ck_assert_uint_eq(attached->attach.gref_first, NOXS_GREF_FIRST);
    ck_assert_uint_eq(attached->attach.resumed, 0);
    ck_assert_uint_eq(attached->attach.vif[0].tx_window, 2);
    ck_assert_uint_eq(attached->attach.vif[0].rx_window, 3);
    ck_assert_uint_eq(attached->attach.vif[0].arena_window, 4);
    ck_assert_uint_eq(attached->attach.vif[0].arena_pages, 4);
    ck_assert_mem_eq(attached->attach.vif[0].mac, guest->vif[0].mac.octet, 6);
}
END_TEST

START_TEST(without_wait_answers_when_it_runs)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    ck_assert_uint_eq(rig.answers, 1);
    ck_assert_int_eq(rig.error.code, 0);
    ck_assert_str_eq(guest_state_name(rig.guest), "booting");
    rig_say(&rig, rig.guest, NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(rig.guest), "running");
    ck_assert_uint_eq(rig.answers, 1);
}
END_TEST

START_TEST(a_known_image_is_not_read_again)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    ck_assert_uint_eq(rig.core.images.entry_count, 1);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "b"));
    ck_assert_uint_eq(rig.core.images.entry_count, 1);
}
END_TEST

/* The nth call that can fail, of every kind, whatever it is. */
START_TEST(nothing_is_left_when_the_nth_hypercall_fails)
{
    struct guest_spec spec = cpus_spec(SPEC_CPUS_ONLY, 0);
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    for (unsigned nth = 1;; nth++) {
        ck_assert_uint_lt(nth, 100);
        hv_fake_fail(rig.hv, NULL, nth, EIO);
        rig_boot(&rig, &spec);
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        /* Some are tried again. */
        loop_fake_advance(rig.loop, 1000 * RIG_MS);
        ck_assert_uint_eq(rig.answers, nth);
        if (rig.guest != NULL) {
            destroy_guest(rig.guest, NULL);
            loop_fake_advance(rig.loop, 1000 * RIG_MS);
        } else {
            ck_assert_int_eq(rig.error.code, UKVM_E_INTERNAL);
        }
        struct hv_fake_leaks leaks = hv_fake_leaks(rig.hv);
        ck_assert_uint_eq(leaks.domains + leaks.ports + leaks.maps + leaks.fds, 0);
        ck_assert_uint_eq(rig.hostnet.rule_count, 0);
        ck_assert_ptr_null(rig_find(&rig, "web"));
        ck_assert_uint_eq(rig.core.addr.macs.count, 1); /* the uplink's */
        if (!failed)
            break;
    }
}
END_TEST

START_TEST(nothing_is_left_when_the_nth_timer_or_watch_fails)
{
    struct guest_spec spec = rig_spec("web");
    for (unsigned nth = 1;; nth++) {
        ck_assert_uint_lt(nth, 50);
        loop_fake_fail(rig.loop, nth);
        struct guest *guest = rig_boot(&rig, &spec);
        bool failed = loop_fake_failed(rig.loop);
        loop_fake_fail(rig.loop, 0);
        if (guest != NULL)
            destroy_guest(guest, NULL);
        loop_fake_advance(rig.loop, 1000 * RIG_MS);
        ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
        ck_assert_ptr_null(rig_find(&rig, "web"));
        if (!failed)
            break;
    }
}
END_TEST

START_TEST(nothing_is_left_when_the_network_refuses)
{
    struct guest_spec spec = rig_spec("web");
    spec.vif_count = 2;
    memcpy(spec.vif[1].bridge, "br0", 4);
    spec.vif[0].publish_count = 2;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    spec.vif[0].publish[1] =
        (struct spec_publish){.protocol = 6, .host_port = 81, .guest_port = 81};
    for (unsigned nth = 1; nth <= 3; nth++) {
        hostnet_fake_fail(&rig.hostnet, nth, EIO);
        ck_assert_ptr_null(rig_boot(&rig, &spec));
        ck_assert(rig.hostnet.failed);
        ck_assert_int_eq(rig.error.code, UKVM_E_INTERNAL);
        ck_assert_uint_eq(rig.hostnet.rule_count, 0);
        ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    }
    hostnet_fake_fail(&rig.hostnet, 0, 0);
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_ptr_nonnull(guest);
    ck_assert_str_eq(rig.hostnet.tap_bridge, "br0");
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->fd_count, 3);
}
END_TEST

START_TEST(a_taken_port_is_address_in_use)
{
    struct guest_spec spec = rig_spec("a");
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    memcpy(spec.name, "b", 2);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_ADDRESS_IN_USE);
}
END_TEST

START_TEST(a_taken_name_is_refused_before_anything_is_built)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    hv_fake_calls_reset(rig.hv);
    ck_assert_ptr_null(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.error.code, UKVM_E_EXISTS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
}
END_TEST

START_TEST(a_taken_address_is_refused_and_names_it)
{
    struct guest_spec spec = rig_spec("a");
    spec.vif[0].has_ip = true;
    spec.vif[0].ip = (struct hostnet_ip){{10, 77, 3, 4}};
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    memcpy(spec.name, "b", 2);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_ADDRESS_IN_USE);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "10.77.3.4"));
    spec.vif[0].ip = (struct hostnet_ip){{10, 78, 0, 4}};
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
    spec.vif[0].has_ip = false;
    spec.vif[0].has_mac = true;
    memcpy(spec.vif[0].mac, rig_find(&rig, "a")->vif[0].mac.octet, 6);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_ADDRESS_IN_USE);
}
END_TEST

START_TEST(the_mac_of_the_hosts_end_is_taken)
{
    struct guest_spec spec = rig_spec("thief");
    spec.vif[0].has_mac = true;
    memcpy(spec.vif[0].mac, rig.core.uplink_mac.octet, 6);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_ADDRESS_IN_USE);
}
END_TEST

START_TEST(too_little_memory_is_said_with_numbers)
{
    struct guest_spec spec = rig_spec("web");
    spec.memory_mib = 100;
    hv_fake_set_free_bytes(rig.hv, UINT64_C(50) << 20);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "102 MiB"));
    ck_assert_ptr_nonnull(strstr(rig.error.text, "50 MiB"));
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
}
END_TEST

static void try_image(const void *data, size_t size, int code)
{
    int before = rig.image_fd;
    rig.image_fd = rig_file(data, size);
    hv_fake_calls_reset(rig.hv);
    ck_assert_ptr_null(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.error.code, code);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
    close(rig.image_fd);
    rig.image_fd = before;
}

START_TEST(a_bad_image_is_refused_before_anything_is_built)
{
    struct elf_build spec = elf_build_good();
    uint8_t image[ELF_BUILD_SIZE_MAX];
    try_image("hello", 5, UKVM_E_BAD_IMAGE);
    try_image("", 0, UKVM_E_BAD_IMAGE);
    spec.pvh = false;
    try_image(image, elf_build(&spec, image), UKVM_E_BAD_IMAGE);
    spec = elf_build_good();
    spec.abi_min = spec.abi_max = 9;
    try_image(image, elf_build(&spec, image), UKVM_E_ABI);
    spec = elf_build_good();
    spec.segments[0].paddr = UINT64_C(1) << 30;
    try_image(image, elf_build(&spec, image), UKVM_E_BAD_IMAGE);
}
END_TEST

START_TEST(an_image_too_large_for_the_guest_is_a_config_error)
{
    struct guest_spec spec = rig_spec("web");
    spec.memory_mib = 1;
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_CONFIG);
}
END_TEST

START_TEST(an_image_that_would_fill_too_much_memory_is_refused)
{
    struct elf_build build = elf_build_good();
    uint8_t image[ELF_BUILD_SIZE_MAX];
    struct guest_spec spec = rig_spec("web");
    int before = rig.image_fd;
    spec.memory_mib = 200;
    build.segments[0].memsz_bytes = (uint64_t)LIMIT_IMAGE_FOOTPRINT_MIB << 20;
    rig.image_fd = rig_file(image, elf_build(&build, image));
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    close(rig.image_fd);
    build.segments[0].memsz_bytes++;
    rig.image_fd = rig_file(image, elf_build(&build, image));
    memcpy(spec.name, "b", 2);
    hv_fake_calls_reset(rig.hv);
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    ck_assert_int_eq(rig.error.code, UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "limit image-footprint-mib: at most 64 MiB"));
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
    close(rig.image_fd);
    rig.image_fd = before;
}
END_TEST

START_TEST(not_a_file_is_no_image)
{
    int ends[2];
    int before = rig.image_fd;
    ck_assert_int_eq(pipe(ends), 0);
    rig.image_fd = ends[0];
    ck_assert_ptr_null(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.error.code, UKVM_E_BAD_IMAGE);
    rig.image_fd = before;
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_guest_that_is_never_ready_is_destroyed)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    ck_assert_uint_eq(rig.answers, 0);
    loop_fake_advance(rig.loop, 9999 * RIG_MS);
    ck_assert_uint_eq(rig.answers, 0);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_uint_eq(rig.answers, 1);
    ck_assert_int_eq(rig.error.code, UKVM_E_TIMEOUT);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(a_guest_that_crashes_before_it_is_ready_is_guest_failed)
{
    struct guest_spec spec = rig_spec("web");
    spec.on_crash = SPEC_PRESERVE;
    rig_create(&rig, &spec, true);
    hv_fake_guest_shutdown(rig.hv, rig_find(&rig, "web")->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_GUEST_FAILED);
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(exiting_with_an_error_before_ready_is_guest_failed)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    struct guest *guest = rig_find(&rig, "web");
    rig_say(&rig, guest, NOXS_GUEST_EXITING, 7);
    ck_assert_uint_eq(rig.answers, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 2 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_GUEST_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "code 7"));
}
END_TEST

START_TEST(destroyed_by_another_while_its_creator_waits)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    destroy_guest(rig_find(&rig, "web"), NULL);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(rig.answers, 1);
    ck_assert_int_eq(rig.error.code, UKVM_E_GUEST_FAILED);
}
END_TEST

START_TEST(iod_that_refuses_fails_the_create)
{
    rig.iod.attach_status = -ENOSPC;
    ck_assert_ptr_null(rig_boot_named(&rig, "web"));
    ck_assert_int_eq(rig.error.code, UKVM_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "the fake refuses"));
    rig.iod.attach_status = 0;
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
}
END_TEST

START_TEST(a_stop_ends_creates_under_way)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    core_stop(&rig.core);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_DAEMON);
    ck_assert(rig.stopped);
    ck_assert_ptr_null(rig_boot_named(&rig, "late"));
    ck_assert_int_eq(rig.error.code, UKVM_E_NO_DAEMON);
}
END_TEST

START_TEST(is_trimmed_once_nobody_waits)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_trim"), 0);
    loop_fake_advance(rig.loop, 50 * RIG_MS);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_trim"), 1);
}
END_TEST

START_TEST(the_limit_of_guests_is_named)
{
    struct guest_spec spec = rig_spec("web");
    rig.core.guests.named += LIMIT_GUESTS;
    ck_assert_ptr_null(rig_boot(&rig, &spec));
    rig.core.guests.named -= LIMIT_GUESTS;
    ck_assert_int_eq(rig.error.code, UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "limit guests"));
}
END_TEST

static struct guest_spec publishing(const char *name, uint16_t first, unsigned count)
{
    struct guest_spec spec = rig_spec(name);
    spec.vif[0].publish_count = count;
    for (unsigned i = 0; i < count; i++)
        spec.vif[0].publish[i] = (struct spec_publish){
            .protocol = 6, .host_port = (uint16_t)(first + i), .guest_port = 80};
    return spec;
}

static void refused(const struct guest_spec *spec, int code, const char *says)
{
    hv_fake_calls_reset(rig.hv);
    ck_assert_ptr_null(rig_boot(&rig, spec));
    ck_assert_int_eq(rig.error.code, code);
    ck_assert_msg(strstr(rig.error.text, says) != NULL, "%s", rig.error.text);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_create"), 0);
}

START_TEST(ports_below_1024_are_roots)
{
    struct guest_spec spec = publishing("web", 1023, 1);
    rig.owner = 1000;
    refused(&spec, UKVM_E_PERMISSION, "publish port 1023: ports below 1024 are root's");
    spec = publishing("web", 1024, 1);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    rig.owner = 0;
    spec = publishing("root", 22, 1);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(cpus_are_roots)
{
    struct guest_spec spec = rig_spec("web");
    spec.cpus.kind = SPEC_CPUS_EXCEPT;
    rig.owner = 1000;
    refused(&spec, UKVM_E_PERMISSION, "only root may choose them");
    rig.owner = 0;
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(bridges_are_roots_unless_the_configuration_opens_them)
{
    static const char *const closed[] = {"br", "br00", "xenbr0", "users"};
    struct guest_spec spec = rig_spec("web");
    rig.owner = 1000;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        memcpy(spec.vif[0].bridge, closed[i], strlen(closed[i]) + 1);
        refused(&spec, UKVM_E_PERMISSION, "only root may use it");
    }
    memcpy(spec.vif[0].bridge, "br-users", 9);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    rig.owner = 0;
    spec = rig_spec("root");
    memcpy(spec.vif[0].bridge, "xenbr0", 7);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(the_published_ports_of_a_user_are_bounded)
{
    char name[] = "a";
    struct guest_spec spec;
    rig.owner = 1000;
    for (unsigned i = 0; i < LIMIT_USER_PUBLISH / LIMIT_PUBLISH; i++, name[0]++) {
        spec = publishing(name, (uint16_t)(2000 + i * LIMIT_PUBLISH), LIMIT_PUBLISH);
        ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    }
    spec = publishing(name, 3000, 1);
    refused(&spec, UKVM_E_LIMIT, "limit user-publish: at most 64");
    rig.owner = 1001;
    spec = publishing("other", 3001, 0);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    rig.owner = 1000;
    destroy_guest(rig_find(&rig, "a"), NULL);
    spec = publishing("again", 3000, 16);
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

START_TEST(the_memory_of_a_users_guests_is_bounded)
{
    struct guest_spec spec = rig_spec("a");
    rig.owner = 1000;
    struct guest *guest = rig_boot(&rig, &spec);
    ck_assert_ptr_nonnull(guest);
    guest->memory_mib = LIMIT_USER_MEMORY_MIB - 2;
    spec = rig_spec("b");
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    spec = rig_spec("c");
    refused(&spec, UKVM_E_LIMIT, "limit user-memory-mib: at most 4096 MiB");
    rig.owner = 1001;
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "create", setup, teardown, boots_in_the_order_of_the_timeline, runs_on_the_cpus_asked_for,
        cpus_that_the_host_has_not_are_refused_before_anything_is_built,
        tells_the_guest_what_the_specification_says, tells_iod_where_the_devices_are,
        without_wait_answers_when_it_runs, a_known_image_is_not_read_again,
        nothing_is_left_when_the_nth_hypercall_fails,
        nothing_is_left_when_the_nth_timer_or_watch_fails, nothing_is_left_when_the_network_refuses,
        a_taken_port_is_address_in_use, a_taken_name_is_refused_before_anything_is_built,
        a_taken_address_is_refused_and_names_it, the_mac_of_the_hosts_end_is_taken,
        too_little_memory_is_said_with_numbers, a_bad_image_is_refused_before_anything_is_built,
        an_image_too_large_for_the_guest_is_a_config_error,
        an_image_that_would_fill_too_much_memory_is_refused, not_a_file_is_no_image,
        a_guest_that_is_never_ready_is_destroyed,
        a_guest_that_crashes_before_it_is_ready_is_guest_failed,
        exiting_with_an_error_before_ready_is_guest_failed,
        destroyed_by_another_while_its_creator_waits, iod_that_refuses_fails_the_create,
        a_stop_ends_creates_under_way, is_trimmed_once_nobody_waits, the_limit_of_guests_is_named,
        ports_below_1024_are_roots, cpus_are_roots,
        bridges_are_roots_unless_the_configuration_opens_them,
        the_published_ports_of_a_user_are_bounded, the_memory_of_a_users_guests_is_bounded);
}
