/* The "config" of a create or define request, from JSON to a guest_spec. May be included by ctl
 * only. */
#ifndef CHAOS_CTL_SPEC_JSON_H
#define CHAOS_CTL_SPEC_JSON_H

#include <jansson.h>

#include "core/spec.h"

/*
 * Only shapes and sizes are checked here; spec_check() judges the rest. Codes: CONFIG, LIMIT.
 * *spec_out and *terms_out may be partly filled on an error.
 */
int spec_from_json(json_t *config, struct guest_spec *spec_out, struct spec_terms *terms_out,
                   struct error *error);
/* Its "cpus", for themselves. NULL: absent, which is none. */
int spec_cpus_from_json(json_t *json, struct spec_cpus *cpus, struct error *error);
/* One interface; vif must be zeroed. Codes: CONFIG, LIMIT. */
int spec_vif_from_json(json_t *json, struct spec_vif *vif, struct error *error);

#endif
