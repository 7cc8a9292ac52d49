/*
 * A definition's two files in a directory of root's: ID.json, what it is, and ID.image, a copy of
 * its kernel image. The first one's presence makes it a definition; both are replaced as a whole.
 * May be included by core only. May wait for a disk. int functions return 0 or -errno.
 */
#ifndef CHAOS_CORE_DEFINITION_FILE_H
#define CHAOS_CORE_DEFINITION_FILE_H

#include <stddef.h>
#include <stdint.h>

#define DEFINITION_TEXT_MAX 16384u

/* image NULL: the one that is there. On a failure of a first save nothing is left. */
int definition_file_save(int directory, uint64_t id, const char *text, const void *image,
                         size_t image_bytes);
void definition_file_remove(int directory, uint64_t id);
int definition_file_image(int directory, uint64_t id, int *fd_out);
/* 0: it is not there. */
uint64_t definition_file_image_bytes(int directory, uint64_t id);
/* NUL-terminated, the caller frees it. -EFBIG. */
int definition_file_text(int directory, uint64_t id, char **text_out);

typedef void definition_file_fn(void *arg, uint64_t id);
/* All there are. Removes what a save that was killed has left. */
int definition_file_each(int directory, definition_file_fn *fn, void *arg);

#endif
