/*
 * The last CONSOLE_HISTORY_BYTES of a byte stream, and when they came. Positions count from the
 * stream's beginning, so a reader keeps its place by one number. May be included by io only.
 */
#ifndef CHAOS_CONSOLE_HISTORY_H
#define CHAOS_CONSOLE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#define CONSOLE_HISTORY_BYTES 65536u
/* What comes within this time of each other has one time. */
#define CONSOLE_HISTORY_NS    UINT64_C(100000000)

/* A piece of the stream, up to the next one. */
struct console_piece {
    uint64_t start;   /* position */
    uint64_t time_ns; /* no byte of it came later than CONSOLE_HISTORY_NS after this */
};

/* All zero is empty. Memory grows with what is kept: most guests print little. */
struct console_history {
    uint8_t *data;
    size_t capacity; /* a power of two, or 0 */
    uint64_t start;  /* position of the oldest byte kept */
    uint64_t end;    /* position after the newest */
    struct console_piece *pieces;
    size_t piece_count; /* at most one for every 64 bytes of capacity */
};

void console_history_fini(struct console_history *history);
/* Out of memory loses old bytes earlier, never the call. */
void console_history_append(struct console_history *history, const uint8_t *data, size_t size,
                            uint64_t now_ns);
/*
 * The longest run of bytes at position that lies in one piece. position must not be below start;
 * *size_out is 0 at the end.
 */
const uint8_t *console_history_at(const struct console_history *history, uint64_t position,
                                  size_t *size_out);
/* Where to begin for all that came at time_ns or later: there, or a little before. */
uint64_t console_history_since(const struct console_history *history, uint64_t time_ns);

#endif
