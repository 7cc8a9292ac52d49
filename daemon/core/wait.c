#include "core/wait.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

/* Goals that are no single state; others are an enum guest_state. */
enum { GOAL_READY = 0x100, GOAL_ENDED };

struct wait {
    struct list node;
    struct guest *guest;
    struct loop_timer *timer; /* NULL: no deadline */
    uint64_t timeout_ns;
    unsigned goal;
    wait_done_fn *done;
    void *arg;
};

unsigned wait_goal(const char *text)
{
    if (strcmp(text, "ready") == 0)
        return GOAL_READY;
    if (strcmp(text, "stopped") == 0)
        return GOAL_ENDED;
    unsigned state = guest_state_by_name(text);
    return state == GUEST_SHELL ? GUEST_NEVER_TOLD : state;
}

int wait_goal_is_end(unsigned goal)
{
    return goal == GOAL_ENDED || goal == GUEST_GONE;
}

static const char *goal_name(unsigned goal)
{
    if (goal == GOAL_READY)
        return "ready";
    return goal == GOAL_ENDED ? "stopped" : guest_state_name_of(goal);
}

static bool has_ended(const struct guest *guest)
{
    enum guest_state state = guest_state(guest);

    return state == GUEST_STOPPED || state == GUEST_CRASHED || state == GUEST_GONE;
}

static bool is_reached(const struct guest *guest, unsigned goal)
{
    switch (goal) {
    case GOAL_READY:
        return guest->ready_ns != 0 && guest_alive(guest);
    case GOAL_ENDED:
        return has_ended(guest);
    default:
        return guest_state(guest) == goal;
    }
}

int wait_check(const struct guest *guest, unsigned goal, struct error *error)
{
    const char *why = guest->reason[0] != '\0' ? guest->reason : guest->cause;

    if (is_reached(guest, goal))
        return 1;
    if (!has_ended(guest) || goal == GUEST_GONE)
        return 0;
    return error_set(error, UKVM_E_GUEST_FAILED, "%s: has ended, and will not be %s any more: %s",
                     guest->name, goal_name(goal), why != NULL ? why : guest_state_name(guest));
}

static void wait_free(struct wait *wait)
{
    list_remove(&wait->node);
    if (wait->timer != NULL)
        wait->guest->core->loop->ops->timer_destroy(wait->timer);
    free(wait);
}

static void answer(struct wait *wait, const struct error *error)
{
    const struct guest *guest = wait->guest;
    wait_done_fn *done = wait->done;
    void *arg = wait->arg;

    wait_free(wait);
    done(arg, guest, error);
}

static void on_deadline(void *arg)
{
    struct wait *wait = arg;
    const struct guest *guest = wait->guest;
    struct error error;

    error_set(&error, UKVM_E_TIMEOUT, "%s: is %s, and not %s after %u ms", guest->name,
              guest_state_name(guest), goal_name(wait->goal),
              (unsigned)(wait->timeout_ns / 1000000));
    answer(wait, &error);
}

struct wait *wait_create(struct guest *guest, unsigned goal, uint64_t timeout_ns,
                         wait_done_fn *done, void *arg)
{
    struct loop *loop = guest->core->loop;
    struct wait *wait = calloc(1, sizeof(*wait));

    if (wait == NULL)
        return NULL;
    *wait = (struct wait){
        .guest = guest, .goal = goal, .timeout_ns = timeout_ns, .done = done, .arg = arg};
    if (timeout_ns > 0) {
        wait->timer = loop->ops->timer_create(loop, on_deadline, wait);
        if (wait->timer == NULL) {
            free(wait);
            return NULL;
        }
        loop->ops->timer_set(wait->timer, timeout_ns);
    }
    list_append(&guest->waits, &wait->node);
    return wait;
}

void wait_cancel(struct wait *wait)
{
    wait_free(wait);
}

void wait_on_move(struct guest *guest)
{
    struct error error;

    LIST_FOR_EACH(node, &guest->waits)
    {
        struct wait *wait = LIST_OWNER(node, struct wait, node);
        int rc = wait_check(guest, wait->goal, &error);
        if (rc != 0)
            answer(wait, rc < 0 ? &error : NULL);
    }
}

static void abandon(struct guest *guest)
{
    struct error error;

    error_set(&error, UKVM_E_NO_DAEMON, "%s: chaosd is stopping, and waits for nothing any more",
              guest->name);
    LIST_FOR_EACH(node, &guest->waits)
    answer(LIST_OWNER(node, struct wait, node), &error);
}

void wait_abandon_all(struct core *core)
{
    LIST_FOR_EACH(node, &core->guests.all)
    abandon(LIST_OWNER(node, struct guest, all));
}
