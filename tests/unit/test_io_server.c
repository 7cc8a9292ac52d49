/* chaosd's orders: well formed or not, answered, and what happens when chaosd goes and comes. */
#include "fixture/io_front.h"
#include "fixture/loop_fake.h"
#include "io/io_guest.h"
#include "io/io_server.h"
#include "util/fd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *loop;
static struct io io;
static struct io_server server;
static struct io_front front;
static char dir[] = "/tmp/chaos-test.XXXXXX";
static char path[64];
static int listener, chaosd;
static unsigned files;

union answer {
    struct io_msg_header header;
    struct io_msg_hello hello;
    struct io_msg_attached attached;
    struct io_msg_fault fault;
    struct io_msg_counters counters;
    struct io_msg_vif_done vif_done;
    uint8_t bytes[IO_MSG_MAX];
};
static union answer answer;

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, path, sizeof(path));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    loop_fake_run(loop);
    return fd;
}

static unsigned open_files(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            count++;
    return count;
}

static void setup(void)
{
    strcpy(dir + sizeof(dir) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/iod.sock", dir);
    io_front_init(&front, 2);
    loop = loop_fake_create();
    io_init(&io, loop, &io_front_xen);
    listener = io_server_listen(path);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(io_server_init(&server, &io, listener, getuid()), 0);
    chaosd = dial();
    files = open_files();
}

static void teardown(void)
{
    io_server_fini(&server);
    io_fini(&io);
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
    close(listener);
    if (chaosd >= 0)
        close(chaosd);
    io_front_fini(&front);
    unlink(path);
    rmdir(dir);
}

/* The answer's type; 0: none; -1: the connection has ended. */
static int next_answer(void)
{
    struct fd_packet packet;
    loop_fake_run(loop);
    int rc = fd_receive(chaosd, &answer, sizeof(answer), &packet);
    if (rc == -EAGAIN)
        return 0;
    if (rc < 0 || packet.size == 0)
        return -1;
    ck_assert_uint_eq(packet.size, answer.header.size);
    return (int)answer.header.type;
}

static void order(const void *message, size_t size, const int *fds, size_t count)
{
    ck_assert_int_eq(fd_send(chaosd, message, size, fds, count), 0);
}

static void hello(uint32_t version)
{
    struct io_msg_hello message = {
        .header = {.type = IO_MSG_HELLO, .size = sizeof(message)},
        .version = version,
        .uplink_ip = {10, 77, 0, 1},
    };
    order(&message, sizeof(message), NULL, 0);
}

static void greet(void)
{
    hello(IO_MSG_VERSION);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    ck_assert_uint_eq(answer.hello.version, IO_MSG_VERSION);
}

static void attach_front(void)
{
    struct io_msg_attach message;
    int fds[2];
    io_front_attach(&front, &message, fds);
    order(&message, sizeof(message), fds, 2);
    fd_close_all(fds, 2);
    ck_assert_int_eq(next_answer(), IO_MSG_ATTACHED);
}

static void order_detach(uint64_t guest, bool keep, uint64_t forget)
{
    const struct io_msg_detach message = {
        .header = {.type = IO_MSG_DETACH, .size = sizeof(message), .guest = guest},
        .keep = keep,
        .forget = forget};
    order(&message, sizeof(message), NULL, 0);
}

START_TEST(socket_is_private)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(path_in_use)
{
    ck_assert_int_eq(io_server_listen(path), -EADDRINUSE);
    loop_fake_run(loop);
    char stale[80];
    snprintf(stale, sizeof(stale), "%s/stale.sock", dir);
    int fd = io_server_listen(stale);
    ck_assert_int_ge(fd, 0);
    close(fd);
    /* Nobody listens on it any more. */
    fd = io_server_listen(stale);
    ck_assert_int_ge(fd, 0);
    close(fd);
    unlink(stale);
    memset(stale, 'x', sizeof(stale) - 1);
    char *deep = malloc(200);
    snprintf(deep, 200, "/%.79s/%.79s", stale, stale);
    ck_assert_int_eq(io_server_listen(deep), -ENAMETOOLONG);
    free(deep);
    ck_assert_int_eq(io_server_listen("/nowhere/iod.sock"), -ENOENT);
}
END_TEST

START_TEST(greets)
{
    greet();
    hello(IO_MSG_VERSION + 1);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    ck_assert_uint_eq(answer.hello.version, IO_MSG_VERSION);
}
END_TEST

START_TEST(orders_need_a_greeting)
{
    order_detach(2, false, 0);
    ck_assert_int_eq(next_answer(), -1);
}
END_TEST

START_TEST(another_version_may_not_order)
{
    hello(IO_MSG_VERSION + 1);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    order_detach(2, false, 0);
    ck_assert_int_eq(next_answer(), -1);
}
END_TEST

START_TEST(uplink_comes_with_the_greeting)
{
    int tap[2];
    struct io_msg_hello message = {
        .header = {.type = IO_MSG_HELLO, .size = sizeof(message)},
        .version = IO_MSG_VERSION,
    };
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, tap), 0);
    order(&message, sizeof(message), &tap[1], 1);
    close(tap[1]);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    ck_assert_int_ge(io.uplink.tap.fd, 0);
    ck_assert_uint_eq(answer.hello.has_uplink, 1);
    /* A greeting without one keeps it. */
    greet();
    ck_assert_int_ge(io.uplink.tap.fd, 0);
    close(tap[0]);
}
END_TEST

START_TEST(attach_serve_detach)
{
    greet();
    attach_front();
    ck_assert_int_eq(answer.attached.status, 0);
    ck_assert_uint_eq(answer.header.guest, 2);
    attach_front();
    ck_assert_int_eq(answer.attached.status, -EEXIST);
    ck_assert_str_eq(answer.attached.text, "the guest is attached already");
    order_detach(2, false, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_DETACHED);
    ck_assert_uint_eq(io_front_mapped, 0);
    ck_assert_uint_eq(open_files(), files);
    order_detach(2, false, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_DETACHED);
}
END_TEST

START_TEST(stats_order)
{
    struct io_msg_stats message = {
        .header = {.type = IO_MSG_STATS, .size = sizeof(message), .guest = 99},
        .count = 3,
        .guests = {7, 2, 2},
    };
    uint8_t frame[60] = {0};
    greet();
    attach_front();
    struct netback_stats *stats = &io_find(&io, 2)->vifs[0].netback.stats;
    /* It has posted no buffers: this one waits. */
    netback_deliver(&io_find(&io, 2)->vifs[0].netback, frame, sizeof(frame));
    *stats = (struct netback_stats){1, 2, 3, 4, 5, 6};
    order(&message, sizeof(message), NULL, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_COUNTERS);
    ck_assert_uint_eq(answer.header.guest, 99);
    ck_assert_uint_eq(answer.counters.count, 3);
    ck_assert_uint_eq(answer.counters.guests[0].guest, 7);
    ck_assert_uint_eq(answer.counters.guests[0].vif_count, 0);
    for (unsigned i = 1; i < 3; i++) {
        const struct io_guest_counters *got = &answer.counters.guests[i];
        ck_assert_uint_eq(got->guest, 2);
        ck_assert_uint_eq(got->vif_count, 1);
        ck_assert_uint_eq(got->vif[0].rx_frames, stats->rx_packets);
        ck_assert_uint_eq(got->vif[0].rx_bytes, stats->rx_bytes);
        ck_assert_uint_eq(got->vif[0].rx_drops, stats->rx_drops);
        ck_assert_uint_eq(got->vif[0].tx_frames, stats->tx_packets);
        ck_assert_uint_eq(got->vif[0].tx_bytes, stats->tx_bytes);
        ck_assert_uint_eq(got->vif[0].tx_drops, stats->tx_drops);
    }
    ck_assert_uint_eq(stats->rx_packets + stats->tx_drops, 7);
    message.count = IO_STATS_GUESTS + 1;
    order(&message, sizeof(message), NULL, 0);
    ck_assert_int_eq(next_answer(), -1);
}
END_TEST

START_TEST(console_order)
{
    struct io_msg_console message = {
        .header = {.type = IO_MSG_CONSOLE, .size = sizeof(message), .guest = 2},
        .follow = 1,
        .input = 1,
    };
    char line[16] = "";
    int pair[2];
    greet();
    attach_front();
    io_front_print(&front, "hello\n");
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    order(&message, sizeof(message), &pair[1], 1);
    close(pair[1]);
    loop_fake_run(loop);
    ck_assert_int_eq(read(pair[0], line, sizeof(line) - 1), 6);
    ck_assert_str_eq(line, "hello\n");
    close(pair[0]);
    /* Of a guest that is not: the reader sees the end. */
    message.header.guest = 99;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    order(&message, sizeof(message), &pair[1], 1);
    close(pair[1]);
    loop_fake_run(loop);
    ck_assert_int_eq(read(pair[0], line, sizeof(line)), 0);
    close(pair[0]);
}
END_TEST

static void expect_console(uint64_t guest, const char *text)
{
    struct io_msg_console message = {
        .header = {.type = IO_MSG_CONSOLE, .size = sizeof(message), .guest = guest}};
    char line[64] = "";
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    order(&message, sizeof(message), &pair[1], 1);
    close(pair[1]);
    loop_fake_run(loop);
    ck_assert_int_eq(read(pair[0], line, sizeof(line) - 1), (ssize_t)strlen(text));
    ck_assert_str_eq(line, text);
    close(pair[0]);
}

static void live_and_die(bool keep, uint64_t forget)
{
    memset(front.console, 0, IO_PAGE_SIZE);
    attach_front();
    io_front_print(&front, "hello\n");
    order_detach(2, keep, forget);
    ck_assert_int_eq(next_answer(), IO_MSG_DETACHED);
    ck_assert_uint_eq(io_front_mapped, 0);
    ck_assert_uint_eq(open_files(), files);
}

START_TEST(what_is_left_of_a_guest_is_kept_until_it_is_to_be_forgotten)
{
    greet();
    live_and_die(false, 0);
    expect_console(2, "");
    live_and_die(true, 0);
    expect_console(2, "hello\n");
    expect_console(2, "hello\n");
    order_detach(99, true, 2);
    ck_assert_int_eq(next_answer(), IO_MSG_DETACHED);
    expect_console(2, "");
    ck_assert(list_empty(&io.lingering));
}
END_TEST

START_TEST(a_new_chaosd_knows_of_nobody_who_is_gone)
{
    greet();
    live_and_die(true, 0);
    hello(IO_MSG_VERSION);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    expect_console(2, "hello\n");
    close(chaosd);
    loop_fake_run(loop);
    chaosd = dial();
    greet();
    expect_console(2, "");
    ck_assert(list_empty(&io.lingering));
}
END_TEST

static void break_console(void)
{
    front.console->out_prod = 5000;
    io_front_ring(&front, IO_FRONT_CONSOLE_SLOT);
    loop_fake_run(loop);
}

START_TEST(fault_is_told)
{
    greet();
    attach_front();
    break_console();
    ck_assert_int_eq(next_answer(), IO_MSG_FAULT);
    ck_assert_uint_eq(answer.header.guest, 2);
    ck_assert_str_eq(answer.fault.text, "console: output index out of range");
    ck_assert_int_eq(next_answer(), 0);
}
END_TEST

START_TEST(chaosd_dies_and_comes_back)
{
    greet();
    attach_front();
    close(chaosd);
    loop_fake_run(loop);
    /* The guest is served meanwhile, and breaks a rule. */
    io_front_print(&front, "alive\n");
    io_front_ring(&front, IO_FRONT_CONSOLE_SLOT);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_find(&io, 2)->console->history.end, 6);
    io_front_unmasked(&front);
    break_console();
    chaosd = dial();
    ck_assert_int_eq(next_answer(), 0);
    hello(IO_MSG_VERSION);
    ck_assert_int_eq(next_answer(), IO_MSG_SERVES);
    ck_assert_uint_eq(answer.header.guest, 2);
    ck_assert_int_eq(next_answer(), IO_MSG_HELLO);
    ck_assert_uint_eq(answer.hello.has_uplink, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_FAULT);
    /* It is this chaosd's from now on. */
    greet();
}
END_TEST

START_TEST(one_chaosd_at_a_time)
{
    char byte;
    int second = dial();
    ck_assert_int_eq(read(second, &byte, 1), 0);
    close(second);
    greet();
    /* The first is gone but that was not seen yet. */
    close(chaosd);
    chaosd = dial();
    greet();
}
END_TEST

START_TEST(strangers_are_refused)
{
    char byte;
    close(chaosd);
    loop_fake_run(loop);
    server.peer = getuid() + 1;
    chaosd = dial();
    ck_assert_int_eq(read(chaosd, &byte, 1), 0);
}
END_TEST

/* ---- malformed ---------------------------------------------------------------------- */

static const struct {
    uint32_t type;
    uint32_t said; /* size in the header; 0: the true one */
    uint32_t size;
    unsigned fds;
} malformed[] = {
    {IO_MSG_DETACH, 0, 8, 0},
    {IO_MSG_DETACH, sizeof(struct io_msg_detach) + 1, sizeof(struct io_msg_detach), 0},
    {IO_MSG_DETACH, sizeof(struct io_msg_detach) - 1, sizeof(struct io_msg_detach), 0},
    {IO_MSG_DETACH, 0, sizeof(struct io_msg_detach) + 1, 0},
    {IO_MSG_DETACH, 0, 16, 0},
    {IO_MSG_DETACH, 0, sizeof(struct io_msg_detach), 1},
    {IO_MSG_DETACH, 0, sizeof(struct io_msg_detach), 2},
    {IO_MSG_DETACH, 0, 512, 0},
    {IO_MSG_HELLO, 0, sizeof(struct io_msg_hello), 2},
    {IO_MSG_HELLO, 0, sizeof(struct io_msg_hello) - 1, 0},
    {IO_MSG_CONSOLE, 0, sizeof(struct io_msg_console), 0},
    {IO_MSG_CONSOLE, 0, sizeof(struct io_msg_console), 2},
    {IO_MSG_ATTACH, 0, sizeof(struct io_msg_attach), 1},
    {IO_MSG_ATTACH, 0, sizeof(struct io_msg_attach), IO_MAX_FDS + 1},
    {IO_MSG_ATTACH, 0, sizeof(struct io_msg_attach) - 8, 2},
    {IO_MSG_ADD_VIF, 0, sizeof(struct io_msg_add_vif) - 1, 0},
    {IO_MSG_ADD_VIF, 0, sizeof(struct io_msg_add_vif), IO_VIF_FDS + 1},
    {IO_MSG_REMOVE_VIF, 0, sizeof(struct io_msg_remove_vif), 1},
    {IO_MSG_VIF_DONE, 0, sizeof(struct io_msg_vif_done), 0},
    {IO_MSG_ATTACHED, 0, sizeof(struct io_msg_attached), 0},
    {IO_MSG_FAULT, 0, 16, 0},
    {0, 0, 16, 0},
    {UINT32_MAX, 0, 16, 0},
    {IO_MSG_DETACH, 513, 513, 0},
    {IO_MSG_STATS, 0, sizeof(struct io_msg_stats) - 8, 0},
    {IO_MSG_STATS, 0, sizeof(struct io_msg_stats), 1},
    {IO_MSG_COUNTERS, 0, 16, 0},
};

START_TEST(malformed_orders_end_the_connection)
{
    uint8_t message[600] = {0};
    struct io_msg_header header = {
        .type = malformed[_i].type,
        .size = malformed[_i].said != 0 ? malformed[_i].said : malformed[_i].size,
    };
    int fds[FD_PASS_MAX];
    greet();
    memcpy(message, &header, sizeof(header));
    for (unsigned i = 0; i < malformed[_i].fds; i++)
        fds[i] = fcntl(front.memory, F_DUPFD_CLOEXEC, 3);
    order(message, malformed[_i].size, fds, malformed[_i].fds);
    fd_close_all(fds, malformed[_i].fds);
    ck_assert_int_eq(next_answer(), -1);
    /* Its end of the connection is closed, and so is every fd that came along. */
    ck_assert_uint_eq(open_files(), files - 1);
    close(chaosd);
    chaosd = dial();
    greet();
}
END_TEST

static void order_remove(uint64_t guest, uint32_t slot)
{
    const struct io_msg_remove_vif message = {
        .header = {.type = IO_MSG_REMOVE_VIF, .size = sizeof(message), .guest = guest},
        .slot = slot};
    order(&message, sizeof(message), NULL, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_VIF_DONE);
    ck_assert_uint_eq(answer.vif_done.slot, slot);
}

static void order_add(uint64_t guest, const struct io_vif *vif, unsigned fd_count)
{
    const struct io_msg_add_vif message = {
        .header = {.type = IO_MSG_ADD_VIF, .size = sizeof(message), .guest = guest}, .vif = *vif};
    int fds[IO_VIF_FDS];
    for (unsigned i = 0; i < fd_count; i++)
        fds[i] = fcntl(front.memory, F_DUPFD_CLOEXEC, 3);
    order(&message, sizeof(message), fds, fd_count);
    fd_close_all(fds, fd_count);
    ck_assert_int_eq(next_answer(), IO_MSG_VIF_DONE);
    ck_assert_uint_eq(answer.vif_done.slot, vif->slot);
}

START_TEST(interfaces_come_and_go)
{
    struct io_msg_attach attach;
    int fds[2];
    greet();
    io_front_attach(&front, &attach, fds);
    fd_close_all(fds, 2);
    attach_front();
    unsigned before = open_files();
    order_remove(front.port, IO_FRONT_NET_SLOT);
    ck_assert_int_eq(answer.vif_done.status, 0);
    order_add(front.port, &attach.vif[0], 0);
    ck_assert_int_eq(answer.vif_done.status, 0);
    /* Twice, with an fd too many, of a guest that is not, or none. */
    order_add(front.port, &attach.vif[0], 0);
    ck_assert_int_eq(answer.vif_done.status, -EINVAL);
    ck_assert_uint_gt(strlen(answer.vif_done.text), 0);
    order_remove(front.port, IO_FRONT_NET_SLOT);
    order_add(front.port, &attach.vif[0], 1);
    ck_assert_int_eq(answer.vif_done.status, -EINVAL);
    order_add(77, &attach.vif[0], 2);
    ck_assert_int_eq(answer.vif_done.status, -ENOENT);
    order_remove(77, 3);
    ck_assert_int_eq(answer.vif_done.status, 0);
    ck_assert_uint_eq(open_files(), before);
}
END_TEST

START_TEST(wrong_number_of_fds_in_attach)
{
    struct io_msg_attach message;
    int fds[3];
    greet();
    io_front_attach(&front, &message, fds);
    fds[2] = fcntl(front.memory, F_DUPFD_CLOEXEC, 3);
    order(&message, sizeof(message), fds, 3);
    fd_close_all(fds, 3);
    ck_assert_int_eq(next_answer(), IO_MSG_ATTACHED);
    ck_assert_int_eq(answer.attached.status, -EINVAL);
    ck_assert_uint_eq(open_files(), files);
}
END_TEST

START_TEST(answers_wait_for_a_slow_chaosd)
{
    unsigned sent = 0, answered = 0;
    const struct io_msg_detach message = {
        .header = {.type = IO_MSG_DETACH, .size = sizeof(message), .guest = 2}};
    greet();
    while (fd_send(chaosd, &message, sizeof(message), NULL, 0) == 0) {
        sent++;
        loop_fake_run(loop);
    }
    ck_assert_uint_gt(sent, 10);
    while (next_answer() == IO_MSG_DETACHED)
        answered++;
    ck_assert_uint_eq(answered, sent);
    order_detach(2, false, 0);
    ck_assert_int_eq(next_answer(), IO_MSG_DETACHED);
    /* And the end, with answers in the queue. */
    while (fd_send(chaosd, &message, sizeof(message), NULL, 0) == 0)
        loop_fake_run(loop);
}
END_TEST

START_TEST(no_handles)
{
    char byte;
    close(chaosd);
    loop_fake_run(loop);
    loop_fake_fail(loop, 1);
    chaosd = dial();
    ck_assert_int_eq(read(chaosd, &byte, 1), 0);
    struct io_server other;
    loop_fake_fail(loop, 1);
    ck_assert_int_eq(io_server_init(&other, &io, listener, 0), -ENOMEM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io_server");
    TCase *tests = tcase_create("io_server");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, socket_is_private);
    tcase_add_test(tests, path_in_use);
    tcase_add_test(tests, greets);
    tcase_add_test(tests, orders_need_a_greeting);
    tcase_add_test(tests, another_version_may_not_order);
    tcase_add_test(tests, uplink_comes_with_the_greeting);
    tcase_add_test(tests, attach_serve_detach);
    tcase_add_test(tests, stats_order);
    tcase_add_test(tests, console_order);
    tcase_add_test(tests, what_is_left_of_a_guest_is_kept_until_it_is_to_be_forgotten);
    tcase_add_test(tests, a_new_chaosd_knows_of_nobody_who_is_gone);
    tcase_add_test(tests, fault_is_told);
    tcase_add_test(tests, chaosd_dies_and_comes_back);
    tcase_add_test(tests, one_chaosd_at_a_time);
    tcase_add_test(tests, strangers_are_refused);
    tcase_add_loop_test(tests, malformed_orders_end_the_connection, 0,
                        (int)(sizeof(malformed) / sizeof(malformed[0])));
    tcase_add_test(tests, interfaces_come_and_go);
    tcase_add_test(tests, wrong_number_of_fds_in_attach);
    tcase_add_test(tests, answers_wait_for_a_slow_chaosd);
    tcase_add_test(tests, no_handles);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
