/* The switch's way to the host: one TAP. May be included by io only. */
#ifndef CHAOS_UPLINK_H
#define CHAOS_UPLINK_H

#include <stdbool.h>

#include "io/doorbell.h"
#include "io/tap.h"
#include "io/vswitch.h"

struct uplink {
    struct tap tap;
    struct vswitch *vswitch;
    struct doorbell_batch *bells;
};

void uplink_init(struct uplink *uplink, struct vswitch *vswitch, struct doorbell_batch *bells);
void uplink_fini(struct uplink *uplink);
/*
 * The host's end has these addresses. Takes fd, the new TAP; -1 keeps the one there is. 0, or
 * -errno with fd closed and nothing changed.
 */
int uplink_set(struct uplink *uplink, struct loop *loop, int fd, uint64_t mac, uint32_t ip);
/* There is a TAP. */
bool uplink_is_set(const struct uplink *uplink);

#endif
