/* fixture/hv_fake.h: the fake behaves as the port promises where core can notice. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture/hv_fake.h"

static struct hv_fake *fake;
static struct hv *hv;
static const struct hv_domain_params params = {
    .uuid = {1, 2, 3}, .vcpus = 1, .ram_pages = 256, .grant_frames = 1, .event_ports = 64};

static void setup(void)
{
    fake = hv_fake_create();
    hv = hv_fake_port(fake);
}

static void teardown(void)
{
    hv_fake_destroy(fake);
}

static uint32_t new_domain(void)
{
    uint32_t domid = 0;

    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &domid), 0);
    ck_assert_int_eq(hv->ops->domain_populate(hv, domid, params.ram_pages), 0);
    return domid;
}

static bool events_ready(void)
{
    struct pollfd poll_for = {.fd = hv->ops->events_fd(hv), .events = POLLIN};

    return poll(&poll_for, 1, 0) == 1;
}

START_TEST(calls_are_recorded_in_order)
{
    uint32_t domid = new_domain();

    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), 0);
    ck_assert_str_eq(hv_fake_calls(fake), "domain_create domain_populate domain_unpause");
    ck_assert_uint_eq(hv_fake_count(fake, "domain_create"), 1);
    ck_assert_uint_eq(hv_fake_count(fake, "domain"), 0);
    hv_fake_calls_reset(fake);
    ck_assert_str_eq(hv_fake_calls(fake), "");
}
END_TEST

START_TEST(nth_call_fails_once_and_without_effect)
{
    uint32_t domid = 0;

    hv_fake_fail(fake, NULL, 2, ENOSPC);
    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &domid), 0);
    ck_assert(!hv_fake_failed(fake));
    ck_assert_int_eq(hv->ops->domain_populate(hv, domid, 256), -ENOSPC);
    ck_assert(hv_fake_failed(fake));
    ck_assert_uint_eq(hv_fake_domain(fake, domid)->ram_pages, 0);
    ck_assert_int_eq(hv->ops->domain_populate(hv, domid, 256), 0);

    hv_fake_fail(fake, "domain_pause", 1, EIO);
    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), 0);
    ck_assert_int_eq(hv->ops->domain_pause(hv, domid), -EIO);
}
END_TEST

START_TEST(memory_is_garbage_and_bounded)
{
    uint32_t domid = new_domain(), other = 0;
    const uint8_t *page = hv_fake_page(fake, domid, 255);

    ck_assert_uint_ne(page[0], 0);
    hv_fake_set_free_bytes(fake, 255 * HV_PAGE_SIZE);
    ck_assert_int_eq(hv->ops->domain_create(hv, &params, &other), 0);
    ck_assert_int_eq(hv->ops->domain_populate(hv, other, 256), -ENOMEM);
}
END_TEST

START_TEST(load_copies_and_zeroes)
{
    static const uint8_t data[] = "kernel";
    struct hv_segment segments[] = {
        {.paddr = 0x1010, .memsz_bytes = 0x20, .filesz_bytes = 6, .data = data},
        {.paddr = 0x1030, .memsz_bytes = 0x2000, .filesz_bytes = 6, .data = data}};
    struct hv_load load = {.segments = segments,
                           .segment_count = 2,
                           .entry = 0x1010,
                           .info_gfn = {254},
                           .ram_pages = 256,
                           .reserved_first = 254,
                           .cmdline = "quiet"};
    uint32_t domid = new_domain();
    const uint8_t *ram = hv_fake_page(fake, domid, 0);

    ck_assert_int_eq(hv->ops->domain_load(hv, domid, &load), 0);
    ck_assert_mem_eq(ram + 0x1010, data, 6);
    ck_assert_mem_eq(ram + 0x1030, data, 6);
    ck_assert_uint_eq(ram[0x1000] | ram[0x1016] | ram[0x3fff] | ram[254 * HV_PAGE_SIZE], 0);
    ck_assert_uint_ne(ram[0x4000], 0);
    ck_assert_str_eq(hv_fake_domain(fake, domid)->cmdline, "quiet");
    segments[1].paddr = 0x1020;
    ck_assert_int_eq(hv->ops->domain_load(hv, domid, &load), -EINVAL);
}
END_TEST

START_TEST(domain_dies_when_last_mapping_goes)
{
    uint32_t domid = new_domain();
    struct hv_domain_info info;
    void *addr = NULL;

    ck_assert_int_eq(hv->ops->domain_map(hv, domid, (struct hv_gfn){255}, 2, &addr), -EINVAL);
    ck_assert_int_eq(hv->ops->domain_map(hv, domid, (struct hv_gfn){254}, 2, &addr), 0);
    ck_assert_int_eq(hv->ops->domain_destroy(hv, domid), 0);
    ck_assert_int_eq(hv->ops->domain_list(hv, 0, &info, 1), 1);
    ck_assert(info.dying);
    ck_assert_int_eq(hv->ops->domain_pause(hv, domid), 0);
    ck_assert_int_eq(hv->ops->domain_map(hv, domid, (struct hv_gfn){0}, 1, &addr), -EINVAL);
    ck_assert_uint_eq(hv_fake_leaks(fake).maps, 1);
    hv->ops->domain_unmap(hv, addr, 2);
    ck_assert_int_eq(hv->ops->domain_pause(hv, domid), -ESRCH);
    ck_assert_int_eq(hv->ops->domain_list(hv, 0, &info, 1), 0);
    ck_assert_uint_eq(hv_fake_leaks(fake).domains, 0);
}
END_TEST

START_TEST(held_domain_stays_until_released)
{
    uint32_t domid = new_domain();

    hv_fake_hold(fake, domid);
    ck_assert_int_eq(hv->ops->domain_destroy(hv, domid), 0);
    ck_assert_uint_eq(hv_fake_leaks(fake).domains, 1);
    hv_fake_release(fake, domid);
    ck_assert_ptr_null(hv_fake_domain(fake, domid));
}
END_TEST

START_TEST(pauses_nest)
{
    uint32_t domid = new_domain();

    ck_assert_int_eq(hv->ops->domain_pause(hv, domid), 0);
    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), 0);
    ck_assert(hv_fake_domain(fake, domid)->paused);
    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), 0);
    ck_assert(!hv_fake_domain(fake, domid)->paused);
    ck_assert_int_eq(hv->ops->domain_unpause(hv, domid), -EINVAL);
}
END_TEST

START_TEST(list_is_ascending_from_first)
{
    struct hv_domain_info infos[4];

    for (int i = 0; i < 4; i++)
        new_domain();
    hv_fake_guest_shutdown(fake, 3, HV_SHUTDOWN_CRASH);
    ck_assert_int_eq(hv->ops->domain_list(hv, 2, infos, 2), 2);
    ck_assert_uint_eq(infos[0].domid, 2);
    ck_assert_uint_eq(infos[1].domid, 3);
    ck_assert(!infos[0].shutdown && infos[1].shutdown);
    ck_assert_int_eq(infos[1].reason, HV_SHUTDOWN_CRASH);
    ck_assert_mem_eq(infos[0].uuid, params.uuid, 16);
}
END_TEST

/* A bound control port with the event of binding taken. */
static struct hv_port bound_port(uint32_t domid)
{
    struct hv_port remote = {0}, local = {0}, event = {0};

    ck_assert_int_eq(hv->ops->port_alloc(hv, domid, &remote), 0);
    ck_assert_int_eq(hv->ops->port_bind(hv, domid, remote, &local), 0);
    ck_assert_int_eq(hv->ops->port_bind(hv, domid, remote, &event), -EINVAL);
    ck_assert_int_eq(hv->ops->domain_params(hv, domid, (struct hv_gfn){248}, remote), 0);
    ck_assert_int_eq(hv->ops->event_next(hv, &event), 0);
    ck_assert_uint_eq(event.n, local.n);
    ck_assert_int_eq(hv->ops->port_unmask(hv, local), 0);
    return local;
}

START_TEST(event_is_masked_until_unmasked)
{
    uint32_t domid = new_domain();
    struct hv_port local = bound_port(domid), event = {0};

    ck_assert(!events_ready());
    ck_assert_int_eq(hv->ops->event_next(hv, &event), -EAGAIN);
    hv_fake_raise_control(fake, domid);
    ck_assert(events_ready());
    ck_assert_int_eq(hv->ops->event_next(hv, &event), 0);
    hv_fake_raise(fake, local);
    ck_assert(!events_ready());
    ck_assert_int_eq(hv->ops->port_unmask(hv, local), 0);
    ck_assert(events_ready());
    hv->ops->port_unbind(hv, local);
    ck_assert(!events_ready());
    ck_assert_uint_eq(hv_fake_leaks(fake).ports, 0);
}
END_TEST

START_TEST(fds_are_counted_until_every_copy_is_closed)
{
    uint32_t domid = new_domain();
    struct hv_port remote = {0}, local = {0};
    int channel = -1, grants = -1, copy;

    ck_assert_int_eq(hv->ops->port_alloc(hv, domid, &remote), 0);
    ck_assert_int_eq(hv->ops->io_channel(hv, domid, remote, &channel, &local), 0);
    ck_assert_int_eq(hv->ops->grant_fd(hv, &grants), 0);
    copy = dup(channel);
    close(channel);
    close(grants);
    ck_assert_uint_eq(hv_fake_leaks(fake).fds, 1);
    ck_assert_int_eq(hv->ops->io_channel(hv, domid, remote, &channel, &local), -EINVAL);
    close(copy);
    ck_assert_uint_eq(hv_fake_leaks(fake).fds, 0);
    ck_assert_int_eq(hv->ops->io_channel(hv, domid, remote, &channel, &local), 0);
    close(channel);
}
END_TEST

START_TEST(what_was_told_can_be_seen)
{
    uint32_t domid = new_domain();
    const struct hv_fake_domain_view *view = hv_fake_domain(fake, domid);
    struct hv_port local = bound_port(domid);
    struct hv_cpus cpus;

    ck_assert_int_eq(hv->ops->domain_clock(hv, domid, (struct hv_gfn){0xfeffe}), 0);
    ck_assert_int_eq(hv->ops->grants_write(hv, domid, (struct hv_gref){8}, (struct hv_gfn){248}, 8),
                     0);
    ck_assert_int_eq(hv->ops->domain_trim(hv, domid, &params), 0);
    ck_assert_int_eq(hv->ops->host_cpus(hv, &cpus), 0);
    ck_assert_uint_eq(cpus.word[0], 3);
    ck_assert_int_eq(hv->ops->vcpu_affinity(hv, domid, 0, &(struct hv_cpus){{4}}), -EINVAL);
    ck_assert_int_eq(hv->ops->vcpu_affinity(hv, domid, 0, &(struct hv_cpus){{6}}), 0);
    ck_assert_uint_eq(view->cpus.word[0], 6);
    ck_assert_int_eq(hv->ops->port_notify(hv, local), 0);
    ck_assert_uint_eq(view->shared_info.n, 0xfeffe);
    ck_assert_uint_eq(view->noxs_page.n, 248);
    ck_assert_uint_eq(view->grants[7].n, 0);
    ck_assert_uint_eq(view->grants[15].n, 255);
    ck_assert_uint_eq(view->notified, 1);
    ck_assert(view->trimmed && view->paused);
    hv->ops->close(hv);
    ck_assert(hv_fake_closed(fake));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hv_fake");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, calls_are_recorded_in_order);
    tcase_add_test(tcase, nth_call_fails_once_and_without_effect);
    tcase_add_test(tcase, memory_is_garbage_and_bounded);
    tcase_add_test(tcase, load_copies_and_zeroes);
    tcase_add_test(tcase, domain_dies_when_last_mapping_goes);
    tcase_add_test(tcase, held_domain_stays_until_released);
    tcase_add_test(tcase, pauses_nest);
    tcase_add_test(tcase, list_is_ascending_from_first);
    tcase_add_test(tcase, event_is_masked_until_unmasked);
    tcase_add_test(tcase, fds_are_counted_until_every_copy_is_closed);
    tcase_add_test(tcase, what_was_told_can_be_seen);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
