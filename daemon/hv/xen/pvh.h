/*
 * What the PVH boot protocol puts into a guest's frames, as pure functions of the load order
 * (xen/include/public/arch-x86/hvm/start_info.h). Private to the Xen port and its test.
 */
#ifndef CHAOS_HV_XEN_PVH_H
#define CHAOS_HV_XEN_PVH_H

#include "hv/hv.h"

/* Offsets inside the info frame. */
#define HV_XEN_PVH_MEMMAP  0x40u
#define HV_XEN_PVH_CMDLINE 0x100u

/*
 * Whether load can be carried out at all: the info frame and the reserved range inside RAM,
 * command line bounded, segments inside usable RAM, ascending and disjoint. 0 or -EINVAL.
 */
int hv_xen_pvh_check(const struct hv_load *load);

/* Fill frame gfn of RAM: every byte is written, either from a segment or with zero. */
void hv_xen_pvh_page(const struct hv_load *load, uint64_t gfn, uint8_t page[HV_PAGE_SIZE]);

/* Fill the info frame: hvm_start_info, memory map, command line. */
void hv_xen_pvh_info(const struct hv_load *load, uint8_t page[HV_PAGE_SIZE]);

/*
 * The next frame at or after gfn that must be written: a segment's, or one of the reserved
 * range. ram_pages when there is none.
 */
uint64_t hv_xen_pvh_next(const struct hv_load *load, uint64_t gfn);

#endif
