#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

const struct limit limits[LIMIT_ID_COUNT] = {
#define LIMIT_ROW(symbol, value, name, what) {value, name, what},
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

/* 0: as in the table; else one more than what was set. */
static unsigned settings[LIMIT_ID_COUNT];

/* 0: it cannot be set. */
static const unsigned ceilings[LIMIT_ID_COUNT] = {
#define CEILING_ROW(symbol, ceiling) [LIMIT_ID_##symbol] = (ceiling),
    LIMITS_SETTABLE(CEILING_ROW)
#undef CEILING_ROW
};

unsigned limit_of(enum limit_id id)
{
    return settings[id] > 0 ? settings[id] - 1 : limits[id].value;
}

void limits_reset(void)
{
    memset(settings, 0, sizeof(settings));
}

static enum limit_id find(const char *name, size_t length)
{
    unsigned id = 0;

    while (id < LIMIT_ID_COUNT &&
           (strncmp(limits[id].name, name, length) != 0 || limits[id].name[length] != '\0'))
        id++;
    return (enum limit_id)id;
}

int limit_set(const char *where, const char *text, struct error *error)
{
    size_t length = strcspn(text, "=");
    enum limit_id id = find(text, length);
    const char *digits = text + length + (text[length] == '=');
    size_t digit_count = strspn(digits, "0123456789");
    unsigned long value = digit_count < 10 ? strtoul(digits, NULL, 10) : UINT32_MAX;

    if (id == LIMIT_ID_COUNT)
        return error_set(error, UKVM_E_CONFIG, "%s: limit: there is none of the name '%.*s'", where,
                         (int)(length < 40 ? length : 40), text);
    if (ceilings[id] == 0)
        return error_set(error, UKVM_E_CONFIG, "%s: limit %s cannot be set", where,
                         limits[id].name);
    if (text[length] != '=' || digit_count == 0 || digits[digit_count] != '\0' ||
        value > ceilings[id])
        return error_set(error, UKVM_E_CONFIG, "%s: limit must be %s=N, and N at most %u", where,
                         limits[id].name, ceilings[id]);
    settings[id] = (unsigned)value + 1;
    return 0;
}

int limit_reached(struct error *error, enum limit_id id)
{
    const struct limit *limit = &limits[id];
    return error_set(error, UKVM_E_LIMIT, "limit %s: at most %u %s", limit->name, limit_of(id),
                     limit->what);
}

int limit_used_up(struct error *error, enum limit_id id, uint64_t used, uint64_t asked)
{
    const struct limit *limit = &limits[id];
    return error_set(error, UKVM_E_LIMIT, "limit %s: at most %u %s; %llu in use, %llu asked for",
                     limit->name, limit_of(id), limit->what, (unsigned long long)used,
                     (unsigned long long)asked);
}
