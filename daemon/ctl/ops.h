/* The one table of operations. May be included by ctl only. */
#ifndef CHAOS_CTL_OPS_H
#define CHAOS_CTL_OPS_H

#include "ctl/request.h"

enum ctl_privilege {
    CTL_ANYONE, /* whoever may connect */
    CTL_OWNER,  /* the guest's creator, or root */
    CTL_ROOT,
};

/* Whom it takes as "guest". */
enum ctl_subject {
    CTL_NOBODY,              /* no such member */
    CTL_GUEST,               /* request->guest is set */
    CTL_GUEST_OR_GONE,       /* or NULL, if there is none of that name */
    CTL_GUEST_OR_DEAD,       /* or, for the name of one that is gone, request->dead */
    CTL_GUEST_OR_DEFINITION, /* or, if it is defined and has no domain, request->definition alone */
    CTL_DEFINITION,          /* request->definition, request->guest or both are set */
};

struct ctl_op {
    const char *name;
    void (*handler)(struct ctl_request *request);
    enum ctl_subject subject;
    enum ctl_privilege privilege;
    unsigned fds; /* that must come along, no more and no fewer */
};

/* NULL: no such operation. */
const struct ctl_op *ctl_op_find(const char *name);
/* The table's rows, for tests that go through all. NULL: no more. */
const struct ctl_op *ctl_op_at(size_t index);

#define CTL_PROTOCOL_VERSION   1
#define CTL_DEFAULT_TIMEOUT_MS 10000u
#define CTL_LIST_MAX           64u

void op_console(struct ctl_request *request);
void op_create(struct ctl_request *request);
/* A create that came as a record. Codes: those of errors that it has not answered. */
int op_create_record(struct ctl_request *request, const char *data, size_t size,
                     struct error *error);
void op_define(struct ctl_request *request);
void op_destroy(struct ctl_request *request);
void op_events(struct ctl_request *request);
void op_dmesg(struct ctl_request *request);
void op_dump_core(struct ctl_request *request);
void op_info(struct ctl_request *request);
void op_list(struct ctl_request *request);
void op_mem_set(struct ctl_request *request);
void op_net_attach(struct ctl_request *request);
void op_net_detach(struct ctl_request *request);
void op_net_list(struct ctl_request *request);
void op_noxs(struct ctl_request *request);
void op_pool(struct ctl_request *request);
void op_pool_set(struct ctl_request *request);
void op_pause(struct ctl_request *request);
void op_reboot(struct ctl_request *request);
void op_rename(struct ctl_request *request);
void op_restart(struct ctl_request *request);
void op_sched(struct ctl_request *request);
void op_sched_set(struct ctl_request *request);
void op_shutdown(struct ctl_request *request);
void op_start(struct ctl_request *request);
void op_undefine(struct ctl_request *request);
void op_stats(struct ctl_request *request);
void op_unpause(struct ctl_request *request);
void op_vcpu_pin(struct ctl_request *request);
void op_version(struct ctl_request *request);
void op_wait(struct ctl_request *request);

#endif
