/*
 * What users other than root may create: the socket's group is no way to become root on the host.
 * May be included by core only. Root may do everything.
 */
#ifndef CHAOS_CORE_POLICY_H
#define CHAOS_CORE_POLICY_H

#include <sys/types.h>

#include "core/error.h"
#include "core/spec.h"

struct core;
struct guest;

/* Whether owner may ask for this at all. Code: PERMISSION. */
int policy_check_rights(const struct core *core, const struct guest_spec *spec, uid_t owner,
                        struct error *error);
/*
 * Whether there may be one guest more, and owner's guests, with this one, stay within a user's
 * share. Code: LIMIT.
 */
int policy_check_share(const struct core *core, const struct guest_spec *spec, uid_t owner,
                       struct error *error);
/*
 * Whether one more domain, a guest's or a shell's, leaves within bounds what is scarce in dom0 and
 * Xen. Code: LIMIT.
 */
int policy_check_host(const struct core *core, const struct guest_spec *spec, struct error *error);
/* Whether caller may attach this interface to a guest, and its owner has a share left for it.
   Codes: PERMISSION, LIMIT. */
int policy_check_vif(const struct guest *guest, const struct spec_vif *vif, uid_t caller,
                     struct error *error);

#endif
