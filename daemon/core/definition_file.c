#include "core/definition_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

#define NAME_MAX_BYTES 40u
#define DIGITS         16u

static const char text_suffix[] = ".json";
static const char image_suffix[] = ".image";
static const char new_suffix[] = ".new";

static void write_name(char name[NAME_MAX_BYTES], uint64_t id, const char *suffix, const char *more)
{
    snprintf(name, NAME_MAX_BYTES, "%0*" PRIx64 "%s%s", (int)DIGITS, id, suffix, more);
}

static int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        at += written;
        size -= (size_t)written;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* In place of what was there, or not at all. */
static int replace(int directory, uint64_t id, const char *suffix, const void *data, size_t size)
{
    char name[NAME_MAX_BYTES], temporary[NAME_MAX_BYTES];

    write_name(name, id, suffix, "");
    write_name(temporary, id, suffix, new_suffix);
    int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, data, size);
    fd_close(&fd);
    if (rc == 0 && renameat(directory, temporary, directory, name) < 0)
        rc = -errno;
    if (rc < 0)
        unlinkat(directory, temporary, 0);
    return rc;
}

int definition_file_save(int directory, uint64_t id, const char *text, const void *image,
                         size_t image_bytes)
{
    int rc = 0;

    if (image != NULL)
        rc = replace(directory, id, image_suffix, image, image_bytes);
    if (rc == 0)
        rc = replace(directory, id, text_suffix, text, strlen(text));
    if (rc == 0 && fsync(directory) < 0)
        rc = -errno;
    if (rc < 0 && image != NULL)
        definition_file_remove(directory, id);
    return rc;
}

/* The text first: an image without it is nobody's. */
void definition_file_remove(int directory, uint64_t id)
{
    char name[NAME_MAX_BYTES];

    write_name(name, id, text_suffix, "");
    unlinkat(directory, name, 0);
    write_name(name, id, image_suffix, "");
    unlinkat(directory, name, 0);
}

static int open_file(int directory, uint64_t id, const char *suffix, int *fd_out)
{
    char name[NAME_MAX_BYTES];

    write_name(name, id, suffix, "");
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    *fd_out = fd;
    return 0;
}

int definition_file_image(int directory, uint64_t id, int *fd_out)
{
    return open_file(directory, id, image_suffix, fd_out);
}

uint64_t definition_file_image_bytes(int directory, uint64_t id)
{
    char name[NAME_MAX_BYTES];
    struct stat st;

    write_name(name, id, image_suffix, "");
    return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t)st.st_size;
}

static int read_text(int fd, char *text)
{
    size_t size = 0;
    ssize_t got;

    while ((got = read(fd, text + size, DEFINITION_TEXT_MAX + 1 - size)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        size += (size_t)got;
    }
    if (size > DEFINITION_TEXT_MAX)
        return -EFBIG;
    text[size] = '\0';
    return strlen(text) == size ? 0 : -EPROTO;
}

int definition_file_text(int directory, uint64_t id, char **text_out)
{
    int fd = -1;
    int rc = open_file(directory, id, text_suffix, &fd);

    if (rc < 0)
        return rc;
    char *text = malloc(DEFINITION_TEXT_MAX + 2);
    rc = text == NULL ? -ENOMEM : read_text(fd, text);
    fd_close(&fd);
    if (rc < 0)
        free(text);
    else
        *text_out = text;
    return rc;
}

/* The suffix of a file's name that begins with an id, or NULL. */
static const char *split(const char *name, uint64_t *id_out)
{
    uint64_t id = 0;

    for (unsigned i = 0; i < DIGITS; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = name[i] == '\0' ? NULL : strchr(digits, name[i]);
        if (digit == NULL)
            return NULL;
        id = id << 4 | (uint64_t)(digit - digits);
    }
    *id_out = id;
    return name + DIGITS;
}

static bool has_text(int directory, uint64_t id)
{
    char name[NAME_MAX_BYTES];

    write_name(name, id, text_suffix, "");
    return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void visit(int directory, const char *name, definition_file_fn *fn, void *arg)
{
    uint64_t id;
    const char *suffix = split(name, &id);

    if (suffix == NULL)
        return;
    if (strcmp(suffix, text_suffix) == 0)
        fn(arg, id);
    else if (strcmp(suffix, ".json.new") == 0 || strcmp(suffix, ".image.new") == 0 ||
             (strcmp(suffix, image_suffix) == 0 && !has_text(directory, id)))
        unlinkat(directory, name, 0);
}

int definition_file_each(int directory, definition_file_fn *fn, void *arg)
{
    const struct dirent *entry;
    /* A description of its own, read from the start. */
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    if (stream == NULL) {
        int rc = -errno;
        fd_close(&fd);
        return rc;
    }
    while ((entry = readdir(stream)) != NULL)
        visit(directory, entry->d_name, fn, arg);
    closedir(stream);
    return 0;
}
