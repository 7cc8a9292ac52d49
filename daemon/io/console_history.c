#include "io/console_history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 1024u
#define PIECE_BYTES 64u /* of capacity for each piece that there may be */

void console_history_fini(struct console_history *history)
{
    free(history->pieces);
    *history = (struct console_history){0};
}

/* Pieces and data are one allocation. A byte's place is its position modulo the capacity, so
   growing moves it. */
static int grow(struct console_history *history, size_t needed)
{
    size_t capacity = history->capacity == 0 ? FIRST_BYTES : history->capacity;
    while (capacity < needed && capacity < CONSOLE_HISTORY_BYTES)
        capacity *= 2;
    if (capacity == history->capacity)
        return 0;
    size_t room = capacity / PIECE_BYTES;
    struct console_piece *pieces = malloc(room * sizeof(*pieces) + capacity);
    if (pieces == NULL)
        return -1;
    uint8_t *data = (uint8_t *)(pieces + room);
    for (uint64_t at = history->start; history->capacity != 0 && at < history->end; at++)
        data[at % capacity] = history->data[at % history->capacity];
    if (history->piece_count > 0)
        memcpy(pieces, history->pieces, history->piece_count * sizeof(*pieces));
    free(history->pieces);
    history->pieces = pieces;
    history->data = data;
    history->capacity = capacity;
    return 0;
}

/* ---- times -------------------------------------------------------------------------- */

static void drop_pieces(struct console_history *history, size_t at, size_t count)
{
    history->piece_count -= count;
    memmove(&history->pieces[at], &history->pieces[at + count],
            (history->piece_count - at) * sizeof(history->pieces[0]));
}

static void forget_old_pieces(struct console_history *history)
{
    size_t old = 0;
    while (old + 1 < history->piece_count && history->pieces[old + 1].start <= history->start)
        old++;
    if (old > 0)
        drop_pieces(history, 0, old);
}

/* The two neighbours that are shortest together become one, of the later one's time. */
static void merge_pieces(struct console_history *history)
{
    struct console_piece *pieces = history->pieces;
    size_t best = 0;
    assert(history->piece_count > 2);
    for (size_t i = 1; i + 2 < history->piece_count; i++)
        if (pieces[i + 2].start - pieces[i].start < pieces[best + 2].start - pieces[best].start)
            best = i;
    pieces[best + 1].start = pieces[best].start;
    drop_pieces(history, best, 1);
}

/* What comes now begins at the history's end. */
static void note_time(struct console_history *history, uint64_t now_ns)
{
    size_t count = history->piece_count;
    if (count > 0 && now_ns - history->pieces[count - 1].time_ns < CONSOLE_HISTORY_NS)
        return;
    if (count == history->capacity / PIECE_BYTES)
        merge_pieces(history);
    history->pieces[history->piece_count++] =
        (struct console_piece){.start = history->end, .time_ns = now_ns};
}

uint64_t console_history_since(const struct console_history *history, uint64_t time_ns)
{
    for (size_t i = 0; i < history->piece_count; i++) {
        const struct console_piece *piece = &history->pieces[i];
        if (piece->time_ns + CONSOLE_HISTORY_NS > time_ns)
            return piece->start > history->start ? piece->start : history->start;
    }
    return history->end;
}

/* ---- bytes -------------------------------------------------------------------------- */

void console_history_append(struct console_history *history, const uint8_t *data, size_t size,
                            uint64_t now_ns)
{
    size_t held = (size_t)(history->end - history->start);
    if (held + size > history->capacity && grow(history, held + size) < 0 &&
        history->capacity == 0) {
        history->end += size;
        history->start = history->end;
        return;
    }
    note_time(history, now_ns);
    for (size_t done = 0; done < size;) {
        size_t at = (size_t)(history->end % history->capacity);
        size_t run = history->capacity - at;
        if (run > size - done)
            run = size - done;
        memcpy(history->data + at, data + done, run);
        history->end += run;
        done += run;
    }
    if (history->end - history->start > history->capacity)
        history->start = history->end - history->capacity;
    forget_old_pieces(history);
}

const uint8_t *console_history_at(const struct console_history *history, uint64_t position,
                                  size_t *size_out)
{
    *size_out = 0;
    if (position >= history->end)
        return NULL;
    size_t at = (size_t)(position % history->capacity);
    size_t run = history->capacity - at;
    if (run > history->end - position)
        run = (size_t)(history->end - position);
    *size_out = run;
    return history->data + at;
}
