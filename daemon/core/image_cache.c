#include "core/image_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/image_read.h"
#include "core/limits.h"
#include "util/fd.h"
#include "util/fd_closer.h"

#define CACHE_BYTES_MAX ((uint64_t)LIMIT_IMAGE_MIB << 20)

/*
 * One file being read. The thread and the loop each hold a reference, so that the one may go on
 * when the other has given up.
 */
struct image_read {
    struct list all;
    struct image_cache *cache;
    struct loop_watch *watch;
    struct list waiters; /* struct image_waiter; none: all have cancelled */
    uid_t user;

    atomic_uint holders;
    int fd;   /* the file */
    int wake; /* eventfd, written when the thread has finished */
    struct image_entry *entry;
    struct error error; /* valid if the thread set rc */
    int rc;
};

static void entry_destroy(struct image_entry *entry)
{
    if (entry == NULL)
        return;
    image_read_unmap(entry);
    free(entry);
}

static void read_release(struct image_read *read)
{
    if (atomic_fetch_sub(&read->holders, 1) > 1)
        return;
    fd_close_foreign(&read->fd, read->user);
    fd_close(&read->wake);
    entry_destroy(read->entry);
    free(read);
}

static void *read_thread(void *arg)
{
    struct image_read *read = arg;
    uint64_t one = 1;

    read->rc = image_read_file(read->fd, read->entry, &read->error);
    if (write(read->wake, &one, sizeof(one)) < 0)
        abort();
    read_release(read);
    return NULL;
}

void image_cache_init(struct image_cache *cache, struct loop *loop)
{
    *cache = (struct image_cache){.loop = loop};
    list_init(&cache->entries);
    list_init(&cache->reads);
}

static void drop(struct image_cache *cache, struct image_entry *entry)
{
    list_remove(&entry->lru);
    cache->entry_count--;
    cache->bytes -= entry->size_bytes;
    entry_destroy(entry);
}

static void end_read(struct image_read *read)
{
    list_remove(&read->all);
    read->cache->loop->ops->watch_destroy(read->watch);
    read->watch = NULL;
    read_release(read);
}

void image_cache_cancel(struct image_waiter *waiter)
{
    /* The read counts against the limits until its thread has ended. */
    list_remove(&waiter->node);
}

static void abandon(struct image_read *read)
{
    LIST_FOR_EACH(node, &read->waiters)
    list_remove(node);
    end_read(read);
}

void image_cache_fini(struct image_cache *cache)
{
    LIST_FOR_EACH(node, &cache->reads)
    abandon(LIST_OWNER(node, struct image_read, all));
    LIST_FOR_EACH(node, &cache->entries)
    drop(cache, LIST_OWNER(node, struct image_entry, lru));
}

static struct image_entry *find(struct image_cache *cache, const struct image_key *key)
{
    LIST_FOR_EACH(node, &cache->entries)
    {
        struct image_entry *entry = LIST_OWNER(node, struct image_entry, lru);
        if (image_key_equal(&entry->key, key))
            return entry;
    }
    return NULL;
}

static struct image_entry *hold(struct image_cache *cache, struct image_entry *entry)
{
    list_remove(&entry->lru);
    list_append(&cache->entries, &entry->lru);
    entry->users++;
    return entry;
}

struct image_entry *image_cache_find(struct image_cache *cache, const struct image_key *key)
{
    struct image_entry *entry = find(cache, key);
    return entry == NULL ? NULL : hold(cache, entry);
}

bool image_cache_is_current(int fd, const struct image_key *key)
{
    struct image_key now;
    struct error error;

    return image_read_key(fd, 0, AT_STATX_DONT_SYNC, &now, &error) == 0 &&
           image_key_equal(&now, key);
}

void image_cache_release(struct image_cache *cache, struct image_entry *entry)
{
    (void)cache;
    if (entry != NULL)
        entry->users--;
}

static bool over_limits(const struct image_cache *cache)
{
    return cache->entry_count > LIMIT_CACHED_IMAGES || cache->bytes > CACHE_BYTES_MAX;
}

static struct image_entry *insert(struct image_cache *cache, struct image_entry *entry)
{
    list_append(&cache->entries, &entry->lru);
    cache->entry_count++;
    cache->bytes += entry->size_bytes;
    hold(cache, entry);
    LIST_FOR_EACH(node, &cache->entries)
    {
        struct image_entry *oldest = LIST_OWNER(node, struct image_entry, lru);
        if (!over_limits(cache))
            break;
        if (oldest->users == 0)
            drop(cache, oldest);
    }
    return entry;
}

/* Who is told may cancel others, or ask for an image. */
static void tell_all(struct image_cache *cache, struct list *waiters, struct image_entry *entry,
                     const struct error *error)
{
    while (!list_empty(waiters)) {
        struct image_waiter *waiter = LIST_OWNER(waiters->next, struct image_waiter, node);
        list_remove(&waiter->node);
        if (entry != NULL)
            hold(cache, entry);
        waiter->done(waiter, entry, error);
    }
}

static void on_read(void *arg, int fd, unsigned ready)
{
    struct image_read *read = arg;
    struct image_cache *cache = read->cache;
    struct image_entry *entry = NULL;
    struct error error = read->error;
    struct list waiters;

    (void)fd;
    (void)ready;
    list_move_all(&read->waiters, &waiters);
    if (read->rc == 0 && !list_empty(&waiters)) {
        /* Another user's read of the same file may have come first. */
        entry = find(cache, &read->entry->key);
        if (entry != NULL) {
            hold(cache, entry);
        } else {
            entry = insert(cache, read->entry);
            read->entry = NULL;
        }
    }
    end_read(read);
    tell_all(cache, &waiters, entry, &error);
    image_cache_release(cache, entry);
}

/* Another user's may be of an fd that cannot be read, or never ends: nobody else waits for it. */
static struct image_read *find_read(struct image_cache *cache, uid_t user,
                                    const struct image_key *key)
{
    LIST_FOR_EACH(node, &cache->reads)
    {
        struct image_read *read = LIST_OWNER(node, struct image_read, all);
        if (read->user == user && image_key_equal(&read->entry->key, key))
            return read;
    }
    return NULL;
}

static int check_reads(const struct image_cache *cache, uid_t user, struct error *error)
{
    unsigned all = 0, mine = 0;

    LIST_FOR_EACH(node, &cache->reads)
    {
        all++;
        mine += LIST_OWNER(node, struct image_read, all)->user == user;
    }
    if (all >= LIMIT_IMAGE_READS)
        return limit_used_up(error, LIMIT_ID_IMAGE_READS, all, 1);
    if (mine >= LIMIT_USER_IMAGE_READS && user != 0)
        return limit_used_up(error, LIMIT_ID_USER_IMAGE_READS, mine, 1);
    return 0;
}

/* Signals are the main thread's. */
static int start_thread(struct image_read *read)
{
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_fetch_add(&read->holders, 1);
    int rc = pthread_create(&thread, NULL, read_thread, read);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        atomic_fetch_sub(&read->holders, 1);
        return -rc;
    }
    pthread_detach(thread);
    return 0;
}

static int prepare(struct image_read *read, int fd, const struct image_key *key)
{
    int rc = fd_dup(fd, &read->fd);
    if (rc < 0)
        return rc;
    read->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (read->wake < 0)
        return -errno;
    read->entry = calloc(1, sizeof(*read->entry));
    if (read->entry == NULL)
        return -ENOMEM;
    read->entry->key = *key;
    struct loop *loop = read->cache->loop;
    read->watch = loop->ops->watch_create(loop, read->wake, LOOP_READ, on_read, read);
    return read->watch == NULL ? -ENOMEM : start_thread(read);
}

static int start_read(struct image_cache *cache, int fd, uid_t user, const struct image_key *key,
                      struct image_read **read_out, struct error *error)
{
    int rc = check_reads(cache, user, error);

    if (rc < 0)
        return rc;
    struct image_read *read = calloc(1, sizeof(*read));
    if (read == NULL)
        return error_from_errno(error, ENOMEM, "cannot start reading");
    read->cache = cache;
    list_init(&read->waiters);
    read->user = user;
    read->fd = -1;
    read->wake = -1;
    atomic_init(&read->holders, 1);
    list_append(&cache->reads, &read->all);
    rc = prepare(read, fd, key);
    if (rc < 0) {
        end_read(read);
        return error_from_errno(error, -rc, "cannot start reading");
    }
    *read_out = read;
    return 0;
}

int image_cache_get(struct image_cache *cache, int fd, uid_t owner, struct image_waiter *waiter,
                    struct image_entry **entry_out, struct error *error)
{
    struct image_key key;
    int rc = image_read_key(fd, owner, AT_STATX_DONT_SYNC, &key, error);

    if (rc < 0)
        return rc;
    *entry_out = image_cache_find(cache, &key);
    if (*entry_out != NULL)
        return 0;
    struct image_read *read = find_read(cache, owner, &key);
    if (read == NULL)
        rc = start_read(cache, fd, owner, &key, &read, error);
    if (read == NULL)
        return rc;
    list_append(&read->waiters, &waiter->node);
    return 0;
}
