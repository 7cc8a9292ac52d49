/*
 * A create of many guests: one request, an answer for each guest in the order they are ready, and
 * one for the whole.
 *
 *            begin one a turn of the loop, while no more than WINDOW are under way
 *   RUNNING ----------------------------------------------------------------------> all are begun
 *      | one fails, or the client has gone: no further one is begun
 *      v
 *   those under way end as they do, each is answered, and then the whole is
 *
 * A client that leaves its answers unread gets no further guests until it has read them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/op_create.h"
#include "ctl/ops.h"

/* So many boot side by side while chaosd builds the next. */
#define WINDOW 16u

struct slot {
    struct ctl_batch *batch;
    uint32_t number; /* 0: free */
};

struct ctl_batch {
    struct ctl_request *request;
    struct guest_spec spec;
    struct create_request create;
    char base[LIMIT_NAME + 1];
    uint32_t count, begun, created;
    unsigned under_way;
    struct slot slots[WINDOW];
    struct loop_timer *timer; /* the next turn */
    bool beginning;           /* within core_create() */
    bool failed;
    struct error error; /* the first one */
};

/* ---- the end ------------------------------------------------------------------------ */

static void answer_all(struct ctl_batch *batch)
{
    struct ctl_request *request = batch->request;
    struct error error;

    if (!batch->failed) {
        ctl_reply(request, json_pack("{s:I}", "created", (json_int_t)batch->created), -1);
        return;
    }
    error_set(&error, batch->error.code, "%.200s (%u of %u guests were created)", batch->error.text,
              batch->created, batch->count);
    ctl_fail(request, &error);
}

static bool is_over(const struct ctl_batch *batch)
{
    bool more = batch->begun < batch->count && !batch->failed && batch->request->client != NULL;

    return batch->under_way == 0 && !more;
}

static void batch_end(struct ctl_batch *batch)
{
    struct loop *loop = batch->request->core->loop;

    batch->request->batch = NULL;
    loop->ops->timer_destroy(batch->timer);
    answer_all(batch);
    free(batch);
}

/* ---- one guest ---------------------------------------------------------------------- */

static void answer_guest(struct ctl_batch *batch, uint32_t number,
                         const struct create_result *result)
{
    struct ctl_request *request = batch->request;
    struct ukvm_record_guest record;

    if (request->is_record) {
        op_create_fill(request, result, &record);
        record.number = number;
        ctl_answer_bytes(request, &record, sizeof(record));
    } else {
        ctl_answer(request, number, message_ok(&request->message, op_create_ok(request, result)));
    }
}

static void next_turn(struct ctl_batch *batch)
{
    struct loop *loop = batch->request->core->loop;

    loop->ops->timer_set(batch->timer, 0);
}

static void on_done(void *arg, const struct create_result *result, const struct error *error)
{
    struct slot *slot = arg;
    struct ctl_batch *batch = slot->batch;
    uint32_t number = slot->number;

    slot->number = 0;
    batch->under_way--;
    if (result != NULL) {
        batch->created++;
        answer_guest(batch, number, result);
    } else {
        if (!batch->failed)
            batch->error = *error;
        batch->failed = true;
        ctl_answer(batch->request, number, message_error(&batch->request->message, error));
    }
    if (is_over(batch) && !batch->beginning)
        batch_end(batch);
    else
        next_turn(batch);
}

static struct slot *free_slot(struct ctl_batch *batch)
{
    for (size_t i = 0; i < WINDOW; i++)
        if (batch->slots[i].number == 0)
            return &batch->slots[i];
    return NULL;
}

static bool may_begin(const struct ctl_batch *batch)
{
    const struct ctl_client *client = batch->request->client;

    return batch->begun < batch->count && !batch->failed && client != NULL &&
           list_empty(&client->replies) && batch->under_way < WINDOW;
}

/* That it fits was checked for the longest. */
static void write_name(struct ctl_batch *batch, uint32_t number)
{
    char name[LIMIT_NAME + 32];

    snprintf(name, sizeof(name), "%s-%u", batch->base, number);
    memccpy(batch->spec.name, name, '\0', sizeof(batch->spec.name));
}

static void begin_one(struct ctl_batch *batch)
{
    struct core *core = batch->request->core;
    struct slot *slot = free_slot(batch);
    struct create_request create = batch->create;
    struct error error;
    int rc = fd_dup(batch->request->fd, &create.image_fd);

    batch->beginning = true;
    slot->number = ++batch->begun;
    batch->under_way++;
    write_name(batch, slot->number);
    create.spec = &batch->spec;
    create.received_ns = core_now_ns(core);
    create.done = on_done;
    create.arg = slot;
    if (rc == 0) {
        core_create(core, &create);
    } else {
        error_from_errno(&error, -rc, batch->spec.name);
        on_done(slot, NULL, &error);
    }
    batch->beginning = false;
}

static void on_turn(void *arg)
{
    struct ctl_batch *batch = arg;

    if (is_over(batch)) {
        batch_end(batch);
        return;
    }
    if (!may_begin(batch))
        return;
    begin_one(batch);
    next_turn(batch);
}

void ctl_batch_on_flushed(struct ctl_batch *batch)
{
    next_turn(batch);
}

void ctl_batch_on_orphaned(struct ctl_batch *batch)
{
    if (is_over(batch))
        batch_end(batch);
}

/* ---- the beginning ------------------------------------------------------------------ */

/* The longest name must fit, before anything is made. */
static int check_name(const char *base, uint64_t count, struct error *error)
{
    char name[LIMIT_NAME + 32];

    if (snprintf(name, sizeof(name), "%s-%llu", base, (unsigned long long)count) <= (int)LIMIT_NAME)
        return 0;
    return error_set(error, UKVM_E_CONFIG, "name: '%s' has more than %u bytes", name, LIMIT_NAME);
}

int op_create_many(struct ctl_request *request, const struct create_request *create, uint64_t count,
                   struct error *error)
{
    struct loop *loop = request->core->loop;
    struct ctl_batch *batch;
    int rc = check_name(create->spec->name, count, error);

    if (rc < 0)
        return rc;
    batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return error_from_errno(error, ENOMEM, "create");
    batch->request = request;
    batch->spec = *create->spec;
    batch->create = *create;
    batch->count = (uint32_t)count;
    memcpy(batch->base, create->spec->name, sizeof(batch->base));
    for (size_t i = 0; i < WINDOW; i++)
        batch->slots[i].batch = batch;
    batch->timer = loop->ops->timer_create(loop, on_turn, batch);
    if (batch->timer == NULL) {
        free(batch);
        return error_from_errno(error, ENOMEM, "create");
    }
    request->batch = batch;
    on_turn(batch);
    return 0;
}
