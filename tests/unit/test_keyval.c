/* util/keyval: records outlive the process, whatever it was doing. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture/suite.h"
#include "util/keyval.h"

static char path[64];
static struct keyval *keyval;

static void reopen(void)
{
    keyval_close(keyval);
    keyval = NULL;
    ck_assert_int_eq(keyval_open(path, &keyval), 0);
}

static void setup(void)
{
    snprintf(path, sizeof(path), "/tmp/chaos-keyval-%d", (int)getpid());
    unlink(path);
    reopen();
}

static void teardown(void)
{
    keyval_close(keyval);
    keyval = NULL;
    unlink(path);
}

struct sum {
    unsigned count;
    uint64_t last_key;
    uint64_t keys;
    size_t bytes;
    char text[16];
};

static void add(void *arg, uint64_t key, const void *data, size_t size)
{
    struct sum *sum = arg;

    ck_assert_uint_gt(key, sum->last_key);
    sum->count++;
    sum->last_key = key;
    sum->keys += key;
    sum->bytes += size;
    memcpy(sum->text, data, size < sizeof(sum->text) ? size : sizeof(sum->text));
}

static struct sum sum_up(void)
{
    struct sum sum = {0};
    ck_assert_int_eq(keyval_each(keyval, add, &sum), 0);
    return sum;
}

START_TEST(what_is_put_is_there_until_it_is_deleted)
{
    ck_assert_uint_eq(sum_up().count, 0);
    ck_assert_int_eq(keyval_put(keyval, 7, "seven", 6), 0);
    ck_assert_int_eq(keyval_put(keyval, UINT64_MAX, "last", 5), 0);
    ck_assert_int_eq(keyval_put(keyval, 7, "VII", 4), 0);
    ck_assert_uint_eq(sum_up().count, 2);
    ck_assert_uint_eq(sum_up().bytes, 9);
    ck_assert_int_eq(keyval_delete(keyval, UINT64_MAX), 0);
    ck_assert_int_eq(keyval_delete(keyval, UINT64_MAX), 0);
    ck_assert_str_eq(sum_up().text, "VII");
    reopen();
    ck_assert_uint_eq(sum_up().count, 1);
    ck_assert_str_eq(sum_up().text, "VII");
}
END_TEST

START_TEST(it_is_roots_alone)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    static char data[KEYVAL_SIZE_MAX + 1];
    ck_assert_int_eq(keyval_put(keyval, 1, data, KEYVAL_SIZE_MAX), 0);
    ck_assert_int_eq(keyval_put(keyval, 1, data, KEYVAL_SIZE_MAX + 1), -EINVAL);
    ck_assert_int_eq(keyval_put(keyval, 1, data, 0), -EINVAL);
    ck_assert_uint_eq(sum_up().bytes, KEYVAL_SIZE_MAX);
}
END_TEST

/* Every record twice, with different sizes, and every second one deleted. */
static void churn(uint64_t from, uint64_t count)
{
    char data[880] = "x";
    for (uint64_t key = from; key < from + count; key++) {
        if (keyval_put(keyval, key, data, 200) < 0 || keyval_put(keyval, key, data, 880) < 0)
            _exit(1);
        if (key % 2 == 0 && keyval_delete(keyval, key) < 0)
            _exit(1);
    }
}

START_TEST(ten_thousand_guests_fit_and_room_is_used_again)
{
    struct stat st;
    for (int i = 0; i < 10; i++) {
        churn(1, 20000);
        if (i == 0)
            ck_assert_int_eq(stat(path, &st), 0);
    }
    long blocks = (long)st.st_blocks;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_lt(st.st_blocks, blocks * 3 / 2);
    ck_assert_uint_eq(sum_up().count, 10000);
}
END_TEST

START_TEST(a_process_that_is_killed_at_any_time_leaves_whole_records)
{
    keyval_close(keyval);
    keyval = NULL;
    for (unsigned i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (keyval_open(path, &keyval) < 0)
                _exit(1);
            for (;;)
                churn(1, 100);
        }
        usleep(2000 + 700 * i);
        kill(child, SIGKILL);
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status));
        reopen();
        struct sum sum = sum_up();
        ck_assert_uint_le(sum.count, 100);
        ck_assert_uint_eq(sum.bytes % 40, 0);
        keyval_close(keyval);
        keyval = NULL;
    }
}
END_TEST

START_TEST(another_file_is_refused_and_left_alone)
{
    struct keyval *other = NULL;
    char data[8192];
    memset(data, 0x5a, sizeof(data));
    keyval_close(keyval);
    keyval = NULL;
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, data, sizeof(data)), sizeof(data));
    close(fd);
    ck_assert_int_eq(keyval_open(path, &other), -EPROTO);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, sizeof(data));
    ck_assert_int_eq(keyval_open("/nowhere/at/all", &other), -ENOENT);
    ck_assert_ptr_null(other);
}
END_TEST

int main(void)
{
    return SUITE_RUN("keyval", setup, teardown, what_is_put_is_there_until_it_is_deleted,
                     it_is_roots_alone, sizes_are_bounded,
                     ten_thousand_guests_fit_and_room_is_used_again,
                     a_process_that_is_killed_at_any_time_leaves_whole_records,
                     another_file_is_refused_and_left_alone);
}
