/* The page of events and time that Xen shares with this domain. */
#include <stdint.h>

#include "shared_info.h"

#include "hypercall.h"
#include "ukg.h"

#define FRAME(gfn) ((struct shared_info *)((uintptr_t)(gfn) << 12))

struct shared_info *shared_info_address = FRAME(NOXS_SHARED_INFO_GFN);

void shared_info_init(bool mapped)
{
    if (!mapped) {
        struct xen_add_to_physmap place = {
            .domid = DOMID_SELF,
            .space = XENMAPSPACE_shared_info,
            .gpfn = SHARED_INFO_OWN_GFN,
        };
        if (hypercall_memory(XENMEM_add_to_physmap, &place) != 0)
            ukg_panic("cannot map shared_info");
        shared_info_address = FRAME(SHARED_INFO_OWN_GFN);
    }
    /*
     * Nothing takes interrupts: mask every port, so that Xen sets its pending bit, wakes a poller
     * and leaves it at that.
     */
    shared_info_address->evtchn_mask[0] = ~(xen_ulong_t)0;
}
