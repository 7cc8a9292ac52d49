#include "core/image_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/limits.h"
#include "util/fd.h"

#define COPY_BYTES 65536u
/*
 * FUTURE_WRITE, not WRITE: we never map it writable, and to seal against pinned pages the kernel
 * waits up to 75 ms for pages just written to leave its per-CPU lists.
 */
#define SEALS      (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

static bool time_equal(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool image_key_equal(const struct image_key *a, const struct image_key *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           time_equal(a->mtime, b->mtime) && time_equal(a->ctime, b->ctime) && a->owner == b->owner;
}

/* A file that only root can write is the same for everyone; any other might be changed by its
   owner without a trace in its times, so that only its user is served from the cache. */
static uid_t key_owner(const struct statx *st, uid_t owner)
{
    bool roots_alone = st->stx_uid == 0 && (st->stx_mode & (S_IWGRP | S_IWOTH)) == 0;
    return roots_alone ? 0 : owner;
}

static struct timespec time_of(struct statx_timestamp time)
{
    return (struct timespec){.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec};
}

int image_read_key(int fd, uid_t owner, int sync, struct image_key *key_out, struct error *error)
{
    struct statx st;

    if (statx(fd, "", AT_EMPTY_PATH | sync, STATX_BASIC_STATS, &st) < 0)
        return error_set(error, UKVM_E_NO_FILE, "stat: %s", strerror(errno));
    if (!S_ISREG(st.stx_mode))
        return error_set(error, UKVM_E_BAD_IMAGE, "not a regular file");
    if (st.stx_size > (uint64_t)LIMIT_IMAGE_MIB << 20)
        return limit_reached(error, LIMIT_ID_IMAGE_MIB);
    /* Padding must not differ: the struct is compared by members, but copied whole. */
    memset(key_out, 0, sizeof(*key_out));
    key_out->device = makedev(st.stx_dev_major, st.stx_dev_minor);
    key_out->inode = st.stx_ino;
    key_out->size = (off_t)st.stx_size;
    key_out->mtime = time_of(st.stx_mtime);
    key_out->ctime = time_of(st.stx_ctime);
    key_out->owner = key_owner(&st, owner);
    return 0;
}

static int copy_all(int from, int to, off_t size)
{
    uint8_t buffer[COPY_BYTES];

    for (off_t done = 0; done < size;) {
        ssize_t got = pread(from, buffer, sizeof(buffer), done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -ESTALE;
        if (got > size - done)
            got = (ssize_t)(size - done);
        for (ssize_t written = 0; written < got;) {
            ssize_t put = write(to, buffer + written, (size_t)(got - written));
            if (put < 0)
                return -errno;
            written += put;
        }
        done += got;
    }
    return 0;
}

/* The bytes of fd, mapped from a file that nobody can write any more. */
static int map_copy(int fd, struct image_entry *entry, struct error *error)
{
    struct image_key now = {0};
    int copy = memfd_create("chaos-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int rc;

    if (copy < 0)
        return error_from_errno(error, errno, "memfd_create");
    rc = copy_all(fd, copy, entry->key.size);
    if (rc < 0 && rc != -ESTALE) {
        error_set(error, UKVM_E_NO_FILE, "read: %s", strerror(-rc));
        goto out;
    }
    if (rc == -ESTALE ||
        image_read_key(fd, entry->key.owner, AT_STATX_SYNC_AS_STAT, &now, error) < 0 ||
        !image_key_equal(&now, &entry->key)) {
        error_set(error, UKVM_E_NO_FILE, "the file changed while it was read; try again");
        goto out;
    }
    if (fcntl(copy, F_ADD_SEALS, SEALS) < 0) {
        error_from_errno(error, errno, "seal");
        goto out;
    }
    void *data = mmap(NULL, (size_t)entry->key.size, PROT_READ, MAP_SHARED, copy, 0);
    if (data == MAP_FAILED) {
        error_from_errno(error, errno, "mmap");
        goto out;
    }
    entry->data = data;
    entry->size_bytes = (size_t)entry->key.size;
    fd_close(&copy);
    return 0;
out:
    fd_close(&copy);
    return -error->code;
}

int image_read_file(int fd, struct image_entry *entry, struct error *error)
{
    char text[IMAGE_TEXT_MAX];

    if (entry->key.size == 0)
        return error_set(error, UKVM_E_BAD_IMAGE, "the file is empty");
    int rc = map_copy(fd, entry, error);
    if (rc < 0)
        return rc;
    rc = image_parse(entry->data, entry->size_bytes, &entry->image, text);
    if (rc < 0) {
        image_read_unmap(entry);
        return error_set(error, rc == -EPROTONOSUPPORT ? UKVM_E_ABI : UKVM_E_BAD_IMAGE, "%s", text);
    }
    return 0;
}

void image_read_unmap(struct image_entry *entry)
{
    /* const is a promise of this module's, not of munmap's. */
    if (entry->data != NULL)
        munmap((void *)(uintptr_t)entry->data, entry->size_bytes);
    entry->data = NULL;
}
