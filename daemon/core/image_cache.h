/*
 * Images read once: a sealed memory file and its parsed form, found again by device, inode, size
 * and times. May be included by core only.
 *
 * Clients open images and may pass a file whose reads never end (a FUSE mount of theirs), so
 * reading is done by a thread, at most a few for a user; who waits sets a deadline and cancels.
 * Those of one user who ask for the same file at the same time wait for one read.
 */
#ifndef CHAOS_CORE_IMAGE_CACHE_H
#define CHAOS_CORE_IMAGE_CACHE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "core/error.h"
#include "core/image.h"
#include "util/list.h"
#include "util/loop.h"

struct image_key {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
    uid_t owner; /* who may use the entry; 0: everyone, the file is root's alone to write */
};

struct image_entry {
    struct list lru;
    struct image_key key;
    struct image image;  /* borrows data */
    const uint8_t *data; /* sealed */
    size_t size_bytes;
    unsigned users;
};

struct image_cache {
    struct loop *loop;
    struct list entries; /* least recently used first */
    unsigned entry_count;
    uint64_t bytes;
    struct list reads;
};

/* Who waits until an image has been read. Embedded in its owner, zeroed before first use. */
struct image_waiter {
    struct list node;
    /* entry NULL: *error says why. The entry is held for the callee, who lets it go. */
    void (*done)(struct image_waiter *waiter, struct image_entry *entry, const struct error *error);
};

void image_cache_init(struct image_cache *cache, struct loop *loop);
/* Reads under way are abandoned, and nobody is told; no entry may be held. */
void image_cache_fini(struct image_cache *cache);

/*
 * The image of a file (fd is borrowed for the call). When it is known already *entry_out is set and
 * held; else *entry_out is NULL and waiter, whose done is set, will be told once, after this has
 * returned. Codes: NO_FILE, BAD_IMAGE, LIMIT, NO_MEMORY; done also gets ABI.
 */
int image_cache_get(struct image_cache *cache, int fd, uid_t owner, struct image_waiter *waiter,
                    struct image_entry **entry_out, struct error *error);
/* The same by key, which must be known already: held, or NULL. */
struct image_entry *image_cache_find(struct image_cache *cache, const struct image_key *key);
/* Whether fd is, unchanged, what key says; for root. */
bool image_cache_is_current(int fd, const struct image_key *key);
/* waiter will not be told; others who wait for the same read will. It need not be waiting. */
void image_cache_cancel(struct image_waiter *waiter);
void image_cache_release(struct image_cache *cache, struct image_entry *entry);

#endif
