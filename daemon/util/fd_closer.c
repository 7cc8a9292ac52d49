#include "util/fd_closer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/list.h"
#include "util/log.h"

struct job {
    struct list node;
    int fd;
    uid_t user;
};

struct worker {
    bool busy;
    uid_t user; /* whose descriptor it closes */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
/* All below is the lock's. */
static struct list jobs = {&jobs, &jobs};
static struct worker workers[FD_CLOSER_THREADS];
static unsigned worker_count;
static unsigned idle_count;
static unsigned waiting_count; /* jobs that no thread has been woken for */

/* Of the loop's thread alone; NULL on the others. */
static _Thread_local struct loop *loop;
static _Thread_local struct loop_timer *timer;

static unsigned busy_with(uid_t user)
{
    unsigned count = 0;

    for (unsigned i = 0; i < worker_count; i++)
        count += workers[i].busy && workers[i].user == user;
    return count;
}

/* The oldest whose user may have one more thread, or NULL. */
static struct job *take_job(void)
{
    LIST_FOR_EACH(node, &jobs)
    {
        struct job *job = LIST_OWNER(node, struct job, node);
        if (busy_with(job->user) < FD_CLOSER_USER_THREADS) {
            list_remove(&job->node);
            return job;
        }
    }
    return NULL;
}

static _Noreturn void *work(void *arg);

/* Signals are the main thread's. */
static void start_worker(void)
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&thread, NULL, work, &workers[worker_count]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        /* The next descriptor tries again. */
        log_warning("no thread to close descriptors: %s", strerror(rc));
        return;
    }
    worker_count++;
    pthread_detach(thread);
}

/* It wakes the next if there is more to do: this one may be held up. */
static void wake_worker(void)
{
    waiting_count = 0;
    if (idle_count > 0)
        pthread_cond_signal(&wake);
    else if (worker_count < FD_CLOSER_THREADS)
        start_worker();
}

static _Noreturn void *work(void *arg)
{
    struct worker *self = arg;

    pthread_mutex_lock(&lock);
    for (;;) {
        struct job *job = take_job();
        if (job == NULL) {
            idle_count++;
            pthread_cond_wait(&wake, &lock);
            idle_count--;
            continue;
        }
        if (!list_empty(&jobs))
            wake_worker();
        *self = (struct worker){.busy = true, .user = job->user};
        pthread_mutex_unlock(&lock);
        close(job->fd);
        free(job);
        pthread_mutex_lock(&lock);
        self->busy = false;
    }
}

static void on_timer(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    wake_worker();
    pthread_mutex_unlock(&lock);
}

int fd_closer_init(struct loop *of_thread)
{
    timer = of_thread->ops->timer_create(of_thread, on_timer, NULL);
    loop = timer != NULL ? of_thread : NULL;
    return timer != NULL ? 0 : -ENOMEM;
}

void fd_closer_fini(void)
{
    if (loop != NULL)
        loop->ops->timer_destroy(timer);
    loop = NULL;
    on_timer(NULL);
}

void fd_close_foreign(int *fd, uid_t user)
{
    struct job *job;

    if (*fd < 0)
        return;
    job = malloc(sizeof(*job));
    if (job == NULL) {
        /* An open descriptor is the smaller harm. */
        log_error("descriptor %d stays open: out of memory", *fd);
        *fd = -1;
        return;
    }
    *job = (struct job){.fd = *fd, .user = user};
    *fd = -1;
    pthread_mutex_lock(&lock);
    list_append(&jobs, &job->node);
    if (loop == NULL || ++waiting_count >= FD_CLOSER_WAIT_MAX)
        wake_worker();
    else if (waiting_count == 1)
        loop->ops->timer_set(timer, FD_CLOSER_WAIT_NS);
    pthread_mutex_unlock(&lock);
}

void fd_close_foreign_all(int *fds, size_t count, uid_t user)
{
    for (size_t i = 0; i < count; i++)
        fd_close_foreign(&fds[i], user);
}

unsigned fd_closer_pending(uid_t user)
{
    unsigned count;

    pthread_mutex_lock(&lock);
    count = busy_with(user);
    LIST_FOR_EACH(node, &jobs)
    count += LIST_OWNER(node, struct job, node)->user == user;
    pthread_mutex_unlock(&lock);
    return count;
}
