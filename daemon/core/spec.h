/*
 * What guest to create: plain data, from whatever a client sent. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_SPEC_H
#define CHAOS_CORE_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/limits.h"
#include "hostnet/hostnet.h"
#include "hv/hv.h"

#define SPEC_BRIDGE_MAX     16u /* bytes with NUL, as for any Linux interface */
#define SPEC_MEMORY_DEFAULT 32u /* MiB, as under xl */

/* What becomes of a guest that has ended. */
enum spec_policy {
    SPEC_DESTROY,
    SPEC_PRESERVE,
    SPEC_RESTART,
    SPEC_COREDUMP_DESTROY,
    SPEC_COREDUMP_RESTART,
    SPEC_POLICY_COUNT,
};

/* The host CPUs that it may run on. */
enum spec_cpus_kind {
    SPEC_CPUS_ANY,
    SPEC_CPUS_ONLY,   /* those named, which must be there */
    SPEC_CPUS_EXCEPT, /* all but those named */
};

struct spec_cpus {
    enum spec_cpus_kind kind;
    struct hv_cpus named;
};

struct spec_publish {
    uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
    uint16_t host_port;
    uint16_t guest_port;
};

struct spec_vif {
    bool has_mac; /* else one is made */
    bool has_ip;  /* else one of the pool is taken, or none on a bridge */
    uint8_t mac[6];
    uint8_t prefix_len; /* 0: not given */
    struct hostnet_ip ip;
    char bridge[SPEC_BRIDGE_MAX]; /* "": a port of the vswitch */
    unsigned publish_count;
    struct spec_publish publish[LIMIT_PUBLISH];
};

struct guest_spec {
    char name[LIMIT_NAME + 1];
    char kernel[LIMIT_KERNEL_PATH + 1]; /* for display only */
    char cmdline[LIMIT_CMDLINE + 1];
    uint64_t memory_mib;
    uint64_t vcpus;
    struct spec_cpus cpus;
    unsigned vif_count;
    struct spec_vif vif[LIMIT_VIFS];
    enum spec_policy on_poweroff;
    enum spec_policy on_reboot;
    enum spec_policy on_crash;
};

#define SPEC_RESTARTS_DEFAULT 5u

/* What a definition says beside its guest (core/definition.h). */
struct spec_terms {
    bool autostart;        /* with the host */
    uint64_t max_restarts; /* in a row; 0: without end */
    unsigned after_count;
    char after[LIMIT_AFTER][LIMIT_NAME + 1]; /* guests that must be ready before it is started */
};

void spec_terms_init(struct spec_terms *terms);
/* By the names that users know, e.g. "coredump-restart". -EINVAL. */
int spec_policy_parse(const char *text, enum spec_policy *policy_out);
bool spec_policy_restarts(enum spec_policy policy);
bool spec_policy_dumps(enum spec_policy policy);
/* One of its policies starts it again: chaosd must keep its image and what it is to be. */
bool spec_restarts(const struct guest_spec *spec);

/* Whether it could be the name of a Linux interface: nothing that a path or a log minds. */
bool spec_is_interface(const char *name);
/* The defaults; the name is left empty and must be set. */
void spec_init(struct guest_spec *spec);
/* Whether a guest can be made of it, as far as the spec alone tells. Codes: CONFIG, LIMIT,
   NOT_SUPPORTED. */
int spec_check(const struct guest_spec *spec, struct error *error);
/* The same of one interface. Code: CONFIG. */
int spec_check_vif(const struct spec_vif *vif, struct error *error);

#endif
