/*
 * The one table of limits. X(SYMBOL, value, name, what): an error for a limit reads "limit NAME:
 * at most VALUE WHAT". May be included by core, ctl and composition roots.
 */
#ifndef CHAOS_CORE_LIMITS_H
#define CHAOS_CORE_LIMITS_H

#include "core/error.h"

#define LIMITS(X)                                                                                  \
    X(GUESTS, 10000, "guests", "guests on this host")                                              \
    X(USER_GUESTS, 1000, "user-guests", "guests of one user who is not root")                      \
    X(USER_PUBLISH, 64, "user-publish", "published ports of one user who is not root")             \
    X(USER_MEMORY_MIB, 4096, "user-memory-mib", "MiB for all guests of a user who is not root")    \
    X(FLAVOURS, 32, "flavours", "flavours of shells")                                              \
    X(FLAVOUR_SHELLS, 8192, "flavour-shells", "shells of one flavour")                             \
    X(TOMBSTONES, 64, "tombstones", "crashed guests are remembered")                               \
    X(USER_TOMBSTONES, 16, "user-tombstones", "crashed guests of one user who is not root")        \
    X(DEFINITIONS, 1000, "definitions", "definitions on this host")                                \
    X(USER_DEFINITIONS, 64, "user-definitions", "definitions of one user who is not root")         \
    X(CORES, 16, "cores", "core dumps that a policy asked for are kept")                           \
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

/* Sets the error of a limit that was reached; returns -UKVM_E_LIMIT. */
int limit_reached(struct error *error, enum limit_id id);

#endif
