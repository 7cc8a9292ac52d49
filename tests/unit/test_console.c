/* The console: its ring, what is kept of it, and the clients that read. */
#include "fixture/io_front.h"
#include "fixture/loop_fake.h"
#include "io/console.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static struct io_front front;
static struct loop *loop;
static struct console *console;
static struct list lingering;
static unsigned notified;
static const char *fault;
static char big[100000];
static const struct console_want follows = {.follow = true, .input = true};

static void on_notify(void *arg)
{
    (void)arg;
    notified++;
}

static void on_fault(void *arg, const char *text)
{
    (void)arg;
    if (fault == NULL)
        fault = text;
}

static const struct console_ops ops = {.notify = on_notify, .fault = on_fault};

static void setup(void)
{
    io_front_init(&front, 2);
    loop = loop_fake_create();
    list_init(&lingering);
    notified = 0;
    fault = NULL;
    ck_assert_int_eq(console_create(loop, front.console, false, &ops, NULL, &console), 0);
}

static void teardown(void)
{
    console_detach(console, &lingering, 0);
    console_end_lingering(&lingering);
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
    io_front_fini(&front);
}

/* Returns our end. */
static int add_client_that(bool follow, bool input)
{
    const struct console_want want = {.follow = follow, .input = input};
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(console, pair[1], &want), 0);
    return pair[0];
}

static int add_client(bool follow)
{
    return add_client_that(follow, follow);
}

static bool serve(void)
{
    return console_serve(console, loop->ops->now_ns(loop));
}

static void print(const char *text)
{
    io_front_print(&front, text);
    serve();
}

/* Everything there is to read; size_out 0 with a true return is the end of the stream. */
static size_t read_all(int fd)
{
    size_t total = 0;
    ssize_t size;
    while ((size = read(fd, big + total, sizeof(big) - total - 1)) > 0)
        total += (size_t)size;
    big[total] = '\0';
    return total;
}

static bool at_end(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 0;
}

static void expect(int fd, const char *text)
{
    read_all(fd);
    ck_assert_str_eq(big, text);
}

START_TEST(kept_output_then_the_end)
{
    print("hello\n");
    int fd = add_client(false);
    expect(fd, "hello\n");
    ck_assert(at_end(fd));
    close(fd);
}
END_TEST

START_TEST(a_guest_hears_of_room_only_if_it_may_lack_some)
{
    for (size_t i = 0; i < CONSOLE_RING_OUT_BYTES / 2; i++)
        big[i] = 'x';
    big[CONSOLE_RING_OUT_BYTES / 2] = '\0';
    print(big);
    ck_assert_uint_eq(notified, 0);
    strcat(big, "x");
    print(big);
    ck_assert_uint_eq(notified, 1);
}
END_TEST

START_TEST(follow)
{
    print("one\n");
    int first = add_client(true);
    print("two\n");
    int second = add_client(true);
    expect(first, "one\ntwo\n");
    expect(second, "one\ntwo\n");
    print("three\n");
    expect(first, "three\n");
    expect(second, "three\n");
    close(first);
    print("four\n");
    expect(second, "four\n");
    close(second);
}
END_TEST

START_TEST(words_without_an_event_are_seen_by_a_new_client)
{
    io_front_print(&front, "last words\n");
    int fd = add_client(false);
    expect(fd, "last words\n");
    close(fd);
}
END_TEST

START_TEST(ring_wraps)
{
    char line[101];
    memset(line, 'x', 100);
    line[100] = '\0';
    int fd = add_client(true);
    for (int i = 0; i < 100; i++) {
        line[0] = (char)('0' + i % 10);
        print(line);
        expect(fd, line);
    }
    close(fd);
}
END_TEST

START_TEST(history_is_bounded)
{
    char line[1001];
    memset(line, 'a', 1000);
    line[1000] = '\0';
    for (int i = 0; i < 100; i++) {
        line[0] = (char)('A' + i % 26);
        print(line);
    }
    int fd = add_client(false);
    ck_assert_uint_eq(read_all(fd), CONSOLE_HISTORY_BYTES);
    ck_assert_int_eq(big[CONSOLE_HISTORY_BYTES - 1000], 'A' + 99 % 26);
    ck_assert_uint_eq(console->history.capacity, CONSOLE_HISTORY_BYTES);
    close(fd);
}
END_TEST

/* Of what was printed in the last age_ns. */
static void expect_since(uint64_t age_ns, const char *text)
{
    const struct console_want want = {.age_ns = age_ns};
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(console, pair[1], &want), 0);
    expect(pair[0], text);
    ck_assert(at_end(pair[0]));
    close(pair[0]);
}

START_TEST(output_since)
{
    loop_fake_advance(loop, 1000 * MS);
    expect_since(1, "");
    print("one\n");
    loop_fake_advance(loop, 1000 * MS);
    print("two ");
    loop_fake_advance(loop, 50 * MS);
    print("together\n");
    loop_fake_advance(loop, 1000 * MS);
    print("three\n");
    expect_since(1, "three\n");
    expect_since(500 * MS, "three\n");
    expect_since(1050 * MS, "two together\nthree\n");
    expect_since(2500 * MS, "one\ntwo together\nthree\n");
    expect_since(UINT64_MAX, "one\ntwo together\nthree\n");
    loop_fake_advance(loop, 1000 * MS);
    expect_since(500 * MS, "");
}
END_TEST

START_TEST(output_that_comes_all_the_time_has_times)
{
    for (int i = 0; i < 100; i++) {
        print("x");
        loop_fake_advance(loop, 10 * MS);
    }
    ck_assert_uint_ge(console->history.piece_count, 10);
    expect_since(300 * MS, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}
END_TEST

/* More lines than there are times: those that share one are few, and nothing is left out. */
START_TEST(times_are_bounded)
{
    char line[16];
    const unsigned lines = 20000;
    for (unsigned i = 0; i < lines; i++) {
        loop_fake_advance(loop, 1000 * MS);
        snprintf(line, sizeof(line), "%07u\n", i);
        print(line);
        ck_assert_uint_le(console->history.piece_count, console->history.capacity / 64);
    }
    for (unsigned age = 1; age <= 8000; age += 97) {
        const struct console_want want = {.age_ns = age * 1000 * MS + 1};
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        ck_assert_int_eq(console_add_client(console, pair[1], &want), 0);
        size_t size = read_all(pair[0]);
        ck_assert_uint_ge(size, (age + 1) * 8);
        ck_assert_uint_le(size, (age + 1) * 8 + 256);
        close(pair[0]);
    }
}
END_TEST

START_TEST(slow_client_loses_output_and_nobody_else_does)
{
    char line[2001];
    memset(line, 'a', 2000);
    line[2000] = '\0';
    int slow = add_client(true), quick = add_client(true);
    for (int i = 0; i < 1000; i++) {
        print(line);
        ck_assert_uint_eq(read_all(quick), 2000);
    }
    loop_fake_run(loop);
    /* What the socket held, a word on the rest, and the history's bytes. */
    size_t total = 0;
    bool told = false;
    for (size_t size; (size = read_all(slow)) > 0; loop_fake_run(loop)) {
        told = told || strstr(big, "[output lost]") != NULL;
        total += size;
    }
    ck_assert(told);
    ck_assert_uint_lt(total, 2000 * 1000);
    ck_assert_uint_gt(total, CONSOLE_HISTORY_BYTES);
    print("again\n");
    expect(slow, "again\n");
    close(slow);
    close(quick);
}
END_TEST

START_TEST(input)
{
    char got[16];
    int fd = add_client(true);
    ck_assert_int_eq(write(fd, "date\n", 5), 5);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_input(&front, got, sizeof(got)), 5);
    ck_assert_mem_eq(got, "date\n", 5);
    ck_assert_uint_eq(notified, 1);
    close(fd);
}
END_TEST

START_TEST(input_waits_for_room)
{
    int fd = add_client(true);
    memset(big, 'i', 3000);
    ck_assert_int_eq(write(fd, big, 3000), 3000);
    loop_fake_run(loop);
    size_t total = 0;
    for (size_t size; (size = io_front_input(&front, big, sizeof(big))) > 0;) {
        ck_assert_uint_le(size, 1024);
        total += size;
        ck_assert(serve());
        loop_fake_run(loop);
    }
    ck_assert_uint_eq(total, 3000);
    close(fd);
}
END_TEST

START_TEST(client_that_only_listens)
{
    int fd = add_client(true);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    loop_fake_run(loop);
    print("still here\n");
    expect(fd, "still here\n");
    close(fd);
    print("gone\n");
    ck_assert_uint_eq(console->client_count, 0);
}
END_TEST

static void expect_input(int fd, const char *text)
{
    char got[16];
    size_t length = strlen(text);
    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_input(&front, got, sizeof(got)), length);
    ck_assert_mem_eq(got, text, length);
    serve();
}

static void expect_reader(int fd)
{
    ck_assert_int_eq(send(fd, "x", 1, MSG_NOSIGNAL), -1);
    ck_assert_int_eq(errno, EPIPE);
}

START_TEST(one_writes_and_others_read)
{
    int first = add_client(true), second = add_client(true), keeps = add_client(false);
    print("hello\n");
    expect(first, "hello\n");
    expect(second, "hello\n");
    expect_reader(second);
    expect_reader(keeps);
    expect_input(first, "by the first\n");
    /* The writer leaves; who was told that it only reads goes on reading. */
    close(first);
    loop_fake_run(loop);
    expect_reader(second);
    int third = add_client(true);
    expect_input(third, "by the third\n");
    print("bye\n");
    expect(second, "bye\n");
    close(second);
    close(third);
    close(keeps);
}
END_TEST

START_TEST(who_wants_no_input_leaves_it_to_others)
{
    int reader = add_client_that(true, false), writer = add_client(true);
    expect_reader(reader);
    expect_input(writer, "mine\n");
    close(reader);
    close(writer);
}
END_TEST

START_TEST(who_ends_its_input_leaves_it_to_others)
{
    int first = add_client(true);
    expect_input(first, "all\n");
    ck_assert_int_eq(shutdown(first, SHUT_WR), 0);
    loop_fake_run(loop);
    int second = add_client(true);
    expect_input(second, "more\n");
    print("to both\n");
    expect(first, "to both\n");
    expect(second, "to both\n");
    close(first);
    close(second);
}
END_TEST

START_TEST(a_writer_that_hung_up_unseen_is_in_nobodys_way)
{
    char got[16];
    int first = add_client(true);
    ck_assert_int_eq(write(first, "last\n", 5), 5);
    close(first);
    int second = add_client(true);
    loop_fake_run(loop);
    /* What it had sent still arrives. */
    ck_assert_uint_eq(io_front_input(&front, got, sizeof(got)), 5);
    serve();
    expect_input(second, "next\n");
    close(second);
}
END_TEST

START_TEST(closed_client_is_noticed)
{
    int fd = add_client(true);
    close(fd);
    loop_fake_run(loop);
    ck_assert_uint_eq(console->client_count, 0);
}
END_TEST

START_TEST(a_reader_that_left_a_quiet_guest_is_noticed_by_the_next)
{
    close(add_client_that(true, false));
    int fd = add_client(true);
    ck_assert_uint_eq(console->client_count, 1);
    close(fd);
}
END_TEST

START_TEST(clients_are_bounded)
{
    int fds[CONSOLE_CLIENTS_MAX], pair[2];
    for (unsigned i = 0; i < CONSOLE_CLIENTS_MAX; i++)
        fds[i] = add_client(true);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(console_add_client(console, pair[1], &follows), -EBUSY);
    ck_assert(at_end(pair[0]));
    close(pair[0]);
    /* One that has hung up makes room, even if that was not noticed yet. */
    close(fds[3]);
    fds[3] = add_client(true);
    for (unsigned i = 0; i < CONSOLE_CLIENTS_MAX; i++)
        close(fds[i]);
}
END_TEST

START_TEST(output_index_out_of_range)
{
    print("before\n");
    front.console->out_prod += 2049;
    ck_assert(!serve());
    ck_assert_str_eq(fault, "console: output index out of range");
    /* Never looked at again; what was kept is still readable. */
    front.console->out_prod = front.console->out_cons;
    print("after\n");
    int fd = add_client(false);
    expect(fd, "before\n");
    close(fd);
}
END_TEST

START_TEST(input_index_out_of_range)
{
    int fd = add_client(true);
    front.console->in_cons = 1;
    ck_assert_int_eq(write(fd, "x", 1), 1);
    loop_fake_run(loop);
    ck_assert_str_eq(fault, "console: input index out of range");
    close(fd);
}
END_TEST

START_TEST(indices_wrap_around)
{
    char got[8];
    front.console->out_cons = front.console->out_prod = UINT32_MAX - 2;
    front.console->in_cons = front.console->in_prod = UINT32_MAX - 2;
    console_ring_init(&console->ring, front.console, true);
    print("wrapped\n");
    int fd = add_client(true);
    expect(fd, "wrapped\n");
    ck_assert_int_eq(write(fd, "in\nput\n", 7), 7);
    loop_fake_run(loop);
    ck_assert_uint_eq(io_front_input(&front, got, sizeof(got)), 7);
    ck_assert_ptr_null(fault);
    close(fd);
}
END_TEST

START_TEST(resumed_with_indices_that_cannot_be)
{
    front.console->out_prod = 5000;
    console_ring_init(&console->ring, front.console, true);
    serve();
    ck_assert_str_eq(fault, "console: output index out of range");
}
END_TEST

START_TEST(last_words_are_read_after_detach)
{
    int fd = add_client(true);
    io_front_print(&front, "panic\n");
    console_detach(console, &lingering, 0);
    console = NULL;
    expect(fd, "panic\n");
    ck_assert(at_end(fd));
    ck_assert(list_empty(&lingering));
    close(fd);
}
END_TEST

START_TEST(detached_console_waits_for_a_slow_client_but_not_for_ever)
{
    memset(big, 'a', 2000);
    big[2000] = '\0';
    char *line = strdup(big);
    int fd = add_client(true);
    for (int i = 0; i < 300; i++)
        print(line);
    free(line);
    console_detach(console, &lingering, 0);
    console = NULL;
    ck_assert(!list_empty(&lingering));
    ck_assert_int_eq(write(fd, "input is ignored", 16), 16);
    loop_fake_run(loop);
    ck_assert(!list_empty(&lingering));
    loop_fake_advance(loop, CONSOLE_LINGER_NS);
    ck_assert(list_empty(&lingering));
    close(fd);
}
END_TEST

START_TEST(detached_console_ends_when_all_is_read)
{
    memset(big, 'a', 2000);
    big[2000] = '\0';
    char *line = strdup(big);
    int fd = add_client(true);
    for (int i = 0; i < 300; i++)
        print(line);
    free(line);
    console_detach(console, &lingering, 0);
    console = NULL;
    for (int i = 0; i < 1000 && !list_empty(&lingering); i++) {
        read_all(fd);
        loop_fake_run(loop);
    }
    ck_assert(list_empty(&lingering));
    ck_assert_uint_eq(loop_fake_armed(loop), 0);
    close(fd);
}
END_TEST

/* Of a guest that is gone. */
static int read_kept(bool follows_it)
{
    struct console *kept = console_find(&lingering, 7);
    const struct console_want want = {.follow = follows_it, .input = follows_it};
    int pair[2];
    ck_assert_ptr_nonnull(kept);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(console_add_client(kept, pair[1], &want), 0);
    return pair[0];
}

START_TEST(what_is_kept_of_a_guest_that_is_gone_can_be_read)
{
    int reader = add_client(true);
    print("one\n");
    io_front_print(&front, "panic\n");
    console_detach(console, &lingering, 7);
    console = NULL;
    memset(front.console, 0xff, 4096);
    expect(reader, "one\npanic\n");
    ck_assert(at_end(reader));
    for (int i = 0; i < 4; i++) {
        int fd = read_kept(i % 2 == 0);
        expect(fd, "one\npanic\n");
        ck_assert(at_end(fd));
        close(fd);
    }
    ck_assert_ptr_null(console_find(&lingering, 8));
    console_forget(console_find(&lingering, 7));
    ck_assert(list_empty(&lingering));
    close(reader);
}
END_TEST

START_TEST(what_is_forgotten_is_read_to_its_end)
{
    memset(big, 'a', 2000);
    big[2000] = '\0';
    char *line = strdup(big);
    for (int i = 0; i < 100; i++)
        print(line);
    free(line);
    console_detach(console, &lingering, 7);
    console = NULL;
    int fds[5];
    size_t taken[5] = {0};
    /* As many as it takes until one has to wait. */
    for (int i = 0; i < 5; i++) {
        int size = 4096;
        struct console *kept = console_find(&lingering, 7);
        const struct console_want want = {.follow = false};
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        ck_assert_int_eq(console_add_client(kept, pair[1], &want), 0);
        /* Nobody else has its input: to a peer that tries, it is not as if. */
        ck_assert_int_eq(send(pair[0], "", 0, MSG_NOSIGNAL), 0);
        fds[i] = pair[0];
    }
    console_forget_all(&lingering);
    ck_assert_ptr_null(console_find(&lingering, 7));
    ck_assert(!list_empty(&lingering));
    for (int round = 0; round < 1000 && !list_empty(&lingering); round++) {
        for (int i = 0; i < 4; i++)
            taken[i] += read_all(fds[i]);
        loop_fake_run(loop);
        loop_fake_advance(loop, MS);
        if (round == 900)
            loop_fake_advance(loop, CONSOLE_LINGER_NS); /* the fifth does not read */
    }
    ck_assert(list_empty(&lingering));
    for (int i = 0; i < 5; i++) {
        if (i < 4)
            ck_assert_uint_eq(taken[i] + read_all(fds[i]), CONSOLE_HISTORY_BYTES);
        close(fds[i]);
    }
}
END_TEST

START_TEST(who_printed_nothing_leaves_nothing)
{
    console_detach(console, &lingering, 7);
    console = NULL;
    ck_assert(list_empty(&lingering));
}
END_TEST

START_TEST(no_handles)
{
    struct console *other = NULL;
    int pair[2];
    loop_fake_fail(loop, 1);
    ck_assert_int_eq(console_create(loop, front.console, false, &ops, NULL, &other), -ENOMEM);
    loop_fake_fail(loop, 1);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(console_add_client(console, pair[1], &follows), -ENOMEM);
    ck_assert(at_end(pair[0]));
    close(pair[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console");
    TCase *tests = tcase_create("console");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, kept_output_then_the_end);
    tcase_add_test(tests, a_guest_hears_of_room_only_if_it_may_lack_some);
    tcase_add_test(tests, follow);
    tcase_add_test(tests, words_without_an_event_are_seen_by_a_new_client);
    tcase_add_test(tests, ring_wraps);
    tcase_add_test(tests, history_is_bounded);
    tcase_add_test(tests, output_since);
    tcase_add_test(tests, output_that_comes_all_the_time_has_times);
    tcase_add_test(tests, times_are_bounded);
    tcase_add_test(tests, slow_client_loses_output_and_nobody_else_does);
    tcase_add_test(tests, input);
    tcase_add_test(tests, input_waits_for_room);
    tcase_add_test(tests, client_that_only_listens);
    tcase_add_test(tests, one_writes_and_others_read);
    tcase_add_test(tests, who_wants_no_input_leaves_it_to_others);
    tcase_add_test(tests, who_ends_its_input_leaves_it_to_others);
    tcase_add_test(tests, a_writer_that_hung_up_unseen_is_in_nobodys_way);
    tcase_add_test(tests, closed_client_is_noticed);
    tcase_add_test(tests, a_reader_that_left_a_quiet_guest_is_noticed_by_the_next);
    tcase_add_test(tests, clients_are_bounded);
    tcase_add_test(tests, output_index_out_of_range);
    tcase_add_test(tests, input_index_out_of_range);
    tcase_add_test(tests, indices_wrap_around);
    tcase_add_test(tests, resumed_with_indices_that_cannot_be);
    tcase_add_test(tests, last_words_are_read_after_detach);
    tcase_add_test(tests, detached_console_waits_for_a_slow_client_but_not_for_ever);
    tcase_add_test(tests, detached_console_ends_when_all_is_read);
    tcase_add_test(tests, what_is_kept_of_a_guest_that_is_gone_can_be_read);
    tcase_add_test(tests, what_is_forgotten_is_read_to_its_end);
    tcase_add_test(tests, who_printed_nothing_leaves_nothing);
    tcase_add_test(tests, no_handles);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
