/* The envelope of requests and replies: docs/protocol.md. May be included by ctl only. */
#ifndef CHAOS_CTL_MESSAGE_H
#define CHAOS_CTL_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct message {
    json_t *object; /* owned */
    const char *op; /* in object */
    bool has_id;
    json_int_t id;
};

/* Members of the envelope, for args_context.skip; the last two belong to ops on a guest. */
extern const char *const message_members[];

/*
 * data need not be terminated. Code: PROTOCOL; *message_out then holds the id if there was one, so
 * that the error can be answered, and no object.
 */
int message_parse(const char *data, size_t size, struct message *message_out, struct error *error);
void message_fini(struct message *message);

/* Both return a new reference, or NULL when out of memory. ok is stolen, NULL means {}. */
json_t *message_ok(const struct message *message, json_t *ok);
json_t *message_error(const struct message *message, const struct error *error);

#endif
