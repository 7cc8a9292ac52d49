/* What chaos-iod has counted, on demand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/guest_table.h"
#include "core/iod_internal.h"
#include "util/fd.h"

/* More than this at once are answered without chaos-iod. */
#define QUESTIONS_MAX 64u

struct iod_question {
    struct list node;
    uint64_t number;
    unsigned count;
    uint64_t ids[IO_STATS_GUESTS];
    iod_on_counters *done;
    void *arg;
};

static int ask(struct iod *iod, const struct iod_question *question)
{
    struct io_msg_stats message = {
        .header = {.type = IO_MSG_STATS, .size = sizeof(message), .guest = question->number},
        .count = question->count,
    };

    memcpy(message.guests, question->ids, question->count * sizeof(message.guests[0]));
    return iod_send(iod, &message, NULL, 0);
}

static struct iod_question *make(struct iod *iod, const uint64_t *ids, unsigned count,
                                 iod_on_counters *done, void *arg)
{
    struct iod_question *question =
        iod->stats_count < QUESTIONS_MAX ? calloc(1, sizeof(*question)) : NULL;

    if (question == NULL)
        return NULL;
    question->number = ++iod->stats_last;
    question->count = count;
    memcpy(question->ids, ids, count * sizeof(ids[0]));
    question->done = done;
    question->arg = arg;
    return question;
}

void iod_stats(struct iod *iod, const uint64_t *ids, unsigned count, iod_on_counters *done,
               void *arg)
{
    struct iod_question *question = NULL;

    /* What waits for room in the socket goes first, and this is worth no waiting. */
    if (iod->sm.state == IOD_UP && list_empty(&iod->outbox) && count <= IO_STATS_GUESTS)
        question = make(iod, ids, count, done, arg);
    if (question == NULL || ask(iod, question) < 0) {
        free(question);
        done(arg, NULL);
        return;
    }
    list_append(&iod->stats, &question->node);
    iod->stats_count++;
    iod_expect_answer(iod);
}

static struct iod_question *first(const struct iod *iod)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): an answer takes its question off the list */
    return list_empty(&iod->stats) ? NULL : LIST_OWNER(iod->stats.next, struct iod_question, node);
}

static void answer(struct iod *iod, struct iod_question *question,
                   const struct io_guest_counters *counters)
{
    list_remove(&question->node);
    iod->stats_count--;
    question->done(question->arg, counters);
    free(question);
}

/* The numbers may be anything; how many there are is what was asked for. */
static const char *check(const struct iod *iod, const struct iod_question *question,
                         const struct io_msg_counters *message)
{
    if (message->count != question->count)
        return "counters of another number of guests";
    for (unsigned i = 0; i < question->count; i++) {
        const struct guest *guest = guest_table_by_id(iod->config.guests, question->ids[i]);
        if (message->guests[i].guest != question->ids[i])
            return "counters of another guest";
        if (message->guests[i].vif_count > IO_MAX_VIFS ||
            (guest != NULL && message->guests[i].vif_count > guest->vif_count))
            return "counters of interfaces that are not";
    }
    return NULL;
}

const char *iod_counters(struct iod *iod, const struct io_msg_counters *message)
{
    struct iod_question *question = first(iod);

    if (question == NULL || message->header.guest != question->number)
        return "an answer to nothing";
    const char *wrong = check(iod, question, message);
    if (wrong != NULL)
        return wrong;
    iod_answered(iod);
    answer(iod, question, message->guests);
    return NULL;
}

void iod_stats_forget(struct iod *iod)
{
    struct iod_question *question;

    while ((question = first(iod)) != NULL)
        answer(iod, question, NULL);
}
