#include "core/limits.h"

const struct limit limits[LIMIT_ID_COUNT] = {
#define LIMIT_ROW(symbol, value, name, what) {value, name, what},
    LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

int limit_reached(struct error *error, enum limit_id id)
{
    const struct limit *limit = &limits[id];
    return error_set(error, UKVM_E_LIMIT, "limit %s: at most %u %s", limit->name, limit->value,
                     limit->what);
}
