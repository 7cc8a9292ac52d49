/* Guests and their noxs pages as JSON: docs/protocol.md. May be included by ctl only. */
#ifndef CHAOS_CTL_GUEST_JSON_H
#define CHAOS_CTL_GUEST_JSON_H

#include <jansson.h>

#include "core/create.h"
#include "core/definition.h"
#include "core/guest.h"

/* New references; NULL when out of memory. */
json_t *guest_json(const struct guest *guest);
/* One interface, with its slot, state and published ports. */
json_t *guest_vif_json(const struct guest *guest, unsigned index);
/* At most this many bytes when dumped. */
size_t guest_json_bound(const struct guest *guest);
/* A definition without a guest, as the guest that it would be. */
json_t *definition_guest_json(const struct definition *definition);
size_t definition_json_bound(const struct definition *definition);
json_t *guest_json_timing(const struct create_result *result);
/* The guest must have its page. */
json_t *page_json(const struct guest *guest);

#endif
