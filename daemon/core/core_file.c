#include "core/core_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/core.h"
#include "util/fd.h"

static const char suffix[] = ".core";

static void write_name(const struct guest *guest, char *name, size_t size)
{
    snprintf(name, size, "%s-%" PRIu64 "%s", guest->name, guest->core_time_s, suffix);
}

static bool is_core(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(suffix) && strcmp(name + length - strlen(suffix), suffix) == 0;
}

/* How many there are, or -errno. */
static int count_files(int directory)
{
    const struct dirent *entry;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    int count = 0;

    if (stream == NULL) {
        int rc = -errno;
        fd_close(&fd);
        return rc;
    }
    while ((entry = readdir(stream)) != NULL)
        count += is_core(entry->d_name);
    closedir(stream);
    return count;
}

int core_file_create(struct guest *guest, struct error *error)
{
    int directory = guest->core->config.dump_directory;
    char name[LIMIT_NAME + 40];
    int count = directory < 0 ? -ENOENT : count_files(directory);

    if (count < 0)
        return error_set(error, UKVM_E_NO_FILE, "the directory for core dumps: %s",
                         strerror(-count));
    if (count >= (int)LIMIT_CORES)
        return limit_reached(error, LIMIT_ID_CORES);
    guest->core_time_s = (uint64_t)time(NULL);
    write_name(guest, name, sizeof(name));
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(error, UKVM_E_NO_FILE, "%s: %s", name, strerror(errno));
    if (fchown(fd, guest->owner, (gid_t)-1) < 0) {
        error_set(error, UKVM_E_NO_FILE, "%s: %s", name, strerror(errno));
        core_file_remove(guest);
        fd_close(&fd);
        return -UKVM_E_NO_FILE;
    }
    return fd;
}

void core_file_remove(const struct guest *guest)
{
    char name[LIMIT_NAME + 40];

    write_name(guest, name, sizeof(name));
    unlinkat(guest->core->config.dump_directory, name, 0);
}
