/* Any bytes as the file of the history: it begins anew, or what is read of it holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_log.h"

#define NEW_ID UINT64_C(77)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static int is_text(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    for (; end != NULL && text < end; text++)
        if (*text < ' ' || *text > '~')
            return 0;
    return end != NULL;
}

static void check_record(const struct event_log *log, uint64_t id)
{
    struct event_record record;

    if (!event_log_read(log, id, &record))
        return;
    require(record.id == id);
    require(is_text(record.kind, sizeof(record.kind)) && is_text(record.name, sizeof(record.name)));
    require(is_text(record.from, sizeof(record.from)) && is_text(record.to, sizeof(record.to)));
    require(is_text(record.cause, sizeof(record.cause)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_log log;

    if (size < EVENT_LOG_BYTES(1) || size > EVENT_LOG_BYTES(64))
        return 0;
    char *memory = malloc(size);
    require(memory != NULL);
    memcpy(memory, data, size);
    const char *wrong = event_log_open(&log, memory, size, NEW_ID);
    uint64_t first = event_log_first(&log), last = event_log_last(&log);
    require(wrong == NULL || last == NEW_ID - 1);
    require(last + 1 >= first && last - first + 1 <= log.capacity);
    for (uint64_t id = first; id <= last; id++)
        check_record(&log, id);
    check_record(&log, first - 1);
    check_record(&log, last + 1);
    memset(event_log_begin(&log)->cause, 0, 1);
    require(event_log_commit(&log) == last + 1);
    check_record(&log, last + 1);
    free(memory);
    return 0;
}
