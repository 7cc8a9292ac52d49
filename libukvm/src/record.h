/*
 * Creates as fixed-layout records instead of JSON, where a record can say all of it. Private to
 * libukvm.
 */
#ifndef RECORD_H
#define RECORD_H

#include <jansson.h>

#include "ukvm.h"
#include "ukvm_record.h"

/* count 0: one guest. Bytes written to packet (of at least 64 KiB), or 0: it takes JSON to say
 * this. */
size_t record_write_create(const json_t *config, const struct ukvm_create_options *options,
                           uint32_t count, json_int_t id, char *packet);
/* Whether a reply is a record at all. */
bool record_is(const char *packet, size_t length);
/* number: that the answer must have; 0 of a single guest. False: not a good answer to this request.
 */
bool record_read_guest(const char *packet, size_t length, json_int_t id, uint32_t number,
                       struct ukvm_guest *guest_out, struct ukvm_create_options *options);
/* The number of a guest of many; 0: it has none. */
uint32_t record_number(const char *packet, size_t length);

#endif
