/* Closing what others made: it waits for company on the loop's thread, and never holds up a loop.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture/lingering.h"
#include "fixture/loop_fake.h"
#include "fixture/suite.h"
#include "util/fd.h"
#include "util/fd_closer.h"

static struct loop *loop;

static void setup(void)
{
    loop = loop_fake_create();
    ck_assert_int_eq(fd_closer_init(loop), 0);
}

static void teardown(void)
{
    fd_closer_fini();
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
}

static int open_one(void)
{
    int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static bool all_closed(void)
{
    for (int i = 0; i < 5000 && fd_closer_pending(getuid()) > 0; i++)
        usleep(1000);
    return fd_closer_pending(getuid()) == 0;
}

START_TEST(one_waits_for_company_and_not_for_long)
{
    int fd = open_one(), copy = fd;
    fd_close_foreign(&fd, getuid());
    ck_assert_int_eq(fd, -1);
    ck_assert_uint_eq(loop_fake_armed(loop), 1);
    usleep(20000); /* no thread is at it */
    ck_assert_uint_eq(fd_closer_pending(getuid()), 1);
    ck_assert_int_ge(fcntl(copy, F_GETFD), 0);
    loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    ck_assert(all_closed());
    ck_assert_int_lt(fcntl(copy, F_GETFD), 0);
}
END_TEST

START_TEST(many_do_not_wait)
{
    for (unsigned i = 0; i < FD_CLOSER_WAIT_MAX; i++) {
        int fd = open_one();
        ck_assert_uint_eq(fd_closer_pending(getuid()), i);
        fd_close_foreign(&fd, getuid());
    }
    ck_assert(all_closed());
}
END_TEST

#define SOMEBODY_ELSE (getuid() + 1)

START_TEST(one_that_will_not_close_holds_up_nobody)
{
    int peer, stuck = lingering_socket(&peer), fd = open_one();
    fd_close_foreign(&stuck, SOMEBODY_ELSE);
    fd_close_foreign(&fd, getuid());
    loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    ck_assert(all_closed());
    ck_assert_uint_eq(fd_closer_pending(SOMEBODY_ELSE), 1);
    fd_close(&peer);
    for (int i = 0; i < 5000 && fd_closer_pending(SOMEBODY_ELSE) > 0; i++)
        usleep(1000);
    ck_assert_uint_eq(fd_closer_pending(SOMEBODY_ELSE), 0);
}
END_TEST

static void *close_one(void *arg)
{
    int fd = *(int *)arg;
    fd_close_foreign(&fd, getuid());
    return NULL;
}

START_TEST(those_of_other_threads_do_not_wait)
{
    int fd = open_one();
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, close_one, &fd), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(all_closed());
    ck_assert_uint_eq(loop_fake_armed(loop), 0);
}
END_TEST

START_TEST(without_a_loop_they_do_not_wait)
{
    int fd = open_one();
    fd_closer_fini();
    fd_close_foreign(&fd, getuid());
    ck_assert(all_closed());
}
END_TEST

/* More than one user may keep: a signal ends those that are in the way. */
START_TEST(who_has_too_many_is_not_waited_for)
{
    enum { COUNT = FD_CLOSER_USER_MAX + 40 };
    static int peers[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        int stuck = lingering_socket(&peers[i]);
        fd_close_foreign(&stuck, SOMEBODY_ELSE);
    }
    for (unsigned i = 0; i < 5000 && fd_closer_pending(SOMEBODY_ELSE) > FD_CLOSER_USER_MAX; i++) {
        usleep(1000);
        loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    }
    ck_assert_uint_le(fd_closer_pending(SOMEBODY_ELSE), FD_CLOSER_USER_MAX);
    /* So many it may have: none of these was given up on. */
    ck_assert_uint_ge(fd_closer_pending(SOMEBODY_ELSE),
                      FD_CLOSER_USER_MAX - FD_CLOSER_USER_THREADS);
    loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    ck_assert_uint_eq(loop_fake_armed(loop), 0);
    fd_close_all(peers, COUNT);
    for (int i = 0; i < 5000 && fd_closer_pending(SOMEBODY_ELSE) > 0; i++)
        usleep(1000);
    ck_assert_uint_eq(fd_closer_pending(SOMEBODY_ELSE), 0);
}
END_TEST

static void connection(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
}

static bool is_closed(int fd)
{
    loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    for (int i = 0; i < 5000 && fcntl(fd, F_GETFD) >= 0; i++)
        usleep(1000);
    return fcntl(fd, F_GETFD) < 0;
}

/* Two that will not close keep both threads of a user busy, and still its connections close. */
START_TEST(connections_count_while_descriptors_in_them_will_not_close)
{
    enum { HUNG = FD_CLOSER_USER_THREADS + 3 };
    int hung[HUNG][2], peers[HUNG], plain[2];
    for (unsigned i = 0; i < HUNG; i++) {
        int stuck = lingering_socket(&peers[i]);
        connection(hung[i]);
        /* Behind an ordinary packet, and an empty one, which is no end. */
        ck_assert_int_eq(fd_send(hung[i][1], "x", 1, NULL, 0), 0);
        ck_assert_int_eq(fd_send(hung[i][1], "", 0, NULL, 0), 0);
        ck_assert_int_eq(fd_send(hung[i][1], "", 0, &stuck, 1), 0);
        fd_close(&stuck);
        fd_close(&hung[i][1]);
        fd_close_connection(&hung[i][0], SOMEBODY_ELSE);
        ck_assert_int_eq(hung[i][0], -1);
    }
    loop_fake_advance(loop, FD_CLOSER_WAIT_NS);
    ck_assert_uint_eq(fd_closer_connections(SOMEBODY_ELSE), HUNG);
    ck_assert_uint_eq(fd_closer_connections(getuid()), 0);
    connection(plain);
    ck_assert_int_eq(fd_send(plain[1], "x", 1, NULL, 0), 0);
    ck_assert_int_eq(fd_send(plain[1], "", 0, NULL, 0), 0);
    int fd = plain[0];
    fd_close_connection(&plain[0], SOMEBODY_ELSE);
    ck_assert(is_closed(fd));
    ck_assert_uint_eq(fd_closer_connections(SOMEBODY_ELSE), HUNG);
    /* Its peer sees the end whichever it is. */
    ck_assert_int_eq(recv(plain[1], &fd, 1, 0), 0);
    fd_close(&plain[1]);
    fd_close_all(peers, HUNG);
    for (int i = 0; i < 5000 && fd_closer_pending(SOMEBODY_ELSE) > 0; i++)
        usleep(1000);
    ck_assert_uint_eq(fd_closer_connections(SOMEBODY_ELSE), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("fd_closer", setup, teardown, one_waits_for_company_and_not_for_long,
                     many_do_not_wait, one_that_will_not_close_holds_up_nobody,
                     those_of_other_threads_do_not_wait, without_a_loop_they_do_not_wait,
                     who_has_too_many_is_not_waited_for,
                     connections_count_while_descriptors_in_them_will_not_close);
}
