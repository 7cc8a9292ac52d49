/* A create as a fixed-layout record: docs/protocol.md. May be included by ctl only. */
#ifndef CHAOS_CTL_RECORD_H
#define CHAOS_CTL_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/create.h"
#include "ukvm_record.h"

/* Whether a packet is a record and not JSON. */
bool record_is(const char *data, size_t size);
/* The id of a record, if it is long enough for one. */
bool record_id(const char *data, size_t size, int64_t *id_out);
/*
 * Checks all and fills spec_out, and wait, from and timeout_ns of *create. *count_out: how many are
 * asked for; 0: one by its own name. Codes: PROTOCOL, LIMIT.
 */
int record_read_create(const char *data, size_t size, struct guest_spec *spec_out,
                       struct create_request *create, uint32_t *count_out, struct error *error);

#endif
