/*
 * The hypervisor port: all that core knows of a hypervisor. hv/xen/ implements it with
 * libxenctrl and friends; tests/fixture/hv_fake.c implements it in memory.
 *
 * May be included by core and by the ports. Calls do not block on guests and are made
 * from one thread. Every int call returns 0 (or a count where said) or -errno and leaves
 * out-parameters untouched on failure.
 */
#ifndef CHAOS_HV_H
#define CHAOS_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HV_PAGE_SIZE     4096u

/* RAM is one range from gfn 0, below the devices and shared_info at the top of 4 GiB. */
#define HV_RAM_PAGES_MAX 0xf0000u

/* Ids that must not be mixed. */
struct hv_gfn {
    uint64_t n;
};
struct hv_gref {
    uint32_t n;
};
/* An event channel port: "remote" is the guest's number, "local" dom0's. */
struct hv_port {
    uint32_t n;
};

/* A set of host CPUs. Those from HV_CPUS_MAX on are in no set. */
#define HV_CPUS_MAX 1024u
struct hv_cpus {
    uint64_t word[HV_CPUS_MAX / 64]; /* CPU n is bit n % 64 of word n / 64 */
};

static inline void hv_cpus_add(struct hv_cpus *cpus, unsigned cpu)
{
    cpus->word[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

static inline bool hv_cpus_have(const struct hv_cpus *cpus, unsigned cpu)
{
    return (cpus->word[cpu / 64] >> cpu % 64 & 1) != 0;
}

struct hv;

enum hv_shutdown_reason {
    HV_SHUTDOWN_NONE = 0,
    HV_SHUTDOWN_POWEROFF,
    HV_SHUTDOWN_REBOOT,
    HV_SHUTDOWN_SUSPEND,
    HV_SHUTDOWN_CRASH,
    HV_SHUTDOWN_OTHER, /* watchdog, soft reset or unknown: treated as a crash */
};

struct hv_host_info {
    uint64_t free_bytes;
    uint64_t total_bytes;
    uint32_t cpus;
    char version[32]; /* of the hypervisor, e.g. "4.17.5" */
};

struct hv_domain_params {
    uint8_t uuid[16];
    uint32_t vcpus;
    uint64_t ram_pages;
    uint32_t grant_frames; /* bound on the guest's grant table, in frames */
    uint32_t event_ports;  /* bound on the guest's event channels */
};

struct hv_domain_info {
    uint32_t domid;
    uint8_t uuid[16];
    bool paused;
    bool dying;    /* destroyed, memory not all returned yet */
    bool shutdown; /* the guest stopped; reason says why */
    enum hv_shutdown_reason reason;
    uint64_t memory_bytes;
    uint64_t cpu_time_ns;
    uint32_t vcpus;
};

/* One PT_LOAD of an image, already validated: page-bounded inside RAM, file part inside data. */
struct hv_segment {
    uint64_t paddr;
    uint64_t memsz_bytes;
    uint64_t filesz_bytes;
    const uint8_t *data; /* filesz_bytes; borrowed for the call */
};

/*
 * What to put in a populated domain so that vCPU 0 starts in it (PVH boot protocol). Without
 * segments only the reserved frames are written, and the vCPU has no entry yet.
 */
struct hv_load {
    const struct hv_segment *segments;
    size_t segment_count;
    uint32_t entry;         /* physical, 32-bit protected mode */
    struct hv_gfn info_gfn; /* frame for start_info, memory map and command line */
    uint64_t ram_pages;
    uint64_t reserved_first; /* gfn; [reserved_first, ram_pages) is not usable RAM */
    bool reserved_kept;      /* they are in use already: of them only start_info is written */
    const char *cmdline;     /* NUL-terminated; borrowed; at most HV_CMDLINE_MAX bytes with NUL */
};
#define HV_CMDLINE_MAX 1024u

/* Of a vCPU that stands still. */
struct hv_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t fs_base, gs_base;
    uint16_t cs, ss, ds, es, fs, gs;
};

/* A domain's share of the CPUs. */
struct hv_sched {
    char name[16]; /* of the scheduler */
    bool shares;   /* it has weights and caps; else the next two mean nothing */
    uint32_t weight;
    uint32_t cap; /* percent of one CPU; 0: none */
};

/* Frames of a domain that dom0 is to share with it. */
struct hv_share {
    struct hv_gfn gfn;
    size_t pages;
    struct hv_gref gref;  /* of the first frame; n = 0: they are granted already */
    uint64_t limit_pages; /* of the domain's memory with them */
};

struct hv_ops {
    int (*host_info)(struct hv *hv, struct hv_host_info *info_out);
    /* The CPUs that the host has. */
    int (*host_cpus)(struct hv *hv, struct hv_cpus *cpus_out);

    /*
     * What the hypervisor has logged, from *index on, which is moved behind it; 0 is the oldest.
     * With clear it is forgotten. Returns how many bytes, at most size; fewer: that is all.
     */
    int (*messages)(struct hv *hv, bool clear, uint32_t *index, char *out, size_t size);

    /*
     * A new domain: no memory yet, paused.
     * -EINVAL: no vCPU, no event port, or more RAM than HV_RAM_PAGES_MAX.
     */
    int (*domain_create)(struct hv *hv, const struct hv_domain_params *params, uint32_t *domid_out);
    /* RAM at gfn [0, ram_pages), in superpages where they fit. -ENOMEM: destroy the domain. */
    int (*domain_populate)(struct hv *hv, uint32_t domid, uint64_t ram_pages);
    /* RAM that it may have at most, in pages: what it has already it keeps. */
    int (*domain_max_memory)(struct hv *hv, uint32_t domid, uint64_t pages);
    /*
     * Copy segments (zeroing the rest of each of their frames), zero the reserved frames, write
     * start_info into one of them; set vCPU 0 to the entry. Other RAM may hold anything. May be
     * called again until the domain is unpaused.
     * -EINVAL: segments not ascending, overlapping or outside usable RAM; cmdline too long.
     */
    int (*domain_load)(struct hv *hv, uint32_t domid, const struct hv_load *load);
    /*
     * Give back what only the way to the first instruction needed: the mappings behind domain_load
     * and grants_write, and most of the paging pool. It takes about 200 us, so core calls it when
     * nobody waits; until then a domain costs 1 MiB more. params: as at creation. Safe at any time
     * after grants_write and more than once; domain_destroy implies it.
     */
    int (*domain_trim)(struct hv *hv, uint32_t domid, const struct hv_domain_params *params);
    /* Map frames of a domain read-write. NULL is never returned with 0. */
    int (*domain_map)(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages,
                      void **addr_out);
    void (*domain_unmap)(struct hv *hv, void *addr, size_t pages);
    /*
     * Copy frames of a domain; a frame that it does not have is zeroes. Returns how many it has.
     * Nothing stays mapped.
     */
    int (*domain_copy)(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages, void *out);
    /* -ENODATA: the vCPU was never started. */
    int (*vcpu_registers)(struct hv *hv, uint32_t domid, uint32_t vcpu, struct hv_registers *out);
    /* Map shared_info at gfn and set the time offset, so the guest's wall clock reads UTC. */
    int (*domain_clock)(struct hv *hv, uint32_t domid, struct hv_gfn shared_info);
    /* Tell the guest where its noxs page and control channel are (HVM params on Xen). */
    int (*domain_params)(struct hv *hv, uint32_t domid, struct hv_gfn noxs_page,
                         struct hv_port control);
    /*
     * Hard affinity: the vCPU runs on these CPUs only, whether or not the host has them all.
     * -EINVAL: on none of them could it run.
     */
    int (*vcpu_affinity)(struct hv *hv, uint32_t domid, uint32_t vcpu, const struct hv_cpus *cpus);
    int (*sched_get)(struct hv *hv, uint32_t domid, struct hv_sched *sched_out);
    /* Sets weight and cap. -EOPNOTSUPP: the scheduler has none. */
    int (*sched_set)(struct hv *hv, uint32_t domid, const struct hv_sched *sched);
    /* Pauses nest; a new domain is paused once. unpause is -EINVAL when it is not paused. */
    int (*domain_pause)(struct hv *hv, uint32_t domid);
    int (*domain_unpause)(struct hv *hv, uint32_t domid);
    /* Stop the guest as if it had shut itself down with this reason. */
    int (*domain_shutdown)(struct hv *hv, uint32_t domid, enum hv_shutdown_reason reason);
    /*
     * Returns 0 when the domain is gone or dying, -ESRCH when it was gone before. Memory may return
     * later (info: dying): while any mapping of its frames remains. Takes 0.5 ms for 2 MiB and 160
     * us for each further MiB, which Xen scrubs. A dying domain gives -EINVAL for new mappings and
     * ports.
     */
    int (*domain_destroy)(struct hv *hv, uint32_t domid);
    /* Infos of domains with domid >= first, ascending. Returns how many were filled, or -errno. */
    int (*domain_list)(struct hv *hv, uint32_t first, struct hv_domain_info *infos_out, size_t max);

    /* Write the guest's grant entries: first+i permits dom0 read-write access to gfn+i. */
    int (*grants_write)(struct hv *hv, uint32_t domid, struct hv_gref first, struct hv_gfn gfn,
                        size_t count);

    /*
     * For a device of a domain that runs, maybe: frames outside its RAM, which it is given unless
     * it has them, are zeroed and granted to dom0 read-write. They stay the domain's. -ENOMEM: it
     * has no more to get, or the host none to give.
     */
    int (*frames_share)(struct hv *hv, uint32_t domid, const struct hv_share *share);

    /* Allocate a guest port that dom0 may bind. */
    int (*port_alloc)(struct hv *hv, uint32_t domid, struct hv_port *remote_out);
    /*
     * Bind it on the port's own event fd (control channels). One event is pending at once,
     * whether or not the guest sent any: what was sent before is not lost.
     */
    int (*port_bind)(struct hv *hv, uint32_t domid, struct hv_port remote,
                     struct hv_port *local_out);
    void (*port_unbind)(struct hv *hv, struct hv_port local);
    int (*port_notify)(struct hv *hv, struct hv_port local);
    /* Readable when a bound control port has an event; level-triggered. */
    int (*events_fd)(struct hv *hv);
    /* Next pending local port, then masked until port_unmask. -EAGAIN when none. */
    int (*event_next)(struct hv *hv, struct hv_port *local_out);
    int (*port_unmask)(struct hv *hv, struct hv_port local);

    /*
     * Bind the event that tells of each domain of the host that stops or is gone, not of which one,
     * on the same fd, until port_unbind. -EEXIST: another program has it, or gets it.
     */
    int (*death_events)(struct hv *hv, struct hv_port *local_out);

    /*
     * For the data plane: an event channel fd that can only ever bind this domain's ports, with
     * remote bound on it; and a fresh grant-mapping fd. The caller owns and closes the fds.
     */
    int (*io_channel)(struct hv *hv, uint32_t domid, struct hv_port remote, int *fd_out,
                      struct hv_port *local_out);
    int (*grant_fd)(struct hv *hv, int *fd_out);

    void (*close)(struct hv *hv);
};

/* Ports embed this as their first member. */
struct hv {
    const struct hv_ops *ops;
};

#endif
