/* util: lists, hashes, fds, random. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture/suite.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/log.h"
#include "util/random.h"
#include "util/unix_socket.h"

struct item {
    struct list node;
    struct hash_node hash;
    int number;
};

START_TEST(a_list_keeps_order_and_lets_go_of_the_present_node)
{
    struct list head;
    struct item items[4] = {0};
    int sum = 0;
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        list_append(&head, &items[i].node);
    }
    LIST_FOR_EACH(node, &head)
    {
        struct item *item = LIST_OWNER(node, struct item, node);
        sum = sum * 10 + item->number;
        list_remove(node);
        list_remove(node); /* once more is harmless */
    }
    ck_assert_int_eq(sum, 123);
    ck_assert(list_empty(&head));
    ck_assert(!list_linked(&items[0].node));
}
END_TEST

START_TEST(a_list_moves_as_a_whole)
{
    struct list from, to;
    struct item items[2] = {0};
    list_init(&from);
    list_move_all(&from, &to);
    ck_assert(list_empty(&to));
    list_append(&from, &items[0].node);
    list_append(&from, &items[1].node);
    list_move_all(&from, &to);
    ck_assert(list_empty(&from));
    list_remove(&items[0].node);
    ck_assert_ptr_eq(to.next, &items[1].node);
    list_remove(&items[1].node);
    ck_assert(list_empty(&to));
}
END_TEST

START_TEST(a_hash_finds_what_was_added_and_not_what_was_removed)
{
    static struct item items[1000];
    struct hash hash = {0};
    ck_assert_ptr_null(hash_find(&hash, 5));
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(hash_add(&hash, &items[i].hash, (uint64_t)i), 0);
    for (int i = 0; i < 1000; i += 2)
        hash_remove(&hash, &items[i].hash);
    ck_assert_uint_eq(hash.count, 500);
    for (int i = 0; i < 1000; i++) {
        struct hash_node *node = hash_find(&hash, (uint64_t)i);
        ck_assert_ptr_eq(node, i % 2 ? &items[i].hash : NULL);
    }
    hash_fini(&hash);
}
END_TEST

START_TEST(equal_keys_are_all_found)
{
    struct item a = {0}, b = {0};
    struct hash hash = {0};
    hash_add(&hash, &a.hash, 7);
    hash_add(&hash, &b.hash, 7);
    struct hash_node *first = hash_find(&hash, 7);
    struct hash_node *second = hash_find_next(first);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_ne(first, second);
    ck_assert_ptr_null(hash_find_next(second));
    ck_assert_uint_ne(hash_text("a"), hash_text("b"));
    hash_fini(&hash);
}
END_TEST

START_TEST(fds_travel_with_a_packet_closed_on_exec)
{
    int ends[2], pipe_ends[2];
    struct fd_packet packet;
    char data[8];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_eq(fd_receive(ends[1], data, sizeof(data), &packet), -EAGAIN);
    ck_assert_int_eq(fd_send(ends[0], "hi", 2, pipe_ends, 2), 0);
    ck_assert_int_eq(fd_receive(ends[1], data, sizeof(data), &packet), 0);
    ck_assert_uint_eq(packet.size, 2);
    ck_assert_uint_eq(packet.fd_count, 2);
    ck_assert_int_eq(packet.truncated, 0);
    ck_assert_int_eq(fcntl(packet.fds[0], F_GETFD), FD_CLOEXEC);
    fd_close_all(packet.fds, packet.fd_count);
    ck_assert_int_eq(packet.fds[0], -1);
    ck_assert_int_eq(fd_send(ends[0], "too long", 9, NULL, 0), 0);
    ck_assert_int_eq(fd_receive(ends[1], data, sizeof(data), &packet), 0);
    ck_assert(packet.truncated);
    fd_close(&ends[0]);
    ck_assert_int_eq(fd_receive(ends[1], data, sizeof(data), &packet), 0);
    ck_assert_uint_eq(packet.size, 0);
    ck_assert_int_eq(fd_send(ends[1], "hi", 2, NULL, 0), -EPIPE);
    fd_close(&ends[1]);
    fd_close_all(pipe_ends, 2);
}
END_TEST

START_TEST(more_fds_than_fit_are_closed_and_said_so)
{
    int ends[2], fds[FD_PASS_MAX + 1];
    struct fd_packet packet;
    char data[8];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    for (unsigned i = 0; i <= FD_PASS_MAX; i++)
        fds[i] = ends[0];
    ck_assert_int_eq(fd_send(ends[0], "x", 1, fds, FD_PASS_MAX + 1), -EINVAL);
    /* By hand: a hostile sender has no such bound. */
    char control[CMSG_SPACE(sizeof(fds))] = {0};
    char byte = 'x';
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(header), fds, sizeof(fds));
    ck_assert_int_eq(sendmsg(ends[0], &message, 0), 1);
    ck_assert_int_eq(fd_receive(ends[1], data, sizeof(data), &packet), 0);
    ck_assert(packet.truncated);
    fd_close_all(packet.fds, packet.fd_count);
    fd_close_all(ends, 2);
}
END_TEST

START_TEST(a_log_line_is_one_line)
{
    char text[128] = "";
    int ends[2];
    unsetenv("JOURNAL_STREAM");
    log_init("test", LOG_LEVEL_INFO);
    ck_assert_int_eq(pipe(ends), 0);
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    log_info("%s", "a\nchaosd: b\033[31m\r\t\x7f c \xc3\xa4");
    dup2(before, STDERR_FILENO);
    ck_assert_int_gt(read(ends[0], text, sizeof(text) - 1), 0);
    ck_assert_str_eq(text, "test: a?chaosd: b?[31m??? c \xc3\xa4\n");
    fd_close(&before);
    fd_close_all(ends, 2);
}
END_TEST

START_TEST(a_socket_at_a_path_has_its_mode_and_takes_over)
{
    char directory[] = "/tmp/chaos-test.XXXXXX", path[64], deep[200];
    struct stat status;
    int listener = -1, fd = -1;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/socket", directory);
    mode_t mask = umask(0777);
    ck_assert_int_eq(unix_socket_connect(path, &fd), -ENOENT);
    for (int i = 0; i < 2; i++) {
        fd_close(&listener);
        ck_assert_int_eq(unix_socket_bind(path, 0660, &listener), 0);
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_uint_eq(status.st_mode & 07777, 0660);
        ck_assert_int_eq(unix_socket_connect(path, &fd), -ECONNREFUSED);
    }
    ck_assert_int_eq(umask(mask), 0777);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(unix_socket_connect(path, &fd), 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    fd_close(&fd);
    memset(deep, 'x', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    ck_assert_int_eq(unix_socket_connect(deep, &fd), -ENAMETOOLONG);
    ck_assert_int_eq(unix_socket_bind(deep, 0600, &fd), -ENAMETOOLONG);
    ck_assert_int_eq(unix_socket_bind(directory, 0600, &fd), -EISDIR);
    ck_assert_int_eq(fd, -1);
    fd_close(&listener);
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(uuids_differ_and_are_of_version_4)
{
    uint8_t a[16], b[16];
    for (int i = 0; i < 100; i++) {
        random_uuid(a);
        random_uuid(b);
        ck_assert_mem_ne(a, b, sizeof(a));
        ck_assert_uint_eq(a[6] >> 4, 4);
        ck_assert_uint_eq(a[8] >> 6, 2);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("util", NULL, NULL, a_list_keeps_order_and_lets_go_of_the_present_node,
                     a_list_moves_as_a_whole, a_hash_finds_what_was_added_and_not_what_was_removed,
                     equal_keys_are_all_found, fds_travel_with_a_packet_closed_on_exec,
                     more_fds_than_fit_are_closed_and_said_so, a_log_line_is_one_line,
                     a_socket_at_a_path_has_its_mode_and_takes_over,
                     uuids_differ_and_are_of_version_4);
}
