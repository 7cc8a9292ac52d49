#include "core/core_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

struct count {
    unsigned all;
    unsigned owners; /* of one user */
};

static void count_file(int directory, const char *name, uid_t owner, struct count *count)
{
    struct stat st;

    if (!is_core(name))
        return;
    count->all++;
    count->owners += fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == owner;
}

/* How many there are. 0 or -errno. */
static int count_files(int directory, uid_t owner, struct count *count_out)
{
    const struct dirent *entry;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    if (stream == NULL) {
        int rc = -errno;
        fd_close(&fd);
        return rc;
    }
    while ((entry = readdir(stream)) != NULL)
        count_file(directory, entry->d_name, owner, count_out);
    closedir(stream);
    return 0;
}

/* One user's crashes do not take the room of all. */
static int check_count(const struct guest *guest, int directory, struct error *error)
{
    struct count count = {0};
    int rc = directory < 0 ? -ENOENT : count_files(directory, guest->owner, &count);

    if (rc < 0)
        return error_set(error, UKVM_E_NO_FILE, "the directory for core dumps: %s", strerror(-rc));
    if (count.all >= LIMIT_CORES)
        return limit_reached(error, LIMIT_ID_CORES);
    if (guest->owner != 0 && count.owners >= LIMIT_USER_CORES)
        return limit_reached(error, LIMIT_ID_USER_CORES);
    return 0;
}

int core_file_create(struct guest *guest, struct error *error)
{
    int directory = guest->core->config.dump_directory;
    char name[LIMIT_NAME + 40];
    int rc = check_count(guest, directory, error);

    if (rc < 0)
        return rc;
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
