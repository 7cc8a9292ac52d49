#include "util/loop_event.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "util/fd.h"

#define MAX_SIGNALS 8

struct loop_event {
    struct loop loop;
    struct event_base *base;
    struct event *signals[MAX_SIGNALS];
    struct signal_arg {
        void (*fn)(void *arg, int signo);
        void *arg;
    } signal_args[MAX_SIGNALS];
    int signal_count;
};

struct loop_timer {
    struct event *event;
    struct event *exact; /* NULL until one was asked for */
    int exact_fd;
    struct event_base *base;
    loop_timer_fn *fn;
    void *arg;
};

struct loop_watch {
    struct event *event; /* NULL while paused */
    struct event_base *base;
    int fd;
    loop_watch_fn *fn;
    void *arg;
};

static struct loop_event *from_loop(struct loop *loop)
{
    return (struct loop_event *)loop;
}

static uint64_t now_ns(struct loop *loop)
{
    (void)loop;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_timer *timer = arg;
    timer->fn(timer->arg);
}

static struct loop_timer *timer_create_event(struct loop *loop, loop_timer_fn *fn, void *arg)
{
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (timer == NULL)
        return NULL;
    timer->fn = fn;
    timer->arg = arg;
    timer->base = from_loop(loop)->base;
    timer->exact_fd = -1;
    timer->event = evtimer_new(from_loop(loop)->base, on_timer, timer);
    if (timer->event == NULL) {
        free(timer);
        return NULL;
    }
    return timer;
}

static void cancel_exact(struct loop_timer *timer)
{
    if (timer->exact != NULL)
        event_del(timer->exact);
}

static void timer_set(struct loop_timer *timer, uint64_t delay_ns)
{
    cancel_exact(timer);
    uint64_t delay_us = (delay_ns + 999) / 1000;
    struct timeval delay = {.tv_sec = (time_t)(delay_us / 1000000),
                            .tv_usec = (suseconds_t)(delay_us % 1000000)};
    evtimer_add(timer->event, &delay);
}

static void on_exact(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;
    uint64_t count;

    (void)what;
    if (read((int)fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        timer->fn(timer->arg);
}

static bool has_exact(struct loop_timer *timer)
{
    if (timer->exact != NULL)
        return true;
    timer->exact_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->exact_fd < 0)
        return false;
    timer->exact = event_new(timer->base, timer->exact_fd, EV_READ, on_exact, timer);
    if (timer->exact == NULL)
        fd_close(&timer->exact_fd);
    return timer->exact != NULL;
}

static void timer_set_exact(struct loop_timer *timer, uint64_t delay_ns)
{
    struct itimerspec due = {.it_value = {.tv_sec = (time_t)(delay_ns / 1000000000),
                                          .tv_nsec = (long)(delay_ns % 1000000000)}};

    if (delay_ns == 0)
        due.it_value.tv_nsec = 1; /* 0 would be never */
    if (!has_exact(timer) || timerfd_settime(timer->exact_fd, 0, &due, NULL) < 0) {
        timer_set(timer, delay_ns);
        return;
    }
    evtimer_del(timer->event);
    event_add(timer->exact, NULL);
}

static void timer_cancel(struct loop_timer *timer)
{
    cancel_exact(timer);
    evtimer_del(timer->event);
}

static void timer_destroy(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    if (timer->exact != NULL)
        event_free(timer->exact);
    fd_close(&timer->exact_fd);
    event_free(timer->event);
    free(timer);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *watch = arg;
    unsigned ready = 0;
    if (what & EV_READ)
        ready |= LOOP_READ;
    if (what & EV_WRITE)
        ready |= LOOP_WRITE;
    watch->fn(watch->arg, (int)fd, ready);
}

static void watch_set(struct loop_watch *watch, unsigned ready)
{
    event_del(watch->event);
    if (ready == 0)
        return;
    short what = EV_PERSIST;
    if (ready & LOOP_READ)
        what |= EV_READ;
    if (ready & LOOP_WRITE)
        what |= EV_WRITE;
    event_assign(watch->event, watch->base, watch->fd, what, on_watch, watch);
    event_add(watch->event, NULL);
}

static struct loop_watch *watch_create(struct loop *loop, int fd, unsigned ready, loop_watch_fn *fn,
                                       void *arg)
{
    struct loop_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->base = from_loop(loop)->base;
    watch->fd = fd;
    watch->fn = fn;
    watch->arg = arg;
    watch->event = event_new(watch->base, fd, EV_READ | EV_PERSIST, on_watch, watch);
    if (watch->event == NULL) {
        free(watch);
        return NULL;
    }
    watch_set(watch, ready);
    return watch;
}

static void watch_destroy(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    event_free(watch->event);
    free(watch);
}

static const struct loop_ops event_ops = {
    .now_ns = now_ns,
    .timer_create = timer_create_event,
    .timer_set = timer_set,
    .timer_set_exact = timer_set_exact,
    .timer_cancel = timer_cancel,
    .timer_destroy = timer_destroy,
    .watch_create = watch_create,
    .watch_set = watch_set,
    .watch_destroy = watch_destroy,
};

static struct event_base *base_new(enum loop_precision precision)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    if (precision == LOOP_PRECISE)
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_event_create(enum loop_precision precision)
{
    struct loop_event *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->loop.ops = &event_ops;
    self->base = base_new(precision);
    if (self->base == NULL) {
        free(self);
        return NULL;
    }
    return &self->loop;
}

void loop_event_destroy(struct loop *loop)
{
    if (loop == NULL)
        return;
    struct loop_event *self = from_loop(loop);
    for (int i = 0; i < self->signal_count; i++)
        event_free(self->signals[i]);
    event_base_free(self->base);
    free(self);
}

int loop_event_run(struct loop *loop)
{
    return event_base_dispatch(from_loop(loop)->base) < 0 ? -EIO : 0;
}

void loop_event_stop(struct loop *loop)
{
    event_base_loopbreak(from_loop(loop)->base);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    (void)what;
    struct signal_arg *self = arg;
    self->fn(self->arg, (int)signo);
}

int loop_event_signal(struct loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    struct loop_event *self = from_loop(loop);
    if (self->signal_count == MAX_SIGNALS)
        return -ENOSPC;
    struct signal_arg *slot = &self->signal_args[self->signal_count];
    slot->fn = fn;
    slot->arg = arg;
    struct event *event = evsignal_new(self->base, signo, on_signal, slot);
    if (event == NULL)
        return -ENOMEM;
    if (evsignal_add(event, NULL) < 0) {
        event_free(event);
        return -EIO;
    }
    self->signals[self->signal_count++] = event;
    return 0;
}
