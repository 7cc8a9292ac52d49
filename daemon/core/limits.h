/*
 * The one table of limits. X(SYMBOL, value, name, what): an error for a limit reads "limit NAME:
 * at most VALUE WHAT", and for what adds up also how much of it is in use. May be included by core,
 * ctl and composition roots.
 *
 * vCPUs are not bounded by the host's CPUs: an idle guest takes none, and Xen shares them out. They
 * are bounded like guests, for what each costs Xen and its scheduler. Mapped pages are grants that
 * dom0 has mapped, of which it can have about 131,000 for all backends (LIMIT_MAPPED_PAGES leaves
 * some to others); a guest has 2, 8 with one interface, 12 with two.
 */
#ifndef CHAOS_CORE_LIMITS_H
#define CHAOS_CORE_LIMITS_H

#include <stdint.h>

#include "core/error.h"

#define LIMITS(X)                                                                                  \
    X(GUESTS, 10000, "guests", "guests on this host")                                              \
    X(USER_GUESTS, 1000, "user-guests", "guests of one user who is not root")                      \
    X(USER_PUBLISH, 64, "user-publish", "published ports of one user who is not root")             \
    X(USER_MEMORY_MIB, 4096, "user-memory-mib", "MiB for all guests of a user who is not root")    \
    X(VCPUS, 16384, "vcpus", "vCPUs on this host, those of shells included")                       \
    X(USER_VCPUS, 1000, "user-vcpus", "vCPUs for all guests of a user who is not root")            \
    X(MAPPED_PAGES, 120000, "mapped-pages", "pages of guests mapped in dom0")                      \
    X(USER_MAPPED_PAGES, 8000, "user-mapped-pages", "mapped pages of a user who is not root")      \
    X(USER_MESSAGES, 1000, "user-messages", "messages a second of a user who is not root")         \
    X(HOST_RESERVE_MIB, 8, "host-reserve-mib", "MiB that no guest gets")                           \
    X(FLAVOURS, 32, "flavours", "flavours of shells")                                              \
    X(FLAVOUR_SHELLS, 8192, "flavour-shells", "shells of one flavour")                             \
    X(TOMBSTONES, 64, "tombstones", "crashed guests are remembered")                               \
    X(USER_TOMBSTONES, 16, "user-tombstones", "crashed guests of one user who is not root")        \
    X(DEFINITIONS, 1000, "definitions", "definitions on this host")                                \
    X(USER_DEFINITIONS, 64, "user-definitions", "definitions of one user who is not root")         \
    X(USER_DEFINED_MIB, 64, "user-defined-mib", "MiB of images of one user's definitions")         \
    X(CORES, 16, "cores", "core dumps that a policy asked for are kept")                           \
    X(USER_CORES, 4, "user-cores", "of them of one user who is not root")                          \
    X(AFTER, 8, "after", "guests that one is started after")                                       \
    X(MEMORY_MIB, 3840, "memory", "MiB of memory for a guest")                                     \
    X(CPUS, 1024, "cpus", "CPUs of a host, numbered from 0")                                       \
    X(VIFS, 2, "vifs", "network interfaces for a guest")                                           \
    X(PUBLISH, 16, "publish", "published ports for a network interface")                           \
    X(NAME, 63, "name", "bytes for a guest's name")                                                \
    X(CMDLINE, 1023, "cmdline", "bytes of command line")                                           \
    X(KERNEL_PATH, 255, "kernel-path", "bytes for the kernel's path")                              \
    X(TIMEOUT_MS, 3600000, "timeout", "milliseconds to wait")                                      \
    X(DEAD_CONSOLES, 64, "dead-consoles", "consoles of guests that are gone are kept")             \
    X(USER_DEAD_CONSOLES, 16, "user-dead-consoles", "of them of one user who is not root")         \
    X(DUMPS, 16, "dumps", "core dumps are written at the same time")                               \
    X(USER_DUMPS, 4, "user-dumps", "core dumps of one user's guests are written at the same time") \
    X(SINCE_S, 31536000, "since", "seconds back in a console")                                     \
    X(IMAGE_MIB, 64, "image", "MiB for a kernel image")                                            \
    X(IMAGE_FOOTPRINT_MIB, 64, "image-footprint-mib", "MiB of memory for an image, .bss included") \
    X(IMAGE_READS, 16, "image-reads", "images are read at the same time")                          \
    X(USER_IMAGE_READS, 4, "user-image-reads", "images are read at the same time for one user")    \
    X(CACHED_IMAGES, 32, "cached-images", "images are kept in memory")                             \
    X(EVENT_STREAMS, 128, "event-streams", "streams of events")                                    \
    X(USER_EVENT_STREAMS, 16, "user-event-streams", "streams of events of one user, not root")     \
    X(MESSAGE, 65536, "message", "bytes for a message")                                            \
    X(CLIENTS, 512, "clients", "connections")                                                      \
    X(ROOT_CLIENTS, 16, "root-clients", "connections that only root can take")                     \
    X(USER_CLIENTS, 128, "user-clients", "connections of one user who is not root")                \
    X(USER_CLOSING, 512, "user-closing", "descriptors of one user that are not closed yet")        \
    X(REQUESTS, 64, "requests", "requests of one connection at the same time")

/*
 * Those that chaosd's configuration may set, and how high. Their value is limit_of(), not LIMIT_X,
 * which is the default.
 */
#define LIMITS_SETTABLE(X)                                                                         \
    X(GUESTS, LIMIT_GUESTS)                                                                        \
    X(USER_GUESTS, LIMIT_GUESTS)                                                                   \
    X(USER_PUBLISH, 65535)                                                                         \
    X(USER_MEMORY_MIB, 1048576)                                                                    \
    X(VCPUS, LIMIT_VCPUS)                                                                          \
    X(USER_VCPUS, LIMIT_VCPUS)                                                                     \
    X(MAPPED_PAGES, 131072)                                                                        \
    X(USER_MAPPED_PAGES, 131072)                                                                   \
    X(USER_MESSAGES, 1000000)                                                                      \
    X(HOST_RESERVE_MIB, 1048576)                                                                   \
    X(CLIENTS, LIMIT_CLIENTS)                                                                      \
    X(USER_CLIENTS, LIMIT_CLIENTS)

enum limit_value {
#define LIMIT_VALUE(symbol, value, name, what) LIMIT_##symbol = (value),
    LIMITS(LIMIT_VALUE)
#undef LIMIT_VALUE
};

enum limit_id {
#define LIMIT_ID(symbol, value, name, what) LIMIT_ID_##symbol,
    LIMITS(LIMIT_ID)
#undef LIMIT_ID
        LIMIT_ID_COUNT,
};

struct limit {
    unsigned value;
    const char *name;
    const char *what;
};

extern const struct limit limits[LIMIT_ID_COUNT];

/* What holds now. */
unsigned limit_of(enum limit_id id);
/* "NAME=VALUE", before anything is counted; where: for messages. Code: CONFIG. */
int limit_set(const char *where, const char *text, struct error *error);
/* All as in the table. */
void limits_reset(void);

/* Sets the error of a limit that was reached; returns -UKVM_E_LIMIT. */
int limit_reached(struct error *error, enum limit_id id);
/* The same of what adds up: of it used is in use already, and asked more would be too much. */
int limit_used_up(struct error *error, enum limit_id id, uint64_t used, uint64_t asked);

#endif
