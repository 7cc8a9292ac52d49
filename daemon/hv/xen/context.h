/* The state vCPU 0 starts in. Private to the Xen port. */
#ifndef CHAOS_HV_XEN_CONTEXT_H
#define CHAOS_HV_XEN_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <xenctrl.h>

#include <xen/hvm/save.h>

#include "hv/hv.h"

struct hv_xen;

/*
 * Records that Xen wants back as it gave them and that are the same for every new domain of
 * this host: read from the first domain, then kept, which saves the longer of the two calls.
 */
struct hv_xen_context_template {
    bool valid;
    HVM_SAVE_TYPE(HEADER) header;
    HVM_SAVE_TYPE(MTRR) mtrr;
};

/* Set vCPU 0 of a paused domain to the PVH entry state: eip = entry, ebx = info_paddr. */
int hv_xen_context_set(struct hv_xen *xen, uint32_t domid, uint32_t entry, uint32_t info_paddr);

#endif
