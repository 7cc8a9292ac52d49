#include "io/console_history.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 1024u

void console_history_fini(struct console_history *history)
{
    free(history->data);
    *history = (struct console_history){0};
}

/* A byte's place is its position modulo the capacity, so growing moves it. */
static int grow(struct console_history *history, size_t needed)
{
    size_t capacity = history->capacity == 0 ? FIRST_BYTES : history->capacity;
    while (capacity < needed && capacity < CONSOLE_HISTORY_BYTES)
        capacity *= 2;
    if (capacity == history->capacity)
        return 0;
    uint8_t *data = malloc(capacity);
    if (data == NULL)
        return -1;
    for (uint64_t at = history->start; history->capacity != 0 && at < history->end; at++)
        data[at % capacity] = history->data[at % history->capacity];
    free(history->data);
    history->data = data;
    history->capacity = capacity;
    return 0;
}

void console_history_append(struct console_history *history, const uint8_t *data, size_t size)
{
    size_t held = (size_t)(history->end - history->start);
    if (held + size > history->capacity && grow(history, held + size) < 0 &&
        history->capacity == 0) {
        history->end += size;
        history->start = history->end;
        return;
    }
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
