/*
 * Objects of the protocol into structs of ukvm.h: every field typed and bounded, for chaosd may be
 * of another version. Private to libukvm.
 */
#ifndef GUEST_READ_H
#define GUEST_READ_H

#include <jansson.h>

#include "ukvm.h"

/* False, with *guest_out untouched, if object is not a guest. */
bool guest_read(const json_t *object, struct ukvm_guest *guest_out);
/* The same of an interface; vif must be zeroed. */
bool guest_read_vif(const json_t *object, struct ukvm_vif *vif);
/* The same of one with its slot and state; without its published ports. */
bool guest_read_net(const json_t *object, struct ukvm_net *net_out);
/* Fills options->phases and phase_count; what is not a phase is left out. */
void guest_read_phases(const json_t *timing, struct ukvm_create_options *options);

#endif
