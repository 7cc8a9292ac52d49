/* Guests from attach to detach: turns, doorbells, fairness, faults, storms. */
#include "fixture/io_front.h"
#include "fixture/loop_fake.h"
#include "io/io_guest.h"
#include "noxs/access.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS       UINT64_C(1000000)
#define GUESTS   3u
#define GATEWAY  0u
#define HOST_MAC UINT64_C(0x020000000000) /* as io_front_ipv4 addresses the gateway */

static const struct console_want follows = {.follow = true, .input = true}, keeps = {0};
static struct loop *loop;
static struct io io;
static struct io_front fronts[GUESTS + 2]; /* 2, 3, 4: by number */
static unsigned faults;
static uint64_t faulty;
static char text[IO_TEXT_MAX];
static uint8_t frame[IO_FRONT_FRAME], got[FRAME_MAX_BYTES];

static void on_fault(void *arg, struct io_guest *guest)
{
    (void)arg;
    faults++;
    faulty = guest->by_id.key;
}

static int attach(unsigned number, bool resumed)
{
    struct io_msg_attach order;
    int fds[2];
    io_front_attach(&fronts[number], &order, fds);
    order.resumed = resumed;
    return io_guest_attach(&io, &order, fds, 2, text);
}

static void setup(void)
{
    loop = loop_fake_create();
    io_init(&io, loop, &io_front_xen);
    io.on_fault = on_fault;
    faults = 0;
    for (unsigned i = 2; i < GUESTS + 2; i++) {
        io_front_init(&fronts[i], i);
        ck_assert_msg(attach(i, false) == 0, "%s", text);
    }
}

static void teardown(void)
{
    io_fini(&io);
    ck_assert_uint_eq(io_front_mapped, 0);
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
    for (unsigned i = 2; i < GUESTS + 2; i++)
        io_front_fini(&fronts[i]);
}

static struct io_guest *guest(unsigned number)
{
    return io_find(&io, number);
}

static void ring_net(unsigned number)
{
    io_front_ring(&fronts[number], IO_FRONT_NET_SLOT);
}

/* Posts buffers as a guest does at its start. */
static void open_net(unsigned number)
{
    io_front_post(&fronts[number], 0, 4);
    ring_net(number);
    loop_fake_run(loop);
}

static void send_frame(unsigned to, unsigned from)
{
    io_front_ipv4(frame, to, from);
    io_front_send(&fronts[from], frame, sizeof(frame));
}

START_TEST(attach_opens_the_devices)
{
    const struct noxs_page *page = fronts[2].page;
    ck_assert_uint_eq(page->device_host_state[IO_FRONT_CONSOLE_SLOT], NOXS_DEV_STATE_OPEN);
    ck_assert_uint_eq(page->device_host_state[IO_FRONT_NET_SLOT], NOXS_DEV_STATE_OPEN);
    ck_assert_uint_eq(page->device_host_state[2], NOXS_DEV_STATE_NONE);
    ck_assert_uint_eq(io_front_mapped, GUESTS);
}
END_TEST

START_TEST(detach_leaves_nothing_mapped)
{
    io_guest_detach(guest(3), false);
    ck_assert_ptr_null(guest(3));
    ck_assert_uint_eq(io_front_mapped, GUESTS - 1);
    ck_assert_uint_eq(fronts[3].page->device_host_state[IO_FRONT_NET_SLOT], NOXS_DEV_STATE_CLOSED);
    /* Its addresses are free again. */
    ck_assert_int_eq(attach(3, false), 0);
}
END_TEST

START_TEST(two_guests_talk)
{
    open_net(2);
    open_net(3);
    io_front_notified(&fronts[3]);
    send_frame(3, 2);
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), sizeof(frame));
    ck_assert_mem_eq(got, frame, sizeof(frame));
    ck_assert_uint_eq(io_front_notified(&fronts[3]), 1);
    ck_assert_uint_ge(io_front_unmasked(&fronts[2]), 1);
    ck_assert_uint_eq(guest(2)->vifs[0].netback.stats.tx_packets, 1);
    ck_assert_uint_eq(guest(3)->vifs[0].netback.stats.rx_bytes, sizeof(frame));
}
END_TEST

START_TEST(many_frames_cost_one_event)
{
    open_net(2);
    open_net(3);
    io_front_notified(&fronts[3]);
    for (unsigned i = 0; i < 4; i++)
        send_frame(3, 2);
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_notified(&fronts[3]), 1);
}
END_TEST

START_TEST(spoofed_frames_are_counted)
{
    open_net(3);
    send_frame(3, 2);
    fronts[2].arena[7 * 2048 + 29] = 99; /* the source address in the buffer */
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), 0);
    ck_assert_uint_eq(guest(2)->vifs[0].netback.stats.tx_drops, 1);
    ck_assert_uint_eq(guest(2)->vifs[0].netback.stats.tx_packets, 0);
    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(console_by_doorbell)
{
    int pair[2];
    char line[16] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(guest(2)->console, pair[1], &follows), 0);
    io_front_print(&fronts[2], "hello\n");
    io_front_ring(&fronts[2], IO_FRONT_CONSOLE_SLOT);
    loop_fake_run(loop);
    ck_assert_int_eq(read(pair[0], line, sizeof(line) - 1), 6);
    ck_assert_str_eq(line, "hello\n");
    io_front_notified(&fronts[2]);
    ck_assert_int_eq(write(pair[0], "x", 1), 1);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_notified(&fronts[2]), 1);
    close(pair[0]);
}
END_TEST

START_TEST(unknown_doorbells_are_ignored)
{
    noxs_write64(&fronts[2].page->guest_kick, UINT64_MAX);
    io_front_event(&fronts[2]);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_unmasked(&fronts[2]), 1);
    ck_assert_uint_eq(faults, 0);
}
END_TEST

/* Only the guest's own wake-ups depend on what it writes there. */
START_TEST(words_that_are_not_the_guests)
{
    open_net(2);
    io_front_notified(&fronts[2]);
    /* As if all were rung already: then the host would send no event. */
    fronts[2].page->iod_kick ^= UINT64_MAX;
    fronts[2].page->iod_seen ^= UINT64_MAX;
    send_frame(2, 3);
    ring_net(3);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_notified(&fronts[2]), 1);
}
END_TEST

/* One flood by 2; how many frames of it are taken before 3, whose frame came later, is served. */
START_TEST(a_flood_does_not_keep_others_waiting)
{
    open_net(4);
    for (unsigned i = 0; i < 250; i++)
        send_frame(GATEWAY, 2);
    send_frame(4, 3);
    ring_net(2);
    ring_net(3);
    struct io_guest *flooder = guest(2);
    uint64_t taken = 0;
    /* The fake loop serves each ready fd once, then timers: the flooder's next turn is a timer. */
    loop_fake_run(loop);
    taken = flooder->vifs[0].netback.stats.tx_packets;
    ck_assert_uint_eq(io_front_receive(&fronts[4], got), sizeof(frame));
    ck_assert_uint_le(taken, NETBACK_TURN_FRAMES);
    ck_assert_uint_eq(io_front_unmasked(&fronts[2]), 0);
    loop_fake_advance(loop, 100 * MS);
    ck_assert_uint_eq(flooder->vifs[0].netback.stats.tx_packets, 250);
    ck_assert_uint_eq(io_front_unmasked(&fronts[2]), 1);
}
END_TEST

static void expect_fault(unsigned number, const char *why)
{
    ck_assert_uint_eq(faults, 1);
    ck_assert_uint_eq(faulty, number);
    ck_assert_uint_eq(guest(number)->sm.state, IO_GUEST_STOPPED);
    ck_assert_str_eq(guest(number)->fault, why);
    ck_assert_uint_eq(fronts[number].page->device_host_state[0], NOXS_DEV_STATE_CLOSED);
}

START_TEST(a_broken_ring_stops_the_guest_only)
{
    open_net(3);
    fronts[2].tx->req_prod = 1000;
    ring_net(2);
    loop_fake_run(loop);
    expect_fault(2, "net tx: producer index out of range");
    ck_assert_uint_eq(io_front_unmasked(&fronts[2]), 0);
    send_frame(2, 4);
    send_frame(3, 4);
    ring_net(4);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), sizeof(frame));
    ck_assert_uint_eq(io_front_receive(&fronts[2], got), 0);
    /* It may shout: nobody listens, and detach still works. */
    io_front_event(&fronts[2]);
    loop_fake_advance(loop, 100 * MS);
    ck_assert_uint_eq(faults, 1);
    io_guest_detach(guest(2), false);
}
END_TEST

START_TEST(a_stopped_guests_console_is_left_alone)
{
    int pair[2];
    char line[16] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(guest(2)->console, pair[1], &follows), 0);
    io_front_print(&fronts[2], "last");
    fronts[2].tx->req_prod = 1000;
    ring_net(2);
    loop_fake_run(loop);
    expect_fault(2, "net tx: producer index out of range");
    struct xencons_interface before = *fronts[2].console;
    io_front_print(&fronts[2], "more");
    before.out_prod = fronts[2].console->out_prod;
    memcpy(before.out, fronts[2].console->out, sizeof(before.out));
    ck_assert_int_eq(write(pair[0], "x", 1), 1);
    loop_fake_run(loop);
    close(pair[0]);
    loop_fake_run(loop);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(guest(2)->console, pair[1], &keeps), 0);
    ck_assert_int_eq(read(pair[0], line, sizeof(line) - 1), 4);
    ck_assert_str_eq(line, "last");
    ck_assert_int_eq(read(pair[0], line, sizeof(line)), 0);
    close(pair[0]);
    io_guest_detach(guest(2), false);
    ck_assert_mem_eq(fronts[2].console, &before, sizeof(before));
}
END_TEST

START_TEST(a_broken_receiver_does_not_stop_the_sender)
{
    open_net(3);
    fronts[3].rx->ring[0].req.gref = 0;
    send_frame(3, 2);
    send_frame(3, 2);
    ring_net(2);
    loop_fake_run(loop);
    expect_fault(3, "net rx: reference is not of the buffer");
    ck_assert_uint_eq(guest(2)->sm.state, IO_GUEST_WAITING);
}
END_TEST

START_TEST(a_broken_console_stops_the_network_too)
{
    open_net(2);
    fronts[2].console->out_prod = 9999;
    send_frame(3, 2);
    io_front_ring(&fronts[2], IO_FRONT_CONSOLE_SLOT);
    ring_net(2);
    loop_fake_run(loop);
    expect_fault(2, "console: output index out of range");
    ck_assert_uint_eq(guest(2)->vifs[0].netback.stats.tx_packets, 0);
}
END_TEST

/* Events as fast as the port lets them through, for ten seconds or until the guest is stopped. */
static unsigned storm(unsigned number, bool with_doorbell)
{
    unsigned events = 0;
    io_front_event(&fronts[number]);
    for (unsigned ms = 0; ms < 10000 && faults == 0; ms++) {
        for (unsigned turn = 0; turn < 100; turn++) {
            loop_fake_run(loop);
            if (io_front_unmasked(&fronts[number]) == 0)
                break;
            if (with_doorbell)
                fronts[number].page->guest_kick ^= UINT64_MAX;
            io_front_event(&fronts[number]);
            events++;
        }
        loop_fake_advance(loop, MS);
    }
    return events;
}

START_TEST(an_event_storm_is_slowed_and_then_stopped)
{
    unsigned events = storm(2, _i == 1);
    expect_fault(2, "event storm on the I/O channel");
    ck_assert_uint_lt(events, 1000);
}
END_TEST

START_TEST(events_with_work_are_paced_but_no_storm)
{
    unsigned events = 0;
    for (unsigned ms = 0; ms < 1000; ms++) {
        for (unsigned i = 0; i < 100; i++) {
            io_front_print(&fronts[2], "x");
            io_front_ring(&fronts[2], IO_FRONT_CONSOLE_SLOT);
            loop_fake_run(loop);
            events += io_front_unmasked(&fronts[2]);
        }
        loop_fake_advance(loop, MS);
    }
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_le(events, 1000 * MS / IO_THROTTLE_EVENT_NS + IO_THROTTLE_BURST);
    ck_assert_uint_gt(events, 5000);
    /* All of it arrived: a held channel loses nothing. */
    loop_fake_advance(loop, 100 * MS);
    io_front_unmasked(&fronts[2]);
    loop_fake_run(loop);
    ck_assert_uint_eq(guest(2)->console->history.end, 100000);
}
END_TEST

START_TEST(resumed_guest_is_served_at_once)
{
    io_guest_detach(guest(2), false);
    io_front_unmasked(&fronts[2]);
    open_net(3);
    /* Rung before its former iod died, which had taken the event. */
    io_front_print(&fronts[2], "hello\n");
    send_frame(3, 2);
    fronts[2].page->guest_kick = fronts[2].page->iod_seen = 3;
    /* And it had rung the guest, but not yet sent the event. */
    io_front_notified(&fronts[2]);
    fronts[2].page->iod_kick ^= 3;
    ck_assert_int_eq(attach(2, true), 0);
    ck_assert_uint_eq(io_front_notified(&fronts[2]), 1);
    loop_fake_advance(loop, MS);
    ck_assert_uint_eq(guest(2)->console->history.end, 6);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), sizeof(frame));
    ck_assert_uint_eq(io_front_unmasked(&fronts[2]), 1);
}
END_TEST

/* ---- orders that cannot be followed ------------------------------------------------- */

static void no_window(struct io_msg_attach *order)
{
    order->window_pages = 0;
}

static void large_window(struct io_msg_attach *order)
{
    order->window_pages = IO_WINDOW_PAGES + 1;
}

static void grefs_wrap(struct io_msg_attach *order)
{
    order->gref_first = UINT32_MAX - 3;
}

static void many_vifs(struct io_msg_attach *order)
{
    order->vif_count = IO_MAX_VIFS + 1;
}

static void console_slot(struct io_msg_attach *order)
{
    order->console_slot = NOXS_DEVICE_SLOTS;
}

static void console_on_the_page(struct io_msg_attach *order)
{
    order->console_window = 0;
}

static void shared_slot(struct io_msg_attach *order)
{
    order->vif[0].slot = order->console_slot;
}

static void shared_page(struct io_msg_attach *order)
{
    order->vif[0].rx_window = order->vif[0].tx_window;
}

static void arena_outside(struct io_msg_attach *order)
{
    order->vif[0].arena_pages = 5;
}

static void no_arena(struct io_msg_attach *order)
{
    order->vif[0].arena_pages = 0;
}

static void group_mac(struct io_msg_attach *order)
{
    order->vif[0].mac[0] |= 1;
}

static void no_mac(struct io_msg_attach *order)
{
    memset(order->vif[0].mac, 0, 6);
}

static void bridged_without_tap(struct io_msg_attach *order)
{
    order->vif[0].bridged = 1;
}

static void bridged_odd(struct io_msg_attach *order)
{
    order->vif[0].bridged = 2;
}

static void address_in_use(struct io_msg_attach *order)
{
    order->vif[0].ip[3] = 3;
}

static void mac_in_use(struct io_msg_attach *order)
{
    order->vif[0].mac[5] = 3;
}

static void twice(struct io_msg_attach *order)
{
    order->header.guest = 3;
}

static void (*const wrongs[])(struct io_msg_attach *) = {
    no_window,           large_window, grefs_wrap,          many_vifs,     console_slot,
    console_on_the_page, shared_slot,  shared_page,         arena_outside, no_arena,
    group_mac,           no_mac,       bridged_without_tap, bridged_odd,   address_in_use,
    mac_in_use,          twice,
};

static unsigned open_files(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            count++;
    return count;
}

START_TEST(wrong_orders_leave_nothing)
{
    struct io_msg_attach order;
    int fds[2];
    io_guest_detach(guest(2), false);
    unsigned before = open_files();
    io_front_attach(&fronts[2], &order, fds);
    wrongs[_i](&order);
    ck_assert_int_lt(io_guest_attach(&io, &order, fds, 2, text), 0);
    ck_assert_uint_gt(strlen(text), 0);
    ck_assert_uint_eq(open_files(), before);
    ck_assert_uint_eq(io_front_mapped, GUESTS - 1);
    ck_assert_int_eq(attach(2, false), 0);
}
END_TEST

START_TEST(a_window_that_cannot_be_mapped)
{
    io_guest_detach(guest(2), false);
    unsigned before = open_files();
    io_front_map_error = -EINVAL;
    ck_assert_int_eq(attach(2, false), -EINVAL);
    io_front_map_error = 0;
    ck_assert_ptr_nonnull(strstr(text, "granted"));
    ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(out_of_handles)
{
    io_guest_detach(guest(2), false);
    unsigned before = open_files();
    unsigned handles = loop_fake_handles(loop);
    for (unsigned nth = 1;; nth++) {
        loop_fake_fail(loop, nth);
        int rc = attach(2, false);
        bool failed = loop_fake_failed(loop);
        loop_fake_fail(loop, 0);
        if (!failed) {
            ck_assert_int_eq(rc, 0);
            ck_assert_uint_gt(nth, 2);
            break;
        }
        ck_assert_int_eq(rc, -ENOMEM);
        ck_assert_uint_eq(open_files(), before);
        ck_assert_uint_eq(loop_fake_handles(loop), handles);
    }
}
END_TEST

START_TEST(bridged_interface)
{
    struct io_msg_attach order;
    int fds[3], tap[2];
    io_guest_detach(guest(2), false);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tap), 0);
    io_front_attach(&fronts[2], &order, fds);
    order.vif[0].bridged = 1;
    fds[2] = tap[1];
    ck_assert_msg(io_guest_attach(&io, &order, fds, 3, text) == 0, "%s", text);
    /* Whoever is there may know its address by another's MAC. */
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), FRAME_ANNOUNCEMENT_BYTES);
    open_net(2);
    /* To the bridge, not to guest 3; and not in another's name. */
    send_frame(3, 2);
    send_frame(3, 2);
    fronts[2].arena[6 * 2048 + 29] = 99;
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), sizeof(frame));
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), -1);
    io_front_notified(&fronts[2]);
    io_front_ipv4(frame, 2, 77);
    ck_assert_int_eq(write(tap[0], frame, sizeof(frame)), sizeof(frame));
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_receive(&fronts[2], got), sizeof(frame));
    ck_assert_uint_eq(io_front_notified(&fronts[2]), 1);
    io_guest_detach(guest(2), false);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), 0);
    close(tap[0]);
}
END_TEST

START_TEST(uplink)
{
    int tap[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tap), 0);
    ck_assert_int_eq(uplink_set(&io.uplink, loop, tap[1], HOST_MAC, 0x0a4d0001), 0);
    open_net(2);
    io_front_notified(&fronts[2]);
    send_frame(GATEWAY, 2);
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), sizeof(frame));
    ck_assert_mem_eq(got, frame, sizeof(frame));
    io_front_ipv4(frame, 2, GATEWAY);
    ck_assert_int_eq(write(tap[0], frame, sizeof(frame)), sizeof(frame));
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_receive(&fronts[2], got), sizeof(frame));
    ck_assert_uint_eq(io_front_notified(&fronts[2]), 1);
    /* No guest can take the host's place. */
    struct io_msg_attach order;
    int fds[2];
    io_guest_detach(guest(3), false);
    io_front_attach(&fronts[3], &order, fds);
    order.vif[0].mac[5] = 0;
    ck_assert_int_eq(io_guest_attach(&io, &order, fds, 2, text), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(text, "in use"));
    /* The interface is removed: not a busy loop. */
    close(tap[0]);
    loop_fake_run(loop);
    send_frame(GATEWAY, 2);
    ring_net(2);
    loop_fake_run(loop);
    ck_assert_uint_eq(faults, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_guest");
    TCase *tests = tcase_create("io_guest");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, attach_opens_the_devices);
    tcase_add_test(tests, detach_leaves_nothing_mapped);
    tcase_add_test(tests, two_guests_talk);
    tcase_add_test(tests, many_frames_cost_one_event);
    tcase_add_test(tests, spoofed_frames_are_counted);
    tcase_add_test(tests, console_by_doorbell);
    tcase_add_test(tests, unknown_doorbells_are_ignored);
    tcase_add_test(tests, words_that_are_not_the_guests);
    tcase_add_test(tests, a_flood_does_not_keep_others_waiting);
    tcase_add_test(tests, a_broken_ring_stops_the_guest_only);
    tcase_add_test(tests, a_stopped_guests_console_is_left_alone);
    tcase_add_test(tests, a_broken_receiver_does_not_stop_the_sender);
    tcase_add_test(tests, a_broken_console_stops_the_network_too);
    tcase_add_loop_test(tests, an_event_storm_is_slowed_and_then_stopped, 0, 2);
    tcase_add_test(tests, events_with_work_are_paced_but_no_storm);
    tcase_add_test(tests, resumed_guest_is_served_at_once);
    tcase_add_loop_test(tests, wrong_orders_leave_nothing, 0,
                        (int)(sizeof(wrongs) / sizeof(wrongs[0])));
    tcase_add_test(tests, a_window_that_cannot_be_mapped);
    tcase_add_test(tests, out_of_handles);
    tcase_add_test(tests, bridged_interface);
    tcase_add_test(tests, uplink);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
