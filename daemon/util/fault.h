/*
 * Fault points: every boundary at which this process might be killed, as far as anybody else could
 * tell the difference. Compiled with CHAOS_FAULTS, for tests only, each one calls fault_reach,
 * which the test supplies; without, there is nothing of them. May be included by every daemon
 * layer.
 *
 * Which points there are is not written down anywhere else: a test runs what it tests once, and
 * learns them from these calls; what machines and rows there are, from the machines themselves.
 */
#ifndef CHAOS_FAULT_H
#define CHAOS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct sm_type;

enum fault_kind {
    FAULT_MOVE,    /* of a state machine: type, from, to */
    FAULT_MESSAGE, /* between the daemons: message, an enum io_msg_type */
    FAULT_RECORD,  /* of the state store */
};

struct fault {
    enum fault_kind kind;
    const char *when; /* "before", "after"; of messages "received", "handled"; of records "half" */
    const struct sm_type *type;
    unsigned from;
    unsigned to;
    uint32_t message;
    const char *what; /* of records: "put" or "delete" */
};

#ifdef CHAOS_FAULTS

void fault_reach(const struct fault *fault);
/* There is such a machine: before any move of it. */
void fault_machine(const struct sm_type *type);

#define fault_move(sm_type, sm_from, sm_to, sm_when)                                               \
    fault_reach(&(struct fault){.kind = FAULT_MOVE,                                                \
                                .when = (sm_when),                                                 \
                                .type = (sm_type),                                                 \
                                .from = (sm_from),                                                 \
                                .to = (sm_to)})
#define fault_message(io_msg, io_when)                                                             \
    fault_reach(&(struct fault){.kind = FAULT_MESSAGE, .when = (io_when), .message = (io_msg)})
#define fault_record(name, record_when)                                                            \
    fault_reach(&(struct fault){.kind = FAULT_RECORD, .when = (record_when), .what = (name)})

#else

#define fault_machine(type)              ((void)0)
#define fault_move(type, from, to, when) ((void)0)
#define fault_message(message, when)     ((void)0)
#define fault_record(what, when)         ((void)0)

#endif

#endif
