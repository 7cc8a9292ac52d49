/*
 * Shared by the files of the Xen port, one subject each; nobody else includes it.
 * All hypercalls return at once to their caller's thread; errors are -errno.
 */
#ifndef CHAOS_HV_XEN_PRIV_H
#define CHAOS_HV_XEN_PRIV_H

#include <errno.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "hv/xen/context.h"
#include "hv/xen/hv_xen.h"

/* Frames handled by one mapping or one hypercall: bounds stack and kernel arrays. */
#define HV_XEN_BATCH 512u

/* A mapping of a domain's frames, or of its grant table, that has done its work. */
struct hv_xen_kept {
    struct hv_xen_kept *next;
    uint32_t domid;
    size_t pages;
    void *addr;                                 /* NULL: a resource */
    xenforeignmemory_resource_handle *resource; /* NULL: an address */
};

struct hv_xen {
    struct hv base;
    struct xentoollog_logger log; /* drops what libxc would print */
    xc_interface *xc;
    xenforeignmemory_handle *memory;
    int events_fd; /* /dev/xen/evtchn holding the control channels */
    struct hv_xen_context_template context;
    struct hv_xen_kept *kept; /* mappings to end when nobody waits */
    char version[sizeof(((struct hv_host_info *)NULL)->version)];
};

static inline struct hv_xen *hv_xen_of(struct hv *hv)
{
    return (struct hv_xen *)hv;
}

/* libxc's way of failing is a negative value and errno; ours is -errno. */
static inline int hv_xen_rc(int rc)
{
    if (rc >= 0)
        return 0;
    return errno > 0 ? -errno : -EIO;
}

/* domain.c */
int hv_xen_domain_create(struct hv *hv, const struct hv_domain_params *params, uint32_t *domid_out);
int hv_xen_domain_params(struct hv *hv, uint32_t domid, struct hv_gfn noxs_page,
                         struct hv_port control);
int hv_xen_domain_pause(struct hv *hv, uint32_t domid);
int hv_xen_domain_unpause(struct hv *hv, uint32_t domid);
int hv_xen_domain_shutdown(struct hv *hv, uint32_t domid, enum hv_shutdown_reason reason);
int hv_xen_domain_destroy(struct hv *hv, uint32_t domid);

/* memory.c */
int hv_xen_domain_populate(struct hv *hv, uint32_t domid, uint64_t ram_pages);
int hv_xen_domain_max_memory(struct hv *hv, uint32_t domid, uint64_t pages);
int hv_xen_domain_map(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages,
                      void **addr_out);
void hv_xen_domain_unmap(struct hv *hv, void *addr, size_t pages);

/*
 * trim.c. Unmapping takes longer than mapping, so what a domain needed mapped while it was built
 * is kept until domain_trim or domain_destroy. Both take over what they are given: if there is
 * no memory to remember it, it is unmapped at once.
 */
void hv_xen_keep_map(struct hv_xen *xen, uint32_t domid, void *addr, size_t pages);
void hv_xen_keep_resource(struct hv_xen *xen, uint32_t domid,
                          xenforeignmemory_resource_handle *resource);
void hv_xen_unmap_kept(struct hv_xen *xen, uint32_t domid);
/* Pages of the paging pool that suffice for a domain whatever its guest does. */
uint64_t hv_xen_pool_pages(const struct hv_domain_params *params);
int hv_xen_domain_trim(struct hv *hv, uint32_t domid, const struct hv_domain_params *params);

/* load.c, clock.c, grant.c */
int hv_xen_domain_load(struct hv *hv, uint32_t domid, const struct hv_load *load);
int hv_xen_domain_clock(struct hv *hv, uint32_t domid, struct hv_gfn shared_info);
int hv_xen_grants_write(struct hv *hv, uint32_t domid, struct hv_gref first, struct hv_gfn gfn,
                        size_t count);
/* The same, with nothing kept mapped. */
int hv_xen_grants_write_now(struct hv_xen *xen, uint32_t domid, struct hv_gref first,
                            struct hv_gfn gfn, size_t count);
int hv_xen_grant_fd(struct hv *hv, int *fd_out);
void hv_xen_grant_warm(void);

/* dump.c */
int hv_xen_domain_copy(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages, void *out);
int hv_xen_vcpu_registers(struct hv *hv, uint32_t domid, uint32_t vcpu, struct hv_registers *out);
/* share.c */
int hv_xen_frames_share(struct hv *hv, uint32_t domid, const struct hv_share *share);

/* info.c */
int hv_xen_read_version(struct hv_xen *xen);
int hv_xen_host_info(struct hv *hv, struct hv_host_info *info_out);
int hv_xen_domain_list(struct hv *hv, uint32_t first, struct hv_domain_info *infos_out, size_t max);

/* Whether XenStore is a domain of its own. -errno, or 0 or 1. */
int hv_xen_has_store_domain(struct hv_xen *xen);

/* cpus.c */
int hv_xen_host_cpus(struct hv *hv, struct hv_cpus *cpus_out);
int hv_xen_vcpu_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, const struct hv_cpus *cpus);

/* sched.c, messages.c */
int hv_xen_sched_get(struct hv *hv, uint32_t domid, struct hv_sched *sched_out);
int hv_xen_sched_set(struct hv *hv, uint32_t domid, const struct hv_sched *sched);
int hv_xen_messages(struct hv *hv, bool clear, uint32_t *index, char *out, size_t size);

/* channel.c */
int hv_xen_channel_open(int *fd_out);
int hv_xen_port_alloc(struct hv *hv, uint32_t domid, struct hv_port *remote_out);
int hv_xen_port_bind(struct hv *hv, uint32_t domid, struct hv_port remote,
                     struct hv_port *local_out);
void hv_xen_port_unbind(struct hv *hv, struct hv_port local);
int hv_xen_port_notify(struct hv *hv, struct hv_port local);
int hv_xen_events_fd(struct hv *hv);
int hv_xen_event_next(struct hv *hv, struct hv_port *local_out);
int hv_xen_port_unmask(struct hv *hv, struct hv_port local);
int hv_xen_death_events(struct hv *hv, struct hv_port *local_out);
int hv_xen_io_channel(struct hv *hv, uint32_t domid, struct hv_port remote, int *fd_out,
                      struct hv_port *local_out);

#endif
