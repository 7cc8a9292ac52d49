#include "io/sandbox.h"

#include "util/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534u

static int failed(char *text, const char *what, int error)
{
    snprintf(text, SANDBOX_TEXT_MAX, "%s: %s", what, strerror(error));
    return -error;
}

static int find_user(const char *user, uid_t *uid_out, gid_t *gid_out, char *text)
{
    const struct passwd *entry = getpwnam(user != NULL ? user : "chaos-iod");
    if (entry == NULL && user != NULL) {
        snprintf(text, SANDBOX_TEXT_MAX, "there is no user %s", user);
        return -ENOENT;
    }
    if (entry == NULL) {
        log_warning("there is no user chaos-iod: serving as nobody, whose other processes can "
                    "disturb guests; create it with systemd-sysusers");
        entry = getpwnam("nobody");
    }
    *uid_out = entry != NULL ? entry->pw_uid : NOBODY;
    *gid_out = entry != NULL ? entry->pw_gid : NOBODY;
    if (*uid_out != 0)
        return 0;
    snprintf(text, SANDBOX_TEXT_MAX, "the data plane must not run as root");
    return -EINVAL;
}

/* Not fatal: what is left is an ordinary user in a container or without CAP_SYS_RESOURCE. */
static void raise_file_limit(void)
{
    struct rlimit limit = {.rlim_cur = SANDBOX_FILES, .rlim_max = SANDBOX_FILES};
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is_empty(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    if (listing == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    unsigned entries = 0;
    while (readdir(listing) != NULL)
        entries++;
    closedir(listing);
    return entries == 2; /* itself and its parent */
}

/* A directory in which nothing can appear but by root's hand. NULL: it is one. */
static const char *root_error(int directory)
{
    struct stat status;
    if (fstat(directory, &status) < 0)
        return strerror(errno);
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others than root can write to it";
    return is_empty(directory) ? NULL : "it is not empty";
}

static int change_root(int directory)
{
#ifndef SANDBOX_SANITIZED /* which reads /proc and writes reports */
    if (fchdir(directory) < 0 || chroot(".") < 0)
        return -errno;
#else
    (void)directory;
#endif
    return 0;
}

static int enter_empty_root(const char *root_dir, char *text)
{
    if (mkdir(root_dir, 0555) < 0 && errno != EEXIST)
        return failed(text, root_dir, errno);
    int directory = open(root_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return failed(text, root_dir, errno);
    const char *why = root_error(directory);
    int rc = why != NULL ? -EPERM : change_root(directory);
    close(directory);
    if (rc < 0)
        snprintf(text, SANDBOX_TEXT_MAX, "%.80s cannot be the root directory: %s", root_dir,
                 why != NULL ? why : strerror(-rc));
    return rc;
}

static int drop_capabilities(char *text)
{
    /* The others go with the uid; this keeps a set-uid program from giving them back. */
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return failed(text, "cannot drop capabilities", errno);
    return 0;
}

int sandbox_drop(const char *user, const char *root_dir, char *text)
{
    uid_t uid;
    gid_t gid;
    int rc = find_user(user, &uid, &gid, text);
    if (rc < 0)
        return rc;
    raise_file_limit();
    rc = enter_empty_root(root_dir, text);
    if (rc == 0)
        rc = drop_capabilities(text);
    if (rc < 0)
        return rc;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return failed(text, "cannot become an ordinary user", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed(text, "cannot give up privileges", errno);
    return 0;
}
