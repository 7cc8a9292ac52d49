/* Interfaces that come to a guest which is served, and go. */
#include "fixture/io_front.h"
#include "fixture/loop_fake.h"
#include "io/io_guest_vif.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOT_PAGES IO_FRONT_PAGES

static struct loop *loop;
static struct io io;
static struct io_front fronts[4]; /* 2, 3: by number */
static struct io_msg_attach orders[4];
static unsigned faults;
static unsigned files;
static char text[IO_TEXT_MAX];
static uint8_t frame[IO_FRONT_FRAME], got[FRAME_MAX_BYTES];

static void on_fault(void *arg, struct io_guest *guest)
{
    (void)arg;
    (void)guest;
    faults++;
}

static unsigned open_files(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            count++;
    return count;
}

/* 2 has no interface, 3 has one from the start. */
static void setup(void)
{
    loop = loop_fake_create();
    io_init(&io, loop, &io_front_xen);
    io.on_fault = on_fault;
    faults = 0;
    for (unsigned i = 2; i < 4; i++) {
        int fds[2];
        io_front_init(&fronts[i], i);
        io_front_attach(&fronts[i], &orders[i], fds);
        struct io_msg_attach order = orders[i];
        order.vif_count = i == 2 ? 0 : 1;
        ck_assert_msg(io_guest_attach(&io, &order, fds, 2, text) == 0, "%s", text);
    }
    files = open_files();
}

static void teardown(void)
{
    io_fini(&io);
    ck_assert_uint_eq(io_front_mapped, 0);
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
    for (unsigned i = 2; i < 4; i++)
        io_front_fini(&fronts[i]);
}

static struct io_guest *guest(unsigned number)
{
    return io_find(&io, number);
}

/* The front's own rings, mapped a second time as pages of the interface alone. */
static struct io_vif hot(void)
{
    struct io_vif vif = orders[2].vif[0];
    vif.hot_gref = IO_FRONT_GREF;
    vif.hot_pages = HOT_PAGES;
    return vif;
}

static int add(const struct io_vif *vif, int tap)
{
    int fds[IO_VIF_FDS] = {-1, -1};
    unsigned count = 0;
    if (vif->hot_gref != 0)
        fds[count++] = fcntl(fronts[2].memory, F_DUPFD_CLOEXEC, 3);
    if (tap >= 0)
        fds[count++] = tap;
    int rc = io_guest_add_vif(guest(2), vif, fds, count, text);
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return rc;
}

static void open_net(unsigned number)
{
    io_front_post(&fronts[number], 0, 4);
    io_front_ring(&fronts[number], IO_FRONT_NET_SLOT);
    loop_fake_run(loop);
}

static void send_frame(unsigned to, unsigned from)
{
    io_front_ipv4(frame, to, from);
    io_front_send(&fronts[from], frame, sizeof(frame));
    io_front_ring(&fronts[from], IO_FRONT_NET_SLOT);
    loop_fake_run(loop);
}

static void check_talks(void)
{
    send_frame(3, 2);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), sizeof(frame));
    ck_assert_mem_eq(got, frame, sizeof(frame));
    send_frame(2, 3);
    ck_assert_uint_eq(io_front_receive(&fronts[2], got), sizeof(frame));
    ck_assert_uint_eq(faults, 0);
}

static void check_nothing_left(void)
{
    ck_assert_uint_eq(io_front_mapped, 2);
    ck_assert_uint_eq(open_files(), files);
    ck_assert(!vif_is_open(&guest(2)->vifs[0]));
}

/* 3 may have known another by this address. */
static void check_announced(void)
{
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), FRAME_ANNOUNCEMENT_BYTES);
    io_front_arp(frame, 2, 2);
    ck_assert_mem_eq(got, frame, sizeof(frame));
    io_front_post(&fronts[3], 0, 1);
}

START_TEST(one_comes_talks_and_goes)
{
    const struct io_vif vif = hot();
    const uint32_t *state = &fronts[2].page->device_host_state[IO_FRONT_NET_SLOT];
    ck_assert_uint_eq(*state, NOXS_DEV_STATE_NONE);
    ck_assert_msg(add(&vif, -1) == 0, "%s", text);
    ck_assert_uint_eq(*state, NOXS_DEV_STATE_OPEN);
    ck_assert_uint_eq(io_front_mapped, 3);
    /* The map holds what the grant fd held. */
    ck_assert_uint_eq(open_files(), files);
    open_net(2);
    open_net(3);
    check_announced();
    check_talks();
    io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
    ck_assert_uint_eq(*state, NOXS_DEV_STATE_CLOSED);
    check_nothing_left();
    /* Neither what it rings nor what is sent to it does anything. */
    unsigned received = fronts[2].rx->rsp_prod;
    send_frame(2, 3);
    send_frame(3, 2);
    fronts[2].tx->req_prod += 1000;
    send_frame(3, 2);
    ck_assert_uint_eq(fronts[2].rx->rsp_prod, received);
    ck_assert_uint_eq(io_front_receive(&fronts[3], got), 0);
    ck_assert_uint_eq(faults, 0);
    io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
    io_guest_remove_vif(guest(2), UINT32_MAX);
    check_nothing_left();
}
END_TEST

START_TEST(its_place_in_the_window_can_be_used_again)
{
    for (int i = 0; i < 3; i++) {
        memset(fronts[2].tx, 0, IO_PAGE_SIZE);
        memset(fronts[2].rx, 0, IO_PAGE_SIZE);
        fronts[2].rx_cons = 0;
        ck_assert_int_eq(add(&orders[2].vif[0], -1), 0);
        ck_assert_uint_eq(io_front_mapped, 2);
        open_net(2);
        if (i == 0)
            open_net(3);
        check_announced();
        check_talks();
        io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
        check_nothing_left();
    }
}
END_TEST

START_TEST(one_comes_with_the_attach)
{
    struct io_msg_attach order;
    int fds[3];
    io_guest_detach(guest(2), false);
    io_front_attach(&fronts[2], &order, fds);
    order.vif[0] = hot();
    fds[2] = fcntl(fronts[2].memory, F_DUPFD_CLOEXEC, 3);
    ck_assert_msg(io_guest_attach(&io, &order, fds, 3, text) == 0, "%s", text);
    ck_assert_uint_eq(open_files(), files);
    open_net(2);
    open_net(3);
    check_talks();
    io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
    check_nothing_left();
}
END_TEST

START_TEST(one_on_a_bridge)
{
    struct io_vif vif = hot();
    int tap[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tap), 0);
    vif.bridged = 1;
    ck_assert_msg(add(&vif, tap[1]) == 0, "%s", text);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), FRAME_ANNOUNCEMENT_BYTES);
    open_net(2);
    send_frame(3, 2);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), sizeof(frame));
    io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
    ck_assert_int_eq(read(tap[0], got, sizeof(got)), 0);
    close(tap[0]);
    check_nothing_left();
}
END_TEST

static void slot_of_the_console(struct io_vif *vif)
{
    vif->slot = IO_FRONT_CONSOLE_SLOT;
}

static void no_slot(struct io_vif *vif)
{
    vif->slot = NOXS_DEVICE_SLOTS;
}

static void no_pages(struct io_vif *vif)
{
    vif->hot_pages = 0;
}

static void many_pages(struct io_vif *vif)
{
    vif->hot_pages = IO_HOT_PAGES + 1;
}

static void outside_its_pages(struct io_vif *vif)
{
    vif->hot_pages = 7;
}

static void shared_page(struct io_vif *vif)
{
    vif->rx_window = vif->tx_window;
}

static void references_wrap(struct io_vif *vif)
{
    vif->hot_gref = UINT32_MAX - 3;
}

static void pages_without_reference(struct io_vif *vif)
{
    vif->hot_gref = 0;
}

static void tap_that_did_not_come(struct io_vif *vif)
{
    vif->bridged = 1;
}

static void anothers_mac(struct io_vif *vif)
{
    vif->mac[5] = 3;
}

static void anothers_address(struct io_vif *vif)
{
    vif->ip[3] = 3;
}

static void other_references(struct io_vif *vif)
{
    vif->hot_gref = IO_FRONT_GREF + 1; /* the fixture maps no others */
}

static void (*const wrongs[])(struct io_vif *vif) = {
    slot_of_the_console,   no_slot,      no_pages,         many_pages,
    outside_its_pages,     shared_page,  references_wrap,  pages_without_reference,
    tap_that_did_not_come, anothers_mac, anothers_address, other_references,
};

START_TEST(wrong_ones_leave_nothing)
{
    struct io_vif vif = hot();
    wrongs[_i](&vif);
    ck_assert_int_lt(add(&vif, -1), 0);
    ck_assert_uint_gt(strlen(text), 0);
    check_nothing_left();
    vif = hot();
    ck_assert_int_eq(add(&vif, -1), 0);
}
END_TEST

START_TEST(no_more_than_there_can_be_and_no_slot_twice)
{
    struct io_vif vif = hot();
    ck_assert_int_eq(add(&vif, -1), 0);
    ck_assert_int_eq(add(&vif, -1), -EINVAL);
    vif = orders[2].vif[0];
    vif.slot = 2;
    vif.mac[5] = 9;
    vif.ip[3] = 9;
    ck_assert_int_eq(add(&vif, -1), 0);
    vif.slot = 3;
    ck_assert_int_eq(add(&vif, -1), -ENOSPC);
    /* The first goes, the second stays, and a third finds its place. */
    io_guest_remove_vif(guest(2), IO_FRONT_NET_SLOT);
    ck_assert(vif_is_open(&guest(2)->vifs[1]));
    vif = hot();
    ck_assert_int_eq(add(&vif, -1), 0);
}
END_TEST

START_TEST(a_guest_that_is_stopped_gets_none)
{
    const struct io_vif vif = hot();
    fronts[2].console->out_prod = 1u << 20;
    io_front_ring(&fronts[2], IO_FRONT_CONSOLE_SLOT);
    loop_fake_run(loop);
    ck_assert_uint_eq(faults, 1);
    ck_assert_int_eq(add(&vif, -1), -EPIPE);
    check_nothing_left();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_guest_vif");
    TCase *tests = tcase_create("io_guest_vif");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_comes_talks_and_goes);
    tcase_add_test(tests, its_place_in_the_window_can_be_used_again);
    tcase_add_test(tests, one_comes_with_the_attach);
    tcase_add_test(tests, one_on_a_bridge);
    tcase_add_loop_test(tests, wrong_ones_leave_nothing, 0,
                        (int)(sizeof(wrongs) / sizeof(wrongs[0])));
    tcase_add_test(tests, no_more_than_there_can_be_and_no_slot_twice);
    tcase_add_test(tests, a_guest_that_is_stopped_gets_none);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
