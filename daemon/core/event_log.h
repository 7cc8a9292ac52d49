/*
 * The history of events: a ring of fixed-size records in memory that outlives the process
 * (util/mapped_file.h). May be included by core; ctl reads it. One writer, which reads too.
 *
 * A record is written by plain stores, then its id, then the number of the last one, each in
 * release order: a process that is killed in between leaves a record without an id, which was never
 * an event. What a former chaosd left is checked like any file: the header when it is opened, a
 * record whenever it is read.
 *
 * Ids ascend by one. A history that begins anew, because there was none or a damaged one, begins
 * with the time in microseconds, so that no id is ever given twice, and a cursor of an older
 * history is seen to be one.
 */
#ifndef CHAOS_CORE_EVENT_LOG_H
#define CHAOS_CORE_EVENT_LOG_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the layout, and of what the words mean. */
#define EVENT_LOG_VERSION 0x63650001u
#define EVENT_NO_ID       UINT32_MAX

struct event_record {
    uint64_t id;      /* 0: there is none */
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint64_t guest;   /* its id; 0: of no guest */
    uint8_t uuid[16]; /* of the guest */
    uint32_t domid;   /* EVENT_NO_ID: it has none */
    uint32_t owner;   /* uid */
    uint32_t by;      /* uid of who asked for it; EVENT_NO_ID: nobody */
    uint32_t zero;
    char kind[16]; /* texts: NUL-terminated; what follows is of no meaning */
    char from[16]; /* "": nothing was before */
    char to[16];
    char name[64];
    char cause[184];
};

struct event_log_head {
    uint32_t version;
    uint32_t record_size;
    uint32_t capacity;
    uint32_t zero;
    uint64_t first_id;      /* that this history ever had */
    uint64_t last_id;       /* first_id - 1: none yet */
    int64_t wall_offset_ns; /* of CLOCK_REALTIME to CLOCK_MONOTONIC; core/events.c */
    uint64_t reserved[3];
};

static_assert(sizeof(struct event_record) == 352, "no padding but zero");
static_assert(sizeof(struct event_log_head) == 64, "no padding but zero");

struct event_log {
    struct event_log_head *head;
    struct event_record *records;
    uint64_t capacity;
};

/* How many bytes a history of so many events takes. */
#define EVENT_LOG_BYTES(capacity)                                                                  \
    (sizeof(struct event_log_head) + (size_t)(capacity) * sizeof(struct event_record))

/*
 * memory (borrowed, size bytes, 8-aligned, at least EVENT_LOG_BYTES(1)). NULL: it goes on with what
 * is there. Else what was wrong with it, "" if it was empty: it begins anew, with new_id (not 0).
 */
const char *event_log_open(struct event_log *log, void *memory, size_t size, uint64_t new_id);

/* The first that is still there; last + 1 if none is. */
uint64_t event_log_first(const struct event_log *log);
uint64_t event_log_last(const struct event_log *log);
/* The place of the next one, to be filled in but for its id; the oldest may be gone then. */
struct event_record *event_log_begin(struct event_log *log);
/* What was filled in is an event now. Returns its id. */
uint64_t event_log_commit(struct event_log *log);
/* Where it is, for who looks at many: texts are not checked, and need not end. NULL: not there. */
const struct event_record *event_log_peek(const struct event_log *log, uint64_t id);
/* A copy, its texts terminated and printable. False: it is not there, or damaged. */
bool event_log_read(const struct event_log *log, uint64_t id, struct event_record *out);

#endif
