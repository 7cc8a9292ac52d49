/* The addresses of an interface. May be included by core only. */
#ifndef CHAOS_CORE_VIF_ADDRESS_H
#define CHAOS_CORE_VIF_ADDRESS_H

#include <stdbool.h>

#include "core/error.h"
#include "core/spec.h"

struct core;
struct guest_vif;

struct vif_address_request {
    struct core *core;
    const char *label; /* the guest, for messages */
    bool is_cold;      /* a guest's, not a shell's: when no address is left, a shell's is taken */
};

/*
 * Take the addresses that the spec asks for, or any. On failure some may be held. Codes:
 * ADDRESS_IN_USE, CONFIG, INTERNAL, NO_MEMORY.
 */
int vif_address_take(const struct vif_address_request *request, struct guest_vif *vif,
                     const struct spec_vif *spec, struct error *error);
/* Safe on one that holds none. */
void vif_address_free(struct core *core, struct guest_vif *vif);

#endif
