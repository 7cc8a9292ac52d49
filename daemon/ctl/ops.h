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
    CTL_NOBODY,        /* no such member */
    CTL_GUEST,         /* request->guest is set */
    CTL_GUEST_OR_DEAD, /* or, for the name of one that is gone, request->dead */
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

#define CTL_PROTOCOL_VERSION   1
#define CTL_DEFAULT_TIMEOUT_MS 10000u
#define CTL_LIST_MAX           64u

void op_console(struct ctl_request *request);
void op_create(struct ctl_request *request);
/* A create that came as a record. Codes: those of errors that it has not answered. */
int op_create_record(struct ctl_request *request, const char *data, size_t size,
                     struct error *error);
void op_destroy(struct ctl_request *request);
void op_info(struct ctl_request *request);
void op_list(struct ctl_request *request);
void op_net_attach(struct ctl_request *request);
void op_net_detach(struct ctl_request *request);
void op_net_list(struct ctl_request *request);
void op_noxs(struct ctl_request *request);
void op_pool(struct ctl_request *request);
void op_pool_set(struct ctl_request *request);
void op_pause(struct ctl_request *request);
void op_shutdown(struct ctl_request *request);
void op_unpause(struct ctl_request *request);
void op_version(struct ctl_request *request);

#endif
