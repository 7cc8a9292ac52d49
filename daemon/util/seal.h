/*
 * What chaosd gives up when it is up: it stays user 0, which makes the hypercalls, and keeps no
 * right but those it uses. May be included by chaosd.c. chaos-iod, which it starts, inherits both
 * and gives up the rest by itself (io/sandbox.h).
 *
 * Each function is for a process of one thread: threads that are started later inherit. It returns
 * 0, or -errno with one line in text (SEAL_TEXT_MAX bytes).
 */
#ifndef CHAOS_SEAL_H
#define CHAOS_SEAL_H

#define SEAL_TEXT_MAX 160u

/* A sanitizer's reports, and its search for leaks, need more of the system. */
#if defined(__SANITIZE_ADDRESS__)
#define SEAL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEAL_SANITIZED 1
#endif
#endif

/* No capability, now or by executing a program, but those that chaosd or chaos-iod's start needs.
 */
int seal_capabilities(char *text);

/*
 * System calls that a toolstack has no business with, such as ptrace or mount, kill the process;
 * others that it is not known to need fail with ENOSYS, as on a kernel without them.
 */
int seal_calls(char *text);

#endif
