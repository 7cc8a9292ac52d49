#include "util/fd_closer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/list.h"
#include "util/log.h"
#include "util/unix_socket.h"

/* Does nothing, but ends a system call that waits. */
#define INTERRUPT SIGUSR1
/* Whose descriptors cannot block: no process's. */
#define NOBODY    ((uid_t)-2)

struct job {
    struct list node;
    int fd;
    uid_t user;
    bool connection; /* with descriptors in it */
};

struct worker {
    pthread_t thread;
    bool busy;
    uid_t user; /* whose descriptor it closes */
    bool connection;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
/* All below is the lock's. */
static struct list jobs = {&jobs, &jobs};
static struct worker workers[FD_CLOSER_THREADS];
static unsigned worker_count;
static unsigned idle_count;
static unsigned waiting_count; /* jobs that no thread has been woken for */
static unsigned job_count;

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
            job_count--;
            return job;
        }
    }
    return NULL;
}

static _Noreturn void *work(void *arg);

static void on_interrupt(int signo)
{
    (void)signo;
}

/* Signals are the main thread's, but for the one that ends a close. */
static void start_worker(void)
{
    const struct sigaction interrupt = {.sa_handler = on_interrupt};
    sigset_t all, before;
    pthread_t thread;

    sigaction(INTERRUPT, &interrupt, NULL);
    sigfillset(&all);
    sigdelset(&all, INTERRUPT);
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
    self->thread = pthread_self();
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
        self->busy = true;
        self->user = job->user;
        self->connection = job->connection;
        pthread_mutex_unlock(&lock);
        close(job->fd);
        free(job);
        pthread_mutex_lock(&lock);
        self->busy = false;
    }
}

static unsigned pending(uid_t user)
{
    unsigned count = busy_with(user);

    LIST_FOR_EACH(node, &jobs)
    count += LIST_OWNER(node, struct job, node)->user == user;
    return count;
}

/* Returns whether any was: a thread may not have got as far as to be interrupted. */
static bool interrupt_hogs(void)
{
    bool any = false;

    if (job_count + FD_CLOSER_USER_THREADS <= FD_CLOSER_USER_MAX)
        return false;
    for (unsigned i = 0; i < worker_count; i++) {
        if (!workers[i].busy || pending(workers[i].user) <= FD_CLOSER_USER_MAX)
            continue;
        pthread_kill(workers[i].thread, INTERRUPT);
        any = true;
    }
    return any;
}

static void on_timer(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    wake_worker();
    if (interrupt_hogs() && loop != NULL)
        loop->ops->timer_set(timer, FD_CLOSER_WAIT_NS);
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

static void close_later(int *fd, uid_t user, bool connection)
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
    *job = (struct job){.fd = *fd, .user = user, .connection = connection};
    *fd = -1;
    pthread_mutex_lock(&lock);
    list_append(&jobs, &job->node);
    job_count++;
    if (loop == NULL || ++waiting_count >= FD_CLOSER_WAIT_MAX)
        wake_worker();
    else if (waiting_count == 1)
        loop->ops->timer_set(timer, FD_CLOSER_WAIT_NS);
    pthread_mutex_unlock(&lock);
}

void fd_close_foreign(int *fd, uid_t user)
{
    close_later(fd, user, false);
}

void fd_close_foreign_all(int *fds, size_t count, uid_t user)
{
    for (size_t i = 0; i < count; i++)
        fd_close_foreign(&fds[i], user);
}

unsigned fd_closer_pending(uid_t user)
{
    pthread_mutex_lock(&lock);
    unsigned count = pending(user);
    pthread_mutex_unlock(&lock);
    return count;
}

/* Even an empty one is not closed here: the kernel may collect others' garbage with it. */
void fd_close_connection(int *fd, uid_t user)
{
    if (*fd < 0)
        return;
    shutdown(*fd, SHUT_RDWR);
    if (unix_socket_drain(*fd))
        close_later(fd, NOBODY, false);
    else
        close_later(fd, user, true);
}

unsigned fd_closer_connections(uid_t user)
{
    unsigned count = 0;

    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < worker_count; i++)
        count += workers[i].busy && workers[i].connection && workers[i].user == user;
    LIST_FOR_EACH(node, &jobs)
    {
        const struct job *job = LIST_OWNER(node, struct job, node);
        count += job->connection && job->user == user;
    }
    pthread_mutex_unlock(&lock);
    return count;
}
