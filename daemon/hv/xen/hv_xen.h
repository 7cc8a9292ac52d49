/* The Xen port. May be included by composition roots only (daemon/chaosd.c). */
#ifndef CHAOS_HV_XEN_H
#define CHAOS_HV_XEN_H

#include "hv/hv.h"

/*
 * Opens the hypervisor interfaces of dom0. The caller owns *hv_out and ends it with
 * ops->close. Errors: -ENOENT or -ENODEV when this is not a Xen dom0, -EACCES without
 * the right to make hypercalls, -EPROTO when libxenctrl belongs to another version of Xen.
 */
int hv_xen_open(struct hv **hv_out);

/*
 * Why xenstored, which refuses to start when another program has the event of ends of domains, has
 * to get it: it runs, or the host starts it at boot. NULL: neither. root: "" but in tests.
 */
const char *hv_xen_xenstored(const char *root);

#endif
