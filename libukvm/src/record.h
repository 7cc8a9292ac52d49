/*
 * Creates as fixed-layout records instead of JSON, where a record can say all of it. Private to
 * libukvm.
 */
#ifndef RECORD_H
#define RECORD_H

#include <jansson.h>

#include "ukvm.h"
#include "ukvm_record.h"

/* Bytes written to packet (of at least 64 KiB), or 0: it takes JSON to say this. */
size_t record_write_create(const json_t *config, const struct ukvm_create_options *options,
                           json_int_t id, char *packet);
/* Whether a reply is a record at all. */
bool record_is(const char *packet, size_t length);
/* False: not a good answer to this request. */
bool record_read_guest(const char *packet, size_t length, json_int_t id,
                       struct ukvm_guest *guest_out, struct ukvm_create_options *options);

#endif
