/* What the creates of one guest and of many share. May be included by ctl only. */
#ifndef CHAOS_CTL_OP_CREATE_H
#define CHAOS_CTL_OP_CREATE_H

#include "core/create.h"
#include "ctl/request.h"
#include "ukvm_record.h"

/* The "ok" of a guest that was created. NULL: out of memory. */
json_t *op_create_ok(const struct ctl_request *request, const struct create_result *result);
/* Answers a request, the arg, for one guest in JSON: a create_done_fn. */
void op_create_on_created(void *arg, const struct create_result *result, const struct error *error);
void op_create_fill(const struct ctl_request *request, const struct create_result *result,
                    struct ukvm_record_guest *record_out);

/*
 * The request's batch: guests NAME-1 to NAME-count, with what create holds but its name, image_fd
 * and done. Answers each as it is ready, and at the end the request. Codes: those of errors that it
 * has not answered, nothing is begun then.
 */
int op_create_many(struct ctl_request *request, const struct create_request *create, uint64_t count,
                   struct error *error);

#endif
