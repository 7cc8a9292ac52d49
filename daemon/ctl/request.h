/*
 * One request of a client, from its packet to its reply. May be included by ctl only. It lives
 * until it is answered, though its client may be gone before that.
 */
#ifndef CHAOS_CTL_REQUEST_H
#define CHAOS_CTL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "core/destroy.h"
#include "ctl/args.h"
#include "ctl/message.h"
#include "util/fd.h"

struct ctl_batch;
struct ctl_client;

struct ctl_terms {
    struct spec_terms terms;
    char *text; /* of the definition's file */
};

struct ctl_request {
    struct list node;
    struct ctl_client *client; /* NULL: gone, nobody wants the reply */
    struct core *core;
    struct message message;
    struct guest *guest;           /* of ops on a guest; valid until the handler returns */
    const struct dead_guest *dead; /* of ops on what is left of one; likewise */
    struct definition *definition; /* of ops on one; likewise */
    uid_t uid;
    uint64_t received_ns;
    int fd;                         /* the image or the file, taken by its op; else -1 */
    int64_t record_id;              /* of a request that came as a record */
    bool is_record;                 /* it did */
    struct ctl_terms *terms;        /* of a create that makes a definition; else NULL */
    struct ctl_batch *batch;        /* of a create of many */
    struct wait *wait;              /* of wait: as long as it waits */
    bool timing;                    /* of create: the reply tells the phases */
    bool path;                      /* and which way it was built */
    struct destroy_waiter released; /* of destroy */
};

/* Serve one packet of a client. data is valid during the call; the packet's fds are taken. */
void ctl_request_serve(struct ctl_client *client, const char *data, struct fd_packet *packet,
                       uint64_t received_ns);
/* The client goes away. */
void ctl_request_orphan(struct ctl_request *request);

/* Each ends the request, exactly once. ok is stolen, NULL means {}; fd is borrowed, -1: none. */
void ctl_reply(struct ctl_request *request, json_t *ok, int fd);
void ctl_fail(struct ctl_request *request, const struct error *error);

/* The same for a request that came as a record. */
void ctl_reply_bytes(struct ctl_request *request, const void *data, size_t size);

/* One answer of several, which does not end the request: message is stolen (NULL: out of memory)
   and gets the member "number". */
void ctl_answer(struct ctl_request *request, uint32_t number, json_t *message);
void ctl_answer_bytes(struct ctl_request *request, const void *data, size_t size);

/* For client and request: what a batch must know of its client (op_create_many.c). */
void ctl_batch_on_flushed(struct ctl_batch *batch);
void ctl_batch_on_orphaned(struct ctl_batch *batch);

/* Keeps terms, and the text of a definition of this configuration, with the request. */
int ctl_request_define(struct ctl_request *request, json_t *config, const struct spec_terms *terms,
                       struct error *error);
/* For request: its client is gone, and with it the request (op_wait.c). */
void ctl_wait_on_orphaned(struct ctl_request *request);
/* End a request that nobody will be answered. */
void ctl_drop(struct ctl_request *request);

/* The arguments beside the envelope. */
int ctl_request_args(const struct ctl_request *request, const struct arg *args, size_t count,
                     struct error *error);

#endif
