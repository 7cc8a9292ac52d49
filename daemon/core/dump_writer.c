#include "core/dump_writer.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/fd_closer.h"
#include "util/list.h"

enum job {
    JOB_NONE,
    JOB_WRITE,
    JOB_FINISH,
    JOB_QUIT, /* nobody waits any more */
};

/* The loop and the thread each hold it, so that the one may go on when the other has given up. */
struct dump_writer {
    struct list all;
    uid_t owner;
    int fd;    /* the thread's */
    int event; /* eventfd, written when a job is done */
    uint8_t *buffer;

    /* Under lock; all but holders and job are the thread's while a job is there. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned holders;
    enum job job;
    size_t size;
    uint64_t offset; /* of JOB_FINISH: the size of the file */
    int rc;
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list all_writers = {&all_writers, &all_writers};

unsigned dump_writer_count(uid_t owner)
{
    unsigned count = 0;

    pthread_mutex_lock(&all_lock);
    LIST_FOR_EACH(node, &all_writers)
    {
        const struct dump_writer *writer = LIST_OWNER(node, struct dump_writer, all);
        count += owner == (uid_t)-1 || writer->owner == owner;
    }
    pthread_mutex_unlock(&all_lock);
    return count;
}

static void writer_free(struct dump_writer *writer)
{
    pthread_mutex_lock(&all_lock);
    list_remove(&writer->all);
    pthread_mutex_unlock(&all_lock);
    fd_close_foreign(&writer->fd, writer->owner);
    fd_close(&writer->event);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer->buffer);
    free(writer);
}

static void release(struct dump_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    unsigned left = --writer->holders;
    pthread_mutex_unlock(&writer->lock);
    if (left == 0)
        writer_free(writer);
}

/* ---- the thread --------------------------------------------------------------------- */

/* Of this thread alone: libc's functions would tell all of them. */
static int drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static int write_all(const struct dump_writer *writer)
{
    for (size_t done = 0; done < writer->size;) {
        ssize_t put = pwrite(writer->fd, writer->buffer + done, writer->size - done,
                             (off_t)(writer->offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        done += (size_t)put;
    }
    return 0;
}

/* Some file systems tell only at the close that something could not be written. */
static int finish(struct dump_writer *writer)
{
    int rc = ftruncate(writer->fd, (off_t)writer->offset) < 0 ? -errno : 0;

    if (close(writer->fd) < 0 && rc == 0)
        rc = -errno;
    writer->fd = -1;
    return rc;
}

static enum job next_job(struct dump_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    while (writer->job == JOB_NONE)
        pthread_cond_wait(&writer->changed, &writer->lock);
    enum job job = writer->job;
    pthread_mutex_unlock(&writer->lock);
    return job;
}

static void job_done(struct dump_writer *writer, int rc)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&writer->lock);
    writer->rc = rc;
    if (writer->job != JOB_QUIT)
        writer->job = JOB_NONE;
    pthread_mutex_unlock(&writer->lock);
    if (write(writer->event, &one, sizeof(one)) < 0)
        abort();
}

static void *writer_thread(void *arg)
{
    struct dump_writer *writer = arg;
    int rc = drop_privileges();

    /* What an old file held must not show through the holes. */
    if (rc == 0 && ftruncate(writer->fd, 0) < 0)
        rc = -errno;
    for (enum job job = next_job(writer); job != JOB_QUIT; job = next_job(writer)) {
        if (rc == 0)
            rc = job == JOB_WRITE ? write_all(writer) : finish(writer);
        job_done(writer, rc);
    }
    fd_close(&writer->fd);
    release(writer);
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct dump_writer *writer)
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    writer->holders++;
    int rc = pthread_create(&thread, NULL, writer_thread, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        writer->holders--;
        return -rc;
    }
    pthread_detach(thread);
    return 0;
}

/* ---- the loop ----------------------------------------------------------------------- */

static int prepare(struct dump_writer *writer, int fd)
{
    int rc = fd_dup(fd, &writer->fd);

    if (rc < 0)
        return rc;
    writer->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->event < 0)
        return -errno;
    writer->buffer = malloc(DUMP_WRITER_BYTES);
    return writer->buffer == NULL ? -ENOMEM : start_thread(writer);
}

int dump_writer_create(int fd, uid_t owner, struct dump_writer **writer_out)
{
    struct dump_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return -ENOMEM;
    *writer = (struct dump_writer){.owner = owner, .fd = -1, .event = -1, .holders = 1};
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    pthread_mutex_lock(&all_lock);
    list_append(&all_writers, &writer->all);
    pthread_mutex_unlock(&all_lock);
    int rc = prepare(writer, fd);
    if (rc < 0)
        release(writer);
    else
        *writer_out = writer;
    return rc;
}

static void give(struct dump_writer *writer, enum job job, size_t size, uint64_t offset)
{
    pthread_mutex_lock(&writer->lock);
    writer->job = job;
    if (job != JOB_QUIT) {
        writer->size = size;
        writer->offset = offset;
    }
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

void dump_writer_destroy(struct dump_writer *writer)
{
    give(writer, JOB_QUIT, 0, 0);
    release(writer);
}

uint8_t *dump_writer_buffer(struct dump_writer *writer)
{
    return writer->buffer;
}

void dump_writer_write(struct dump_writer *writer, size_t size, uint64_t offset)
{
    give(writer, JOB_WRITE, size, offset);
}

void dump_writer_finish(struct dump_writer *writer, uint64_t size)
{
    give(writer, JOB_FINISH, 0, size);
}

int dump_writer_event_fd(const struct dump_writer *writer)
{
    return writer->event;
}

bool dump_writer_result(struct dump_writer *writer, int *rc_out)
{
    uint64_t events;

    if (read(writer->event, &events, sizeof(events)) < 0)
        return false;
    pthread_mutex_lock(&writer->lock);
    *rc_out = writer->rc;
    pthread_mutex_unlock(&writer->lock);
    return true;
}
