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

#endif
