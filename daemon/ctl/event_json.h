/* Events as clients read them. May be included by ctl only. */
#ifndef CHAOS_CTL_EVENT_JSON_H
#define CHAOS_CTL_EVENT_JSON_H

#include <jansson.h>

#include "core/core.h"

/* NULL when out of memory. */
json_t *event_json(struct core *core, const struct event_record *record);

#endif
