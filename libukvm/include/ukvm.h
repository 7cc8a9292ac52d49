/*
 * libukvm: create and manage guests through chaosd. The public API; the only header of
 * the project that a client needs. C11 and C++.
 *
 * Calls block until chaosd answers. A handle belongs to one thread at a time. int functions
 * return 0 or a negated enum ukvm_error_code and leave out-parameters untouched on failure;
 * ukvm_error_message() then says what failed and what to do. The library never prints, never
 * exits and installs no signal handlers.
 *
 * Option structs start with size_t size, set by the caller to sizeof the struct; NULL options
 * mean the defaults. Members a caller does not know of are zero, the default.
 */
#ifndef UKVM_H
#define UKVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ukvm_errors.h"

#ifdef __cplusplus
extern "C" {
#endif

#define UKVM_SOCKET "/run/chaos/chaosd.sock"

struct ukvm;
struct ukvm_config;

/*
 * Connect to chaosd. path: its socket, or NULL for $CHAOS_SOCKET or UKVM_SOCKET. The caller
 * owns *handle_out and ends it with ukvm_close, which accepts NULL. On failure *handle_out is
 * untouched and message (at least UKVM_MESSAGE_MAX bytes, or NULL) receives the reason.
 * Errors: NO_DAEMON, PERMISSION, INTERNAL.
 */
#define UKVM_MESSAGE_MAX 512
int ukvm_open(const char *path, struct ukvm **handle_out, char *message);
void ukvm_close(struct ukvm *handle);

/* The one-line message of the last failed call on this handle; "" before any. Never NULL. */
const char *ukvm_error_message(const struct ukvm *handle);
/* The name of an error ("not-found") for a negated or positive code; "unknown" otherwise. */
const char *ukvm_error_name(int code);

/* ---- configuration ------------------------------------------------------------------ */

/*
 * Read a guest configuration: xl.cfg syntax, or JSON when the first non-blank character is '{'.
 * On failure message (at least UKVM_MESSAGE_MAX bytes) receives "FILE:LINE:COLUMN: what".
 * The caller owns *config_out and ends it with ukvm_config_free, which accepts NULL.
 * Errors: NO_FILE, CONFIG, NOT_SUPPORTED, INTERNAL.
 */
int ukvm_config_load(const char *path, struct ukvm_config **config_out, char *message);
/* The same from memory; name stands for the file in messages. text need not be terminated. */
int ukvm_config_parse(const char *name, const char *text, size_t length,
                      struct ukvm_config **config_out, char *message);
void ukvm_config_free(struct ukvm_config *config);
/*
 * Set a key as one line of xl.cfg syntax would ("memory=4", "name='web'"), replacing the value.
 * Errors: CONFIG, NOT_SUPPORTED.
 */
int ukvm_config_set(struct ukvm_config *config, const char *assignment, char *message);
/* Publish a port of the first vif: "HOST:GUEST[/tcp|/udp]". Errors: CONFIG. */
int ukvm_config_publish(struct ukvm_config *config, const char *rule, char *message);
/* The canonical JSON of the protocol; valid until the config changes or is freed. NULL if memory
 * is out. */
const char *ukvm_config_json(struct ukvm_config *config);

/* ---- guests ------------------------------------------------------------------------- */

#define UKVM_NAME_MAX 64
#define UKVM_VIFS_MAX 2

struct ukvm_vif {
    char mac[18];
    char ip[16]; /* without prefix; "" when none */
    uint8_t prefix_len;
    char gateway[16]; /* "" when none */
    char bridge[16];  /* "" when on the vswitch */
};

struct ukvm_guest {
    char name[UKVM_NAME_MAX];
    uint32_t domid; /* 0: it has no domain yet */
    char uuid[37];
    char state[16];   /* docs/lifecycle.md */
    char reason[160]; /* "" when there is none */
    uint64_t memory_bytes;
    uint32_t vcpus;
    char kernel[256]; /* path as given, shortened at the front if longer */
    uint32_t vif_count;
    struct ukvm_vif vifs[UKVM_VIFS_MAX];
};

struct ukvm_phase {
    char name[32];
    double us;
};

#define UKVM_PHASES_MAX 24
#define UKVM_PATH_MAX   64

/* How much of a guest may have been prepared before it is asked for. */
enum ukvm_path {
    UKVM_PATH_ANY,    /* the most that there is */
    UKVM_PATH_COLD,   /* nothing */
    UKVM_PATH_SHELL,  /* at most a domain without its image */
    UKVM_PATH_LOADED, /* as ANY, and path_taken is filled in */
};

struct ukvm_create_options {
    size_t size;
    bool no_wait;        /* return once the guest runs, not when it is ready */
    uint32_t timeout_ms; /* for ready; 0: 10,000 */
    int kernel_fd;       /* image to boot if above 0 (borrowed); else config's kernel is opened */
    /* Out, if not NULL: up to UKVM_PHASES_MAX phases in the order they happened. */
    struct ukvm_phase *phases;
    uint32_t phase_count;
    enum ukvm_path path;
    /* Out, if phases are asked for or path is not ANY: "loaded", "shell", or "cold: " and why. */
    char path_taken[UKVM_PATH_MAX];
};

/*
 * Create a guest and wait until it is ready. options may be NULL; guest_out may be NULL.
 * Errors: CONFIG, NO_FILE, BAD_IMAGE, ABI, NO_MEMORY, EXISTS, ADDRESS_IN_USE, TIMEOUT,
 * GUEST_FAILED, LIMIT, NO_DAEMON, PROTOCOL, INTERNAL. Nothing is left behind on failure.
 */
int ukvm_create(struct ukvm *handle, struct ukvm_config *config,
                struct ukvm_create_options *options, struct ukvm_guest *guest_out);

/* What became of one of many. */
struct ukvm_created {
    uint32_t number; /* from 1 on; its name is NAME-number */
    int rc;          /* 0, or its error */
    const char *message;
    const struct ukvm_guest *guest; /* NULL on an error */
};

/* Valid during the call, as are the out-members of options. No other call of the handle is allowed.
 */
typedef void ukvm_on_created(void *arg, const struct ukvm_created *created);

/*
 * Create guests NAME-1 to NAME-count of one configuration in one round trip. on_created (or NULL)
 * is called for each that was begun, when it is ready or has failed, in the order this happens.
 * When one fails no further one is begun; those that were under way (at most 15) end as they do,
 * and those that were created stay. Returns the first error, with a message that says how many were
 * created. Errors: those of ukvm_create.
 */
int ukvm_create_many(struct ukvm *handle, struct ukvm_config *config,
                     struct ukvm_create_options *options, uint32_t count,
                     ukvm_on_created *on_created, void *arg);

/*
 * Guests are addressed by exact name, domain id, or unique UUID prefix. Errors of all calls
 * below: NOT_FOUND, AMBIGUOUS, PERMISSION, BAD_STATE, NO_DAEMON, PROTOCOL, INTERNAL.
 */
int ukvm_destroy(struct ukvm *handle, const char *guest, bool wait);
int ukvm_info(struct ukvm *handle, const char *guest, struct ukvm_guest *guest_out);
int ukvm_pause(struct ukvm *handle, const char *guest);
int ukvm_unpause(struct ukvm *handle, const char *guest);
/* timeout_ms 0: 10,000. TIMEOUT: the guest did not stop (and runs on, unless force). */
int ukvm_shutdown(struct ukvm *handle, const char *guest, uint32_t timeout_ms, bool force);
/*
 * A stream socket with the guest's console; the caller owns and closes *fd_out. With follow, what
 * is written to it is the guest's input, unless another client has that: then a write fails with
 * EPIPE. Use send() with MSG_NOSIGNAL: write() also raises SIGPIPE.
 */
int ukvm_console(struct ukvm *handle, const char *guest, bool follow, int *fd_out);

struct ukvm_logs_options {
    size_t size;
    bool follow;       /* go on with what comes */
    uint64_t since_ms; /* only what was printed in this time until now; 0: all that is kept */
};

/*
 * As ukvm_console, only to read: what the guest has printed. Both also take the name of a guest
 * that is gone, as long as that is kept. options may be NULL.
 */
int ukvm_logs(struct ukvm *handle, const char *guest, const struct ukvm_logs_options *options,
              int *fd_out);

/* ---- network interfaces of a running guest ---- */

#define UKVM_PUBLISH_TEXT_MAX 384
#define UKVM_FORCED_MAX       128

struct ukvm_net {
    uint32_t slot;  /* 0 or 1: of this guest */
    char state[16]; /* "up", "attaching" or "detaching" */
    struct ukvm_vif vif;
    char publish[UKVM_PUBLISH_TEXT_MAX]; /* "HOST:GUEST/PROTOCOL,..."; "" when none */
};

struct ukvm_net_options {
    size_t size;
    uint32_t timeout_ms; /* for the guest's answer; 0: 10,000 */
    /* Out, of a detach: why the interface was taken from a guest that did not let go, or "". */
    char forced[UKVM_FORCED_MAX];
};

/*
 * Attach one more interface to a guest that runs: vif is as an element of the key in a
 * configuration
 * ("mac=...,ip=...,bridge=...,publish=HOST:GUEST", or ""). options and net_out may be NULL. Errors
 * beside those of all calls: CONFIG, ADDRESS_IN_USE, LIMIT, NO_MEMORY, NOT_SUPPORTED (its image
 * cannot), TIMEOUT, GUEST_FAILED. Nothing is left behind on failure.
 */
int ukvm_net_attach(struct ukvm *handle, const char *guest, const char *vif,
                    struct ukvm_net_options *options, struct ukvm_net *net_out);
/*
 * Detach the interface with this slot or MAC. It is gone and its addresses are free when this
 * succeeds, also from a guest that did not let go of it: see options->forced. Errors beside those
 * of all calls: CONFIG, GUEST_FAILED.
 */
int ukvm_net_detach(struct ukvm *handle, const char *guest, const char *slot_or_mac,
                    struct ukvm_net_options *options);
/* Its interfaces, by ascending slot; nets_out has room for UKVM_VIFS_MAX. */
int ukvm_net_list(struct ukvm *handle, const char *guest, struct ukvm_net *nets_out,
                  size_t *count_out);

/* All guests, by ascending domain id. The caller frees *guests_out with free(). */
int ukvm_list(struct ukvm *handle, struct ukvm_guest **guests_out, size_t *count_out);

/*
 * Set the pool of shells by one line of "KEY=VALUE ..." as in chaosd's configuration
 * (docs/config.md); for root. Errors: CONFIG, LIMIT.
 */
int ukvm_pool_set(struct ukvm *handle, const char *setting);

/* The JSON text of a reply: the caller frees *json_out with free(). */
int ukvm_noxs_json(struct ukvm *handle, const char *guest, char **json_out);
int ukvm_pool_json(struct ukvm *handle, char **json_out);
int ukvm_version_json(struct ukvm *handle, char **json_out);

/* ---- helpers ------------------------------------------------------------------------ */

/* The one of count words that is spelled most like word, to suggest it; NULL if count is 0. */
const char *ukvm_nearest(const char *word, const char *const *words, size_t count);

/* The library's own version, "MAJOR.MINOR.PATCH". */
const char *ukvm_version(void);

#ifdef __cplusplus
}
#endif

#endif
