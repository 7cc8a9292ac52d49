/* core/event_log: the ring, and whatever may be in its file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event_log.h"
#include "fixture/suite.h"
#include "util/mapped_file.h"

#define CAPACITY 8u
#define NEW_ID   1000u

static _Alignas(8) char memory[EVENT_LOG_BYTES(CAPACITY)];
static struct event_log history;
static struct event_record record;

static const char *reopen(void)
{
    return event_log_open(&history, memory, sizeof(memory), NEW_ID);
}

static void setup(void)
{
    memset(memory, 0, sizeof(memory));
    ck_assert_str_eq(reopen(), "");
}

static void fill(struct event_record *out, const char *cause)
{
    uint64_t id = out->id;

    memset(out, 0, sizeof(*out));
    out->id = id;
    snprintf(out->kind, sizeof(out->kind), "state");
    snprintf(out->name, sizeof(out->name), "web");
    snprintf(out->cause, sizeof(out->cause), "%s", cause);
}

static uint64_t add(const char *cause)
{
    fill(event_log_begin(&history), cause);
    return event_log_commit(&history);
}

START_TEST(ids_ascend_by_one)
{
    ck_assert_uint_eq(event_log_last(&history), NEW_ID - 1);
    ck_assert_uint_eq(event_log_first(&history), NEW_ID);
    ck_assert(!event_log_read(&history, NEW_ID, &record));
    ck_assert_uint_eq(add("one"), NEW_ID);
    ck_assert_uint_eq(add("two"), NEW_ID + 1);
    ck_assert(event_log_read(&history, NEW_ID, &record));
    ck_assert_str_eq(record.cause, "one");
    ck_assert(event_log_read(&history, NEW_ID + 1, &record));
    ck_assert_str_eq(record.cause, "two");
    ck_assert(!event_log_read(&history, NEW_ID + 2, &record));
    ck_assert(!event_log_read(&history, NEW_ID - 1, &record));
    ck_assert(!event_log_read(&history, 0, &record));
}
END_TEST

START_TEST(the_oldest_fall_off)
{
    for (unsigned i = 0; i < 3 * CAPACITY + 2; i++) {
        ck_assert_uint_eq(add("x"), NEW_ID + i);
        uint64_t first = event_log_first(&history), last = event_log_last(&history);
        ck_assert_uint_le(last - first + 1, CAPACITY);
        for (uint64_t id = first; id <= last; id++)
            ck_assert(event_log_read(&history, id, &record));
        ck_assert(!event_log_read(&history, first - 1, &record));
    }
    ck_assert_uint_eq(event_log_first(&history), NEW_ID + 2 * CAPACITY + 2);
}
END_TEST

START_TEST(a_restart_goes_on)
{
    for (unsigned i = 0; i < CAPACITY + 3; i++)
        add("before");
    ck_assert_ptr_null(reopen());
    ck_assert_uint_eq(event_log_last(&history), NEW_ID + CAPACITY + 2);
    ck_assert_uint_eq(event_log_first(&history), NEW_ID + 3);
    ck_assert_uint_eq(add("after"), NEW_ID + CAPACITY + 3);
}
END_TEST

/* Killed after each of the stores that make an event. */
START_TEST(a_record_is_there_or_is_not)
{
    for (unsigned turn = 0; turn < 2; turn++) {
        /* With the ring full, too. */
        for (unsigned i = 0; i < turn * CAPACITY; i++)
            add("old");
        uint64_t last = event_log_last(&history);
        fill(event_log_begin(&history), "half");
        ck_assert_ptr_null(reopen());
        ck_assert_uint_eq(event_log_last(&history), last);
        ck_assert(!event_log_read(&history, last + 1, &record));
        ck_assert_uint_eq(add("next"), last + 1);
        ck_assert(event_log_read(&history, last + 1, &record));
        ck_assert_str_eq(record.cause, "next");
        /* All but the number of the last one. */
        fill(event_log_begin(&history), "whole");
        event_log_commit(&history);
        history.head->last_id--;
        ck_assert_ptr_null(reopen());
        ck_assert_uint_eq(event_log_last(&history), last + 2);
        ck_assert(event_log_read(&history, last + 2, &record));
        ck_assert_str_eq(record.cause, "whole");
    }
}
END_TEST

START_TEST(a_damaged_header_begins_anew)
{
    static const struct {
        size_t at;
        uint8_t value;
    } damage[] = {
        {offsetof(struct event_log_head, version), 7},
        {offsetof(struct event_log_head, record_size) + 1, 9},
        {offsetof(struct event_log_head, capacity), CAPACITY + 1},
        {offsetof(struct event_log_head, first_id) + 7, 0x80},
        {offsetof(struct event_log_head, last_id) + 7, 0x80},
        /* The last before the first. */
        {offsetof(struct event_log_head, last_id) + 1, 0},
    };

    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        setup();
        add("x");
        memory[damage[i].at] = (char)damage[i].value;
        const char *wrong = event_log_open(&history, memory, sizeof(memory), 5000);
        ck_assert_ptr_nonnull(wrong);
        ck_assert_str_ne(wrong, "");
        ck_assert_uint_eq(event_log_last(&history), 4999);
        for (uint64_t id = 0; id < 6000; id++)
            ck_assert(!event_log_read(&history, id, &record));
        ck_assert_uint_eq(add("y"), 5000);
    }
}
END_TEST

START_TEST(a_damaged_record_is_none)
{
    uint64_t a = add("a"), b = add("b"), c = add("c"), d = add("d");

    /* One without an end, one that says another id, one that would drive a terminal. */
    memset(history.records[a % CAPACITY].cause, 'x', sizeof(record.cause));
    history.records[b % CAPACITY].id = a;
    snprintf(history.records[c % CAPACITY].cause, sizeof(record.cause), "\033[2J\377");
    ck_assert_ptr_null(reopen());
    ck_assert(!event_log_read(&history, a, &record));
    ck_assert(!event_log_read(&history, b, &record));
    ck_assert(event_log_read(&history, c, &record));
    ck_assert_str_eq(record.cause, "?[2J?");
    ck_assert(event_log_read(&history, d, &record));
}
END_TEST

/* A process that writes as fast as it can, killed, and what it leaves. */
START_TEST(killed_at_any_time_nothing_is_missing_or_doubled)
{
    char path[64];
    void *map;

    snprintf(path, sizeof(path), "/tmp/chaos-events-%d", (int)getpid());
    unlink(path);
    for (unsigned round = 0; round < 20; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (mapped_file_open(path, sizeof(memory), &map) < 0)
                _exit(1);
            event_log_open(&history, map, sizeof(memory), NEW_ID);
            for (;;) {
                struct event_record *out = event_log_begin(&history);
                char number[32];
                snprintf(number, sizeof(number), "%llu",
                         (unsigned long long)event_log_last(&history) + 1);
                fill(out, number);
                event_log_commit(&history);
            }
        }
        ck_assert_int_gt(pid, 0);
        usleep(2000 + 300 * round);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        ck_assert_int_eq(mapped_file_open(path, sizeof(memory), &map), 0);
        const char *wrong = event_log_open(&history, map, sizeof(memory), NEW_ID);
        ck_assert(wrong == NULL || wrong[0] == '\0');
        uint64_t last = event_log_last(&history), first = event_log_first(&history);
        for (uint64_t id = first; id <= last; id++) {
            bool there = event_log_read(&history, id, &record);
            /* Of the oldest the successor may have been begun. */
            ck_assert(there || (id == first && last - first + 1 == CAPACITY));
            if (there)
                ck_assert_uint_eq(strtoull(record.cause, NULL, 10), id);
        }
        mapped_file_close(map, sizeof(memory));
    }
    unlink(path);
}
END_TEST

START_TEST(a_file_keeps_what_was_stored)
{
    char path[64], other[80];
    struct stat st;
    void *map;

    snprintf(path, sizeof(path), "/tmp/chaos-mapped-%d", (int)getpid());
    snprintf(other, sizeof(other), "%s.link", path);
    unlink(path);
    unlink(other);
    ck_assert_int_eq(mapped_file_open(path, 10000, &map), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(st.st_size, 10000);
    /* All of it is there before it is written. */
    ck_assert_int_ge(st.st_blocks * 512, 10000);
    memcpy((char *)map + 9990, "123456789", 10);
    mapped_file_close(map, 10000);
    ck_assert_int_eq(mapped_file_open(path, 10000, &map), 0);
    ck_assert_str_eq((char *)map + 9990, "123456789");
    mapped_file_close(map, 10000);
    /* Of another size it is another file. */
    ck_assert_int_eq(mapped_file_open(path, 20000, &map), 0);
    ck_assert_int_eq(((char *)map)[9990], 0);
    mapped_file_close(map, 20000);
    mapped_file_close(NULL, 0);
    ck_assert_int_eq(symlink(path, other), 0);
    ck_assert_int_lt(mapped_file_open(other, 10000, &map), 0);
    unlink(path);
    unlink(other);
    ck_assert_int_lt(mapped_file_open("/tmp", 10000, &map), 0);
    ck_assert_int_lt(mapped_file_open("/nowhere/events", 10000, &map), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("event_log", setup, NULL, ids_ascend_by_one, the_oldest_fall_off,
                     a_restart_goes_on, a_record_is_there_or_is_not, a_damaged_header_begins_anew,
                     a_damaged_record_is_none, killed_at_any_time_nothing_is_missing_or_doubled,
                     a_file_keeps_what_was_stored);
}
