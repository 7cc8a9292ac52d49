/*
 * The page of events and time that Xen shares with this domain. A toolstack that knows noxs maps
 * it before the guest runs; under another one the guest maps it itself. Kernel only.
 */
#ifndef UKG_SHARED_INFO_H
#define UKG_SHARED_INFO_H

#include <stdbool.h>

#include <xen/xen.h>

#include "noxs/page.h"

/* A frame that no toolstack uses: where libxl keeps none of its special pages. */
#define SHARED_INFO_OWN_GFN 0xfeff0u

extern struct shared_info *shared_info_address;

static inline struct shared_info *shared_info(void)
{
    return shared_info_address;
}

/* `mapped`: the toolstack has done it. Both places are in the map that boot.S makes. */
void shared_info_init(bool mapped);

#endif
