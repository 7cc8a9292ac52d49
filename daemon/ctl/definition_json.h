/* A definition's file: {"version": 1, "owner": UID, "config": {...}}. May be included by ctl and
 * composition roots. */
#ifndef CHAOS_CTL_DEFINITION_JSON_H
#define CHAOS_CTL_DEFINITION_JSON_H

#include <jansson.h>

#include "core/definition.h"

/* malloc'ed; NULL when out of memory, or if it is longer than a file may be. */
char *definition_json_text(json_t *config, uid_t owner);
extern const struct definition_codec definition_json;

#endif
