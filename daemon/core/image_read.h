/*
 * Copies one image file into a sealed memory file and parses it. Touches nothing shared, so that a
 * thread may do it. May be included by the image cache only.
 */
#ifndef CHAOS_CORE_IMAGE_READ_H
#define CHAOS_CORE_IMAGE_READ_H

#include "core/error.h"
#include "core/image_cache.h"

/*
 * The caller's file as it was when asked for. sync: AT_STATX_DONT_SYNC, which answers from what the
 * kernel knows and never blocks, or AT_STATX_SYNC_AS_STAT, which may ask a file server (FUSE, NFS)
 * that never answers. Codes: NO_FILE, BAD_IMAGE, LIMIT.
 */
int image_read_key(int fd, uid_t owner, int sync, struct image_key *key_out, struct error *error);
/*
 * Reads fd, whose key is entry->key, and fills the rest of *entry. Codes: NO_FILE, BAD_IMAGE,
 * ABI, NO_MEMORY. Blocks on the file.
 */
int image_read_file(int fd, struct image_entry *entry, struct error *error);
void image_read_unmap(struct image_entry *entry);
bool image_key_equal(const struct image_key *a, const struct image_key *b);

#endif
