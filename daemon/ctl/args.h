/*
 * Takes a JSON object from a client apart by a table: types, ranges, and no member unknown. May be
 * included by ctl only.
 */
#ifndef CHAOS_CTL_ARGS_H
#define CHAOS_CTL_ARGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

enum arg_type {
    ARG_STRING, /* out: const char **, valid as long as the object */
    ARG_BOOL,   /* out: bool * */
    ARG_NUMBER, /* out: uint64_t *; an integer, at most max */
    ARG_OBJECT, /* out: json_t **, borrowed */
    ARG_ARRAY,  /* out: json_t **, borrowed */
};

struct arg {
    const char *name;
    enum arg_type type;
    void *out; /* untouched when the member is absent */
    uint64_t max;
    bool required;
};

/*
 * where: what the object is, for messages ("vif"). code: of the error (PROTOCOL, CONFIG). Members
 * named in skip (NULL-terminated, or NULL) are somebody else's.
 */
struct args_context {
    const char *where;
    int code;
    const char *const *skip;
};
int args_read(json_t *object, const struct args_context *context, const struct arg *args,
              size_t count, struct error *error);

#endif
