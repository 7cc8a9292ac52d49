/*
 * How chaos-iod gives up what it does not need. May be included by io and by iod.c. Each function
 * returns 0, or -errno with one line in text (SANDBOX_TEXT_MAX bytes).
 */
#ifndef CHAOS_SANDBOX_H
#define CHAOS_SANDBOX_H

#define SANDBOX_TEXT_MAX 160u

/* A sanitizer needs more of the system than serving guests does. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif

/* For two files of thousands of guests each, while still privileged. */
#define SANDBOX_FILES 262144u

/*
 * From root to an ordinary user for ever: user by name, or if NULL "chaos-iod", or if there is no
 * such user "nobody", with a warning. No groups, no capabilities, no new privileges. root_dir,
 * created if absent, becomes the root directory, except under a sanitizer. -EPERM: it is not
 * empty, or somebody else than root can change that.
 */
int sandbox_drop(const char *user, const char *root_dir, char *text);

/* From here on any system call that serving guests does not need kills the process. */
int sandbox_seal(char *text);

#endif
