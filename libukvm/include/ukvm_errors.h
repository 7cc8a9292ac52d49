/*
 * The one table of errors: libukvm's return codes, the names on the wire and the exit codes
 * of the CLI. May be included by anyone. X(SYMBOL, number, wire name, meaning).
 */
#ifndef UKVM_ERRORS_H
#define UKVM_ERRORS_H

#define UKVM_ERRORS(X)                                                                             \
    X(INTERNAL, 1, "internal", "unexpected failure inside chaos")                                  \
    X(USAGE, 2, "usage", "wrong command line or wrong use of the library")                         \
    X(CONFIG, 3, "config", "a configuration key or value is wrong")                                \
    X(NO_FILE, 4, "no-file", "a file is missing or cannot be opened")                              \
    X(BAD_IMAGE, 5, "bad-image", "the kernel image is not a PVH ELF image")                        \
    X(ABI, 6, "abi", "the image speaks no noxs ABI version of this daemon")                        \
    X(NO_MEMORY, 7, "no-memory", "the host has not enough free memory")                            \
    X(EXISTS, 8, "exists", "a guest of that name exists")                                          \
    X(ADDRESS_IN_USE, 9, "address-in-use", "a MAC, IP or published port is taken")                 \
    X(NOT_FOUND, 10, "not-found", "no such guest")                                                 \
    X(PERMISSION, 11, "permission", "not allowed")                                                 \
    X(NO_DAEMON, 12, "no-daemon", "chaosd is not running")                                         \
    X(NO_XEN, 13, "no-xen", "this host does not run Xen, or this is not its dom0")                 \
    X(TIMEOUT, 14, "timeout", "the deadline passed")                                               \
    X(BAD_STATE, 15, "bad-state", "the guest is in the wrong state for this")                      \
    X(GUEST_FAILED, 16, "guest-failed", "the guest stopped before it was ready")                   \
    X(LIMIT, 17, "limit", "a limit is reached")                                                    \
    X(PROTOCOL, 18, "protocol", "malformed or unknown message, or version mismatch")               \
    X(NOT_SUPPORTED, 19, "not-supported", "known, but not supported by this version")              \
    X(AMBIGUOUS, 20, "ambiguous", "several guests match")

/* UKVM_E_<SYMBOL>: positive numbers; functions return them negated. */
enum ukvm_error_code {
    UKVM_OK = 0,
#define UKVM_ERROR_ENUM(symbol, number, name, meaning) UKVM_E_##symbol = (number),
    UKVM_ERRORS(UKVM_ERROR_ENUM)
#undef UKVM_ERROR_ENUM
};

#endif
