/* core/hotnet: interfaces come to a running guest and go, whoever refuses, lies or dies meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/hotnet.h"
#include "core/limits.h"
#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

#define TIMEOUT_MS 1000u
#define SLOT       LAYOUT_NET_SLOT
#define HOT_GREF   (NOXS_HOT_GREF + SLOT * NOXS_HOT_PAGES)
#define HOT_GFN    (NOXS_HOT_GFN + SLOT * NOXS_HOT_PAGES)

static struct rig rig;
static struct error error;

static struct {
    unsigned calls;
    int code;
    unsigned index;
    char forced[64];
} done;

static void setup(void)
{
    rig_init(&rig);
    memset(&done, 0, sizeof(done));
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void on_done(void *arg, const struct error *why, const struct hotnet_result *result)
{
    ck_assert_ptr_eq(arg, &rig);
    done.calls++;
    done.code = why == NULL ? 0 : why->code;
    if (result == NULL)
        return;
    done.index = result->index;
    snprintf(done.forced, sizeof(done.forced), "%s", result->forced);
}

static const struct hotnet_request request = {
    .timeout_ns = TIMEOUT_MS * RIG_MS, .done = on_done, .arg = &rig};

static struct guest *boot(const char *name, unsigned vif_count)
{
    struct guest_spec spec = rig_spec(name);
    spec.vif_count = vif_count;
    return rig_boot(&rig, &spec);
}

static struct spec_vif with_ip(uint8_t last)
{
    return (struct spec_vif){.has_ip = true, .ip = {{10, 77, 9, last}}};
}

static int attach_spec(struct guest *guest, const struct spec_vif *spec)
{
    int rc = hotnet_attach(guest, spec, &request, &error);
    loop_fake_run(rig.loop);
    return rc;
}

static int attach(struct guest *guest)
{
    const struct spec_vif spec = with_ip(1);
    return attach_spec(guest, &spec);
}

static int detach(struct guest *guest, unsigned index)
{
    int rc = hotnet_detach(guest, index, &request, &error);
    loop_fake_run(rig.loop);
    return rc;
}

static const struct noxs_device *entry(const struct guest *guest, unsigned index)
{
    return &rig_page(&rig, guest)->device[SLOT + index];
}

static void set_state(const struct guest *guest, unsigned index, uint32_t state)
{
    rig_page(&rig, guest)->device_guest_state[SLOT + index] = state;
}

static void ack(struct guest *guest, uint32_t status)
{
    struct noxs_page *page = rig_page(&rig, guest);
    ck_assert_uint_eq(noxs_low(page->request), NOXS_OP_DEVICE_CHANGE);
    noxs_write64(&page->ack, noxs_pair(noxs_high(page->request), status));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
}

/* As a guest that follows its table does. */
static void follow(struct guest *guest)
{
    for (unsigned i = 0; i < LIMIT_VIFS; i++) {
        bool is_there = entry(guest, i)->type == NOXS_DEV_NET;
        bool was_there = rig_page(&rig, guest)->device_guest_state[SLOT + i] == NOXS_DEV_STATE_OPEN;
        if (is_there != was_there)
            set_state(guest, i, is_there ? NOXS_DEV_STATE_OPEN : NOXS_DEV_STATE_CLOSED);
    }
    ack(guest, NOXS_ACK_OK);
}

static void attach_whole(struct guest *guest)
{
    ck_assert_int_eq(attach(guest), 0);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
}

static unsigned served(const struct guest *guest)
{
    const struct iod_fake_guest *fake = iod_fake_find(&rig.iod, guest->id);
    return fake == NULL ? 99 : fake->attach.vif_count;
}

/* It has none, nobody serves one, and its address is another's to take. */
static void check_nothing_left(struct guest *guest)
{
    struct hostnet_ip ip = {{10, 77, 9, 1}};
    ck_assert_ptr_null(guest->hotnet);
    ck_assert_uint_eq(guest_vifs_present(guest), 0);
    ck_assert_uint_eq(served(guest), 0);
    ck_assert_uint_eq(entry(guest, 0)->type, NOXS_DEV_NONE);
    ck_assert_uint_eq(rig.core.addr.macs.count, 1);
    ck_assert_uint_eq(rig.hostnet.rule_count, 0);
    ck_assert_int_eq(addr_ip_take(&rig.core.addr, ip), 0);
    addr_ip_free(&rig.core.addr, ip);
}

/* ---- the way it should be ----------------------------------------------------------- */

START_TEST(an_interface_comes_when_the_guest_has_opened_it)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    ck_assert_uint_eq(rig.iod.adds, 1);
    ck_assert_uint_eq(done.calls, 0);
    /* Everything is there before it is asked to look. */
    const struct noxs_device *device = entry(guest, 0);
    ck_assert_uint_eq(device->type, NOXS_DEV_NET);
    ck_assert_uint_eq(device->generation, 2);
    ck_assert_uint_eq(rig_page(&rig, guest)->generation, 2);
    ck_assert_uint_eq(device->ring_gfn[0], HOT_GFN);
    ck_assert_uint_eq(device->ring_gref[1], HOT_GREF + 1);
    ck_assert_uint_eq(device->arena_gfn, HOT_GFN + 2);
    ck_assert_uint_eq(device->arena_pages, 4);
    ck_assert_mem_eq(device->config.net.ip, ((uint8_t[]){10, 77, 9, 1}), 4);
    const struct hv_fake_domain_view *view = hv_fake_domain(rig.hv, guest->domid);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(view->grants[HOT_GREF + i].n, HOT_GFN + i);
    ck_assert_uint_eq(view->grants[HOT_GREF + 6].n, 0);
    const struct io_vif *vif = &iod_fake_find(&rig.iod, guest->id)->attach.vif[0];
    ck_assert_uint_eq(vif->hot_gref, HOT_GREF);
    ck_assert_uint_eq(vif->hot_pages, 6);
    ck_assert_uint_eq(vif->slot, SLOT);
    follow(guest);
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.code, 0);
    ck_assert_int_eq(guest_vif_state(&guest->vif[0]), GUEST_VIF_UP);
}
END_TEST

START_TEST(an_interface_goes_and_leaves_its_address)
{
    struct guest *guest = boot("web", 0);
    attach_whole(guest);
    ck_assert_int_eq(detach(guest, 0), 0);
    /* The guest first: nothing is unmapped under an honest one. */
    ck_assert_uint_eq(rig.iod.removes, 0);
    ck_assert_uint_eq(entry(guest, 0)->type, NOXS_DEV_NONE);
    ck_assert_uint_eq(rig_page(&rig, guest)->generation, 3);
    follow(guest);
    ck_assert_uint_eq(done.calls, 2);
    ck_assert_int_eq(done.code, 0);
    ck_assert_str_eq(done.forced, "");
    check_nothing_left(guest);
    /* The frames stay its own, for the next. */
    attach_whole(guest);
    ck_assert_uint_eq(hv_fake_domain(rig.hv, guest->domid)->shared_pages, 6);
    ck_assert_uint_eq(entry(guest, 0)->generation, 4);
}
END_TEST

START_TEST(what_a_guest_was_created_with_keeps_its_place_in_the_window)
{
    struct guest *guest = boot("web", 1);
    uint32_t gfn = entry(guest, 0)->ring_gfn[0];
    set_state(guest, 0, NOXS_DEV_STATE_OPEN);
    ck_assert_int_eq(detach(guest, 0), 0);
    follow(guest);
    check_nothing_left(guest);
    attach_whole(guest);
    ck_assert_uint_eq(entry(guest, 0)->ring_gfn[0], gfn);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->attach.vif[0].hot_gref, 0);
    ck_assert_uint_eq(hv_fake_domain(rig.hv, guest->domid)->shared_pages, 0);
    /* A second one is outside, smaller, and the last. */
    const struct spec_vif spec = with_ip(2);
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    follow(guest);
    ck_assert_uint_eq(entry(guest, 1)->ring_gfn[0], HOT_GFN + NOXS_HOT_PAGES);
    ck_assert_uint_eq(entry(guest, 1)->arena_pages, 2);
    ck_assert_uint_eq(served(guest), 2);
    ck_assert_int_eq(attach(guest), -UKVM_E_LIMIT);
}
END_TEST

START_TEST(ports_are_published_while_it_is_there)
{
    struct guest *guest = boot("web", 0);
    struct spec_vif spec = with_ip(1);
    spec.publish_count = 1;
    spec.publish[0] = (struct spec_publish){.protocol = 6, .host_port = 8080, .guest_port = 80};
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    follow(guest);
    ck_assert_uint_eq(rig.hostnet.rule_count, 1);
    ck_assert_uint_eq(rig.hostnet.rules[0].host_port, 8080);
    ck_assert_int_eq(detach(guest, 0), 0);
    follow(guest);
    check_nothing_left(guest);
    /* One that is taken undoes it before the guest hears of it. */
    hostnet_fake_fail(&rig.hostnet, 1, EADDRINUSE);
    uint64_t asked = guest->control.request;
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    ck_assert_int_eq(done.code, UKVM_E_ADDRESS_IN_USE);
    ck_assert_uint_eq(guest->control.request, asked);
    check_nothing_left(guest);
}
END_TEST

START_TEST(an_interface_on_a_bridge_has_a_tap)
{
    struct guest *guest = boot("web", 0);
    const struct spec_vif spec = {.bridge = "br0"};
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
    ck_assert_str_eq(rig.hostnet.tap_bridge, "br0");
    ck_assert_int_ge(guest->vif[0].tap_fd, 0);
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(served(guest), 1);
    ck_assert_int_eq(detach(guest, 0), 0);
    follow(guest);
    check_nothing_left(guest);
    hostnet_fake_fail(&rig.hostnet, 1, ENODEV);
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_CONFIG);
    check_nothing_left(guest);
}
END_TEST

/* ---- guests that will not, or lie --------------------------------------------------- */

static const struct {
    uint32_t status;
    bool opens;
    int code;
} answers[] = {
    {NOXS_ACK_UNSUPPORTED, false, UKVM_E_NOT_SUPPORTED},
    {NOXS_ACK_REFUSED, false, UKVM_E_BAD_STATE},
    {NOXS_ACK_UNSUPPORTED, true, UKVM_E_NOT_SUPPORTED},
    {NOXS_ACK_OK, false, UKVM_E_BAD_STATE}, /* a lie */
};

START_TEST(a_guest_that_does_not_open_it_gets_nothing)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    if (answers[_i].opens)
        set_state(guest, 0, NOXS_DEV_STATE_OPEN);
    ack(guest, answers[_i].status);
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.code, answers[_i].code);
    check_nothing_left(guest);
    ck_assert_str_eq(guest_state_name(guest), "running");
    /* It may still write there: not until it says that it does not. */
    if (answers[_i].opens) {
        ck_assert_int_eq(attach(guest), -UKVM_E_BAD_STATE);
        set_state(guest, 0, NOXS_DEV_STATE_CLOSED);
    }
    attach_whole(guest);
}
END_TEST

START_TEST(a_guest_that_never_answers_gets_nothing)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    loop_fake_advance(rig.loop, (TIMEOUT_MS - 1) * RIG_MS);
    ck_assert_uint_eq(done.calls, 0);
    loop_fake_advance(rig.loop, RIG_MS);
    ck_assert_int_eq(done.code, UKVM_E_TIMEOUT);
    check_nothing_left(guest);
    /* What it says later is of no interest. */
    follow(guest);
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_str_eq(guest_state_name(guest), "running");
    attach_whole(guest);
}
END_TEST

static const char *const excuses[] = {
    [NOXS_ACK_OK] = "it said that it has looked, and kept it open",
    [NOXS_ACK_UNSUPPORTED] = "its image does not support it",
    [NOXS_ACK_REFUSED] = "it refused",
    "it did not answer in time",
};

START_TEST(a_guest_that_does_not_let_go_is_left_without_it)
{
    struct guest *guest = boot("web", 0);
    attach_whole(guest);
    ck_assert_int_eq(detach(guest, 0), 0);
    if (_i <= NOXS_ACK_REFUSED)
        ack(guest, (uint32_t)_i);
    else
        loop_fake_advance(rig.loop, TIMEOUT_MS * RIG_MS);
    ck_assert_uint_eq(done.calls, 2);
    ck_assert_int_eq(done.code, 0);
    ck_assert_str_eq(done.forced, excuses[_i]);
    check_nothing_left(guest);
    ck_assert_int_eq(attach(guest), -UKVM_E_BAD_STATE);
    ck_assert_str_eq(guest_state_name(guest), "running");
}
END_TEST

START_TEST(an_answer_that_is_none_crashes_the_guest_and_fails_the_attach)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    ack(guest, 77);
    ck_assert_int_eq(done.code, UKVM_E_GUEST_FAILED);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(rig.core.addr.macs.count, 1);
}
END_TEST

START_TEST(a_guest_that_dies_meanwhile)
{
    bool detaches = _i % 2 == 1, asked = _i < 2;
    struct guest *guest = boot("web", 0);
    if (detaches)
        attach_whole(guest);
    rig.iod.silent = !asked;
    ck_assert_int_eq(detaches ? detach(guest, 0) : attach(guest), 0);
    if (!asked && detaches)
        follow(guest);
    unsigned before = done.calls;
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(done.calls, before + 1);
    ck_assert_int_eq(done.code, UKVM_E_GUEST_FAILED);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 10000 * RIG_MS);
    ck_assert_uint_eq(rig.core.addr.macs.count, 1);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

START_TEST(a_guest_that_is_destroyed_meanwhile)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    destroy_guest(guest, NULL);
    ck_assert_int_eq(done.code, UKVM_E_GUEST_FAILED);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
}
END_TEST

static void on_shutdown(void *arg, const struct error *why)
{
    (void)arg;
    (void)why;
}

START_TEST(a_shutdown_in_between_is_no_refusal)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(attach(guest), 0);
    uint64_t change = rig_page(&rig, guest)->request;
    ck_assert_int_eq(verb_shutdown(guest, NOXS_OP_POWEROFF, 100 * TIMEOUT_MS * RIG_MS, false,
                                   on_shutdown, NULL, &error),
                     0);
    /* The answer to the change comes before that to the power-off. */
    set_state(guest, 0, NOXS_DEV_STATE_OPEN);
    noxs_write64(&rig_page(&rig, guest)->ack, noxs_pair(noxs_high(change), NOXS_ACK_OK));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(done.calls, 1);
    ck_assert_int_eq(done.code, 0);
    ck_assert_str_eq(guest_state_name(guest), "shutting-down");
    ck_assert_int_eq(detach(guest, 0), -UKVM_E_BAD_STATE);
}
END_TEST

/* ---- chaos-iod, Xen, chaosd --------------------------------------------------------- */

START_TEST(an_iod_that_refuses_leaves_nothing)
{
    struct guest *guest = boot("web", 0);
    rig.iod.add_status = -EINVAL;
    ck_assert_int_eq(attach(guest), 0);
    ck_assert_int_eq(done.code, UKVM_E_INTERNAL);
    ck_assert_uint_eq(noxs_low(rig_page(&rig, guest)->request), NOXS_OP_NONE);
    check_nothing_left(guest);
}
END_TEST

START_TEST(an_iod_that_dies_before_it_answers_is_replaced_and_asked_again)
{
    struct guest *guest = boot("web", 0);
    rig.iod.silent = true;
    ck_assert_int_eq(attach(guest), 0);
    ck_assert_uint_eq(entry(guest, 0)->type, NOXS_DEV_NONE);
    rig.iod.silent = false;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(served(guest), 1);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->attach.vif[0].hot_gref, HOT_GREF);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->fd_count, 3);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
    /* And in the middle of a detach. */
    ck_assert_int_eq(detach(guest, 0), 0);
    rig.iod.silent = true;
    follow(guest);
    ck_assert_uint_eq(done.calls, 1);
    rig.iod.silent = false;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(done.calls, 2);
    ck_assert_int_eq(done.code, 0);
    check_nothing_left(guest);
}
END_TEST

START_TEST(while_there_is_no_iod_a_change_waits)
{
    struct guest *guest = boot("web", 0);
    rig.iod.never_listens = true;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_int_eq(attach(guest), 0);
    ck_assert_uint_eq(entry(guest, 0)->type, NOXS_DEV_NONE);
    rig.iod.never_listens = false;
    for (int i = 0; i < 100 && served(guest) != 1; i++)
        loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(served(guest), 1);
    ck_assert_uint_eq(rig.iod.adds, 0);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
}
END_TEST

static void say_done(const struct guest *guest, uint32_t slot, int32_t status)
{
    struct io_msg_vif_done message = {
        .header = {.type = IO_MSG_VIF_DONE, .size = sizeof(message), .guest = guest->id},
        .status = status,
        .slot = slot};
    iod_fake_say(&rig.iod, &message, sizeof(message));
    loop_fake_run(rig.loop);
}

START_TEST(lies_of_iod_about_interfaces_end_it)
{
    struct guest *guest = boot("web", 0);
    static const struct {
        uint32_t slot;
        int32_t status;
        bool wanted;
    } lies[] = {{SLOT, 0, false}, {SLOT + 1, 0, true}, {SLOT, 1, true}, {SLOT, -5000, true}};
    rig.iod.silent = lies[_i].wanted;
    if (lies[_i].wanted)
        ck_assert_int_eq(attach(guest), 0);
    unsigned kills = rig.iod.kills;
    say_done(guest, lies[_i].slot, lies[_i].status);
    ck_assert_uint_eq(rig.iod.kills, kills + 1);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_str_eq(guest_state_name(guest), "running");
    if (lies[_i].wanted)
        follow(guest);
    ck_assert_int_eq(done.code, 0);
}
END_TEST

START_TEST(the_nth_call_fails)
{
    struct guest *guest = boot("web", 0);
    struct spec_vif spec = with_ip(1);
    unsigned nth = 0;
    do {
        hv_fake_fail(rig.hv, NULL, ++nth, EIO);
        memset(&done, 0, sizeof(done));
        int rc = attach_spec(guest, &spec);
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        if (rc == 0 && done.calls == 0)
            follow(guest);
        ck_assert(rc < 0 || done.calls == 1);
        if (rc < 0 || done.code != 0) {
            ck_assert(failed);
            check_nothing_left(guest);
            continue;
        }
        /* A ring of the bell that fails costs nothing else. */
        ck_assert_int_eq(detach(guest, 0), 0);
        follow(guest);
        check_nothing_left(guest);
        if (!failed)
            break;
    } while (nth < 100);
    ck_assert_uint_gt(nth, 2);
    ck_assert_uint_lt(nth, 100);
}
END_TEST

START_TEST(no_memory_and_no_timer_leave_nothing)
{
    struct guest *guest = boot("web", 0);
    hv_fake_fail(rig.hv, "frames_share", 1, ENOMEM);
    ck_assert_int_eq(attach(guest), -UKVM_E_NO_MEMORY);
    check_nothing_left(guest);
    loop_fake_fail(rig.loop, 1);
    ck_assert_int_eq(attach(guest), -UKVM_E_NO_MEMORY);
    loop_fake_fail(rig.loop, 0);
    check_nothing_left(guest);
}
END_TEST

static struct guest *restart(void)
{
    rig.iod.silent = false;
    rig_kill(&rig);
    rig_restart(&rig);
    return rig_find(&rig, "web");
}

START_TEST(an_interface_outlives_chaosd)
{
    struct guest *guest = boot("web", 0);
    struct spec_vif spec = with_ip(1);
    spec.publish_count = 1;
    spec.publish[0] = (struct spec_publish){.protocol = 6, .host_port = 8080, .guest_port = 80};
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    follow(guest);
    uint8_t mac[6];
    memcpy(mac, guest->vif[0].mac.octet, 6);
    guest = restart();
    ck_assert_int_eq(guest_vif_state(&guest->vif[0]), GUEST_VIF_UP);
    ck_assert_mem_eq(guest->vif[0].mac.octet, mac, 6);
    ck_assert(guest->layout.vif[0].hot);
    ck_assert_uint_eq(guest->layout.window_pages, 2);
    ck_assert_uint_eq(guest->generation, 2);
    ck_assert_uint_eq(rig.hostnet.rule_count, 1);
    ck_assert_uint_eq(rig.iod.attaches, 1);
    /* Attached again with its frames when chaos-iod dies, too. */
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(served(guest), 1);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->attach.vif[0].hot_gref, HOT_GREF);
    ck_assert_int_eq(detach(guest, 0), 0);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
    check_nothing_left(guest);
    /* Nor does one that is gone come back. */
    guest = restart();
    check_nothing_left(guest);
    attach_whole(guest);
    ck_assert_uint_eq(entry(guest, 0)->generation, 4);
}
END_TEST

enum moment { JOINING, OFFERED, OPENED, ASKED, LEAVING, MOMENTS };

static struct guest *reach(enum moment moment)
{
    struct guest *guest = boot("web", 0);
    if (moment >= ASKED)
        attach_whole(guest);
    rig.iod.silent = moment == JOINING || moment == LEAVING;
    ck_assert_int_eq(moment >= ASKED ? detach(guest, 0) : attach(guest), 0);
    if (moment == OPENED)
        set_state(guest, 0, NOXS_DEV_STATE_OPEN);
    if (moment == LEAVING)
        follow(guest);
    return guest;
}

START_TEST(a_chaosd_that_dies_meanwhile_leaves_none)
{
    reach((enum moment)(_i % MOMENTS));
    bool iod_dies = _i >= MOMENTS;
    if (iod_dies)
        iod_fake_die(&rig.iod);
    struct guest *guest = restart();
    ck_assert_str_eq(guest_state_name(guest), "running");
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    check_nothing_left(guest);
    follow(guest);
    done.calls = 0;
    attach_whole(guest);
    ck_assert_uint_eq(done.calls, 1);
}
END_TEST

START_TEST(who_waits_hears_that_chaosd_ends)
{
    boot("web", 0);
    ck_assert_int_eq(attach(rig_find(&rig, "web")), 0);
    core_leave(&rig.core);
    ck_assert_int_eq(done.code, UKVM_E_NO_DAEMON);
    struct guest *guest = restart();
    rig.stopped = false;
    check_nothing_left(guest);
}
END_TEST

/* ---- what is refused at once -------------------------------------------------------- */

START_TEST(only_a_running_guest_and_one_at_a_time)
{
    struct guest *guest = boot("web", 0);
    ck_assert_int_eq(detach(guest, 0), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(detach(guest, UINT32_MAX), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(verb_pause(guest, &error), 0);
    ck_assert_int_eq(attach(guest), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "paused"));
    ck_assert_int_eq(verb_unpause(guest, &error), 0);
    ck_assert_int_eq(attach(guest), 0);
    ck_assert_int_eq(attach(guest), -UKVM_E_BAD_STATE);
    ck_assert_int_eq(detach(guest, 0), -UKVM_E_BAD_STATE);
    follow(guest);
    ck_assert_uint_eq(done.calls, 1);
}
END_TEST

START_TEST(wrong_and_taken_addresses)
{
    struct guest *guest = boot("web", 0);
    struct spec_vif spec = {.has_mac = true, .mac = {1}};
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_CONFIG);
    spec = (struct spec_vif){.has_ip = true, .ip = {{10, 1, 1, 1}}};
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_CONFIG);
    check_nothing_left(guest);
    attach_whole(guest);
    ck_assert_int_eq(attach(guest), -UKVM_E_ADDRESS_IN_USE);
    spec = (struct spec_vif){.has_mac = true};
    memcpy(spec.mac, guest->vif[0].mac.octet, 6);
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_ADDRESS_IN_USE);
    ck_assert_uint_eq(guest_vifs_present(guest), 1);
    unsigned index = 9;
    ck_assert_int_eq(hotnet_find(guest, spec.mac, &index, &error), 0);
    ck_assert_uint_eq(index, 0);
    ck_assert_int_eq(hotnet_find(guest, (uint8_t[6]){2}, &index, &error), -UKVM_E_BAD_STATE);
}
END_TEST

START_TEST(what_is_roots_stays_roots)
{
    rig.owner = 1000;
    struct guest *guest = boot("web", 0);
    struct hotnet_request user = request;
    user.caller = 1000;
    struct spec_vif spec = {.bridge = "br7"};
    ck_assert_int_eq(hotnet_attach(guest, &spec, &user, &error), -UKVM_E_PERMISSION);
    spec = with_ip(1);
    spec.publish_count = 1;
    spec.publish[0] = (struct spec_publish){.protocol = 6, .host_port = 80, .guest_port = 80};
    ck_assert_int_eq(hotnet_attach(guest, &spec, &user, &error), -UKVM_E_PERMISSION);
    check_nothing_left(guest);
    user.caller = 0;
    ck_assert_int_eq(hotnet_attach(guest, &spec, &user, &error), 0);
    loop_fake_run(rig.loop);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
}
END_TEST

START_TEST(what_a_user_may_have_is_as_it_was_set)
{
    rig.owner = 1000;
    struct guest *guest = boot("web", 0);
    struct spec_vif spec = with_ip(1);
    spec.publish_count = 1;
    spec.publish[0] = (struct spec_publish){.protocol = 6, .host_port = 8080, .guest_port = 80};
    ck_assert_int_eq(limit_set("test", "user-publish=0", &error), 0);
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_LIMIT);
    limits_reset();
    /* Its window, and all but one of what the interface takes. */
    ck_assert_int_eq(limit_set("test", "user-mapped-pages=7", &error), 0);
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_LIMIT);
    check_nothing_left(guest);
    ck_assert_int_eq(limit_set("test", "user-mapped-pages=9", &error), 0);
    ck_assert_int_eq(attach_spec(guest, &spec), 0);
    follow(guest);
    ck_assert_int_eq(done.code, 0);
    /* It counts. */
    spec = with_ip(2);
    ck_assert_int_eq(attach_spec(guest, &spec), -UKVM_E_LIMIT);
    struct guest_spec other = rig_spec("shop");
    other.vif_count = 0;
    rig_create(&rig, &other, false);
    ck_assert_int_eq(rig.error.code, UKVM_E_LIMIT);
    limits_reset();
}
END_TEST

int main(void)
{
    const struct {
        const TTest *test;
        int count;
    } loops[] = {
        {a_guest_that_does_not_open_it_gets_nothing, sizeof(answers) / sizeof(answers[0])},
        {a_guest_that_does_not_let_go_is_left_without_it, sizeof(excuses) / sizeof(excuses[0])},
        {a_guest_that_dies_meanwhile, 4},
        {lies_of_iod_about_interfaces_end_it, 4},
        {a_chaosd_that_dies_meanwhile_leaves_none, 2 * MOMENTS},
    };

    const TTest *const tests[] = {
        an_interface_comes_when_the_guest_has_opened_it,
        an_interface_goes_and_leaves_its_address,
        what_a_guest_was_created_with_keeps_its_place_in_the_window,
        ports_are_published_while_it_is_there,
        an_interface_on_a_bridge_has_a_tap,
        a_guest_that_never_answers_gets_nothing,
        an_answer_that_is_none_crashes_the_guest_and_fails_the_attach,
        a_guest_that_is_destroyed_meanwhile,
        a_shutdown_in_between_is_no_refusal,
        an_iod_that_refuses_leaves_nothing,
        an_iod_that_dies_before_it_answers_is_replaced_and_asked_again,
        while_there_is_no_iod_a_change_waits,
        the_nth_call_fails,
        no_memory_and_no_timer_leave_nothing,
        an_interface_outlives_chaosd,
        who_waits_hears_that_chaosd_ends,
        only_a_running_guest_and_one_at_a_time,
        wrong_and_taken_addresses,
        what_is_roots_stays_roots,
        what_a_user_may_have_is_as_it_was_set,
    };

    Suite *suite = suite_create("hotnet");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(tcase, tests[i]);
    for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
        tcase_add_loop_test(tcase, loops[i].test, 0, loops[i].count);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
