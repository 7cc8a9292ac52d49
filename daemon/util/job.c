#include "util/job.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/fd.h"

struct job {
    struct loop *loop;
    struct loop_watch *watch;
    pthread_t thread;
    int wake; /* eventfd, written when work has ended */
    int rc;
    int (*work)(void *arg);
    void (*done)(void *arg, int rc);
    void *arg;
};

static void *run(void *arg)
{
    struct job *job = arg;
    uint64_t one = 1;

    job->rc = job->work(job->arg);
    if (write(job->wake, &one, sizeof(one)) < 0)
        abort();
    return NULL;
}

static void job_free(struct job *job)
{
    if (job->watch != NULL)
        job->loop->ops->watch_destroy(job->watch);
    fd_close(&job->wake);
    free(job);
}

int job_join(struct job *job)
{
    pthread_join(job->thread, NULL);
    int rc = job->rc;
    job_free(job);
    return rc;
}

static void on_wake(void *arg, int fd, unsigned ready)
{
    struct job *job = arg;
    void (*done)(void *, int) = job->done;
    void *owner = job->arg;

    (void)fd;
    (void)ready;
    done(owner, job_join(job));
}

/* Signals are the loop's. */
static int start_thread(struct job *job)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&job->thread, NULL, run, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

int job_start(struct loop *loop, int (*work)(void *arg), void (*done)(void *arg, int rc), void *arg,
              struct job **job_out)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return -ENOMEM;
    *job = (struct job){.loop = loop, .work = work, .done = done, .arg = arg};
    job->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = job->wake < 0 ? -errno : 0;
    if (rc == 0) {
        job->watch = loop->ops->watch_create(loop, job->wake, LOOP_READ, on_wake, job);
        rc = job->watch == NULL ? -ENOMEM : start_thread(job);
    }
    if (rc < 0) {
        job_free(job);
        return rc;
    }
    *job_out = job;
    return 0;
}
