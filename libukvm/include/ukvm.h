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
    char state[16];        /* docs/lifecycle.md */
    char reason[160];      /* "" when there is none */
    uint64_t memory_bytes; /* that it has now; at most what it was created with */
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
/* The same, to reboot: whether it is started again then is what its on_reboot says. */
int ukvm_reboot(struct ukvm *handle, const char *guest, uint32_t timeout_ms, bool force);
/* Give it another name. Errors also: CONFIG, EXISTS. */
int ukvm_rename(struct ukvm *handle, const char *guest, const char *name);
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

/*
 * Wait until a guest is as goal says: "ready" (it has said so, and runs), "stopped" (it has ended
 * in any way), or the name of a state (docs/lifecycle.md). Returns at once if it already is; of a
 * guest that is gone chaosd knows that as long as its history reaches. timeout_ms 0: no deadline.
 * GUEST_FAILED: it has ended instead. TIMEOUT. NO_DAEMON: chaosd has ended meanwhile; ask again.
 */
int ukvm_wait(struct ukvm *handle, const char *guest, const char *goal, uint32_t timeout_ms);

/* ---- events ------------------------------------------------------------------------- */

struct ukvm_events_options {
    size_t size;
    uint64_t since; /* the cursor, the id of the last event that was read; 0: all that are kept */
    bool follow;   /* go on with those that come; else a last one, of kind "end", ends the stream */
    bool only_new; /* none of those that were, whatever since says */
};

/*
 * What happens to guests, from the cursor on: a socket to be polled for reading in the caller's own
 * loop, and read with ukvm_events_next. The caller owns and closes *fd_out, which does not depend
 * on the handle's connection or its end. *cursor_out (or NULL): where the stream begins. A caller
 * that asks again with the id of the last event it has read misses nothing, also across a restart
 * of chaosd, or is told what it has missed. options may be NULL. Errors: LIMIT, NO_DAEMON,
 * PROTOCOL, INTERNAL.
 */
int ukvm_events(struct ukvm *handle, const struct ukvm_events_options *options,
                uint64_t *cursor_out, int *fd_out);

#define UKVM_LOST_UNKNOWN UINT64_MAX
#define UKVM_NO_UID       UINT32_MAX

struct ukvm_event {
    size_t size; /* set by the caller to sizeof the struct; members beyond it are not written */
    uint64_t id; /* ascending, never given twice: the cursor of what follows it */
    /* "state": the guest has moved. "lost": events up to id are not kept any more. "end": there are
       no more. Others may come with later versions. */
    char kind[16];
    uint64_t lost;    /* how many; UKVM_LOST_UNKNOWN: since was of another history, which is over */
    uint64_t time_ns; /* since 1970, as the host's clock says now */
    uint64_t monotonic_ns; /* CLOCK_MONOTONIC of the host */
    char guest[UKVM_NAME_MAX];
    char uuid[37];
    uint32_t domid; /* 0: it had no domain yet */
    uint32_t owner; /* uid */
    uint32_t by;    /* uid of who asked for it, or UKVM_NO_UID */
    char from[16];  /* states; "": there was none before */
    char to[16];
    char cause[256]; /* for people; with who asked for it */
};

/*
 * The next event of the stream, without blocking; the handle only keeps the message. 1: here it is.
 * 0: none is there yet; poll fd. NO_DAEMON: the stream has ended: chaosd has, or all was read and
 * "end" with it; close fd, and ask for another from the last id on. PROTOCOL: chaosd said what is
 * no event.
 */
int ukvm_events_next(struct ukvm *handle, int fd, struct ukvm_event *event);

/* ---- guests, continued -------------------------------------------------------------- */

/*
 * Write a guest's memory and registers into a file, as an ELF core that gdb opens. fd: a regular
 * file open for writing, not for appending; borrowed; what it held is lost. A guest that runs
 * stands still until the call returns. If it fails, or the caller goes away and chaosd is stopped,
 * the file is no core. Errors also: NO_FILE (the file), LIMIT.
 */
int ukvm_dump_core(struct ukvm *handle, const char *guest, int fd);

/*
 * Bind a vCPU of a guest that runs, or UKVM_ALL_VCPUS, to CPUs of the host: hard affinity. cpus: as
 * the configuration key of that name ("0", "2-5,^3", "all"); for root. Errors also: CONFIG.
 */
#define UKVM_ALL_VCPUS UINT32_MAX
int ukvm_vcpu_pin(struct ukvm *handle, const char *guest, uint32_t vcpu, const char *cpus);

/* A guest's share of the host's CPUs. */
struct ukvm_sched {
    char scheduler[16]; /* of the host, as Xen names it */
    uint32_t weight;    /* against others', 256 by default */
    uint32_t cap;       /* percent of one CPU that it may use at most; 0: no bound */
};

/* Errors also: NOT_SUPPORTED, if the host's scheduler has no weights (credit2 and credit have). */
int ukvm_sched(struct ukvm *handle, const char *guest, struct ukvm_sched *sched_out);
/*
 * Set the weight (1 to 65535), the cap, or both; NULL keeps what there is; for root. sched_out may
 * be NULL. Errors also: CONFIG, NOT_SUPPORTED.
 */
int ukvm_sched_set(struct ukvm *handle, const char *guest, const uint32_t *weight,
                   const uint32_t *cap, struct ukvm_sched *sched_out);

/*
 * Have a running guest give back memory that it does not use, or take back what it gave, until it
 * has mib: at least 1, at most what it was created with. timeout_ms 0: 10,000. Errors also: CONFIG
 * (out of bounds), NOT_SUPPORTED (its kernel cannot), BAD_STATE (it uses more), NO_MEMORY (the host
 * has not all of it), TIMEOUT (it has not answered).
 */
int ukvm_mem_set(struct ukvm *handle, const char *guest, uint32_t mib, uint32_t timeout_ms);

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

/*
 * All guests by ascending domain id, and then by name the definitions without one, with domain id
 * 0 and no UUID. The caller frees *guests_out with free().
 */
int ukvm_list(struct ukvm *handle, struct ukvm_guest **guests_out, size_t *count_out);

struct ukvm_vif_stats {
    uint64_t rx_frames; /* towards the guest */
    uint64_t rx_bytes;
    uint64_t rx_drops; /* it had no room, or broke a protocol */
    uint64_t tx_frames;
    uint64_t tx_bytes;
    uint64_t tx_drops; /* malformed, not from its address, or too many */
};

/* What a guest has used. Later versions of the library append members. */
struct ukvm_stats {
    size_t size; /* of what the library has filled in */
    char name[UKVM_NAME_MAX];
    uint32_t domid;
    char state[16];
    uint32_t vcpus;
    uint64_t taken_ns; /* by a clock that starts at some time: for differences */
    uint64_t cpu_ns;   /* CPU time of all vCPUs, since the domain was built */
    uint64_t memory_bytes;
    bool net_known; /* false: chaos-iod is being started again, or busy; the rest is 0 */
    uint32_t vif_count;
    /* Since chaos-iod has served the guest: they begin at 0 again when that is replaced. */
    struct ukvm_vif_stats vifs[UKVM_VIFS_MAX];
};

/* stats is valid during the call. No other call of the handle is allowed. */
typedef void ukvm_on_stats(void *arg, const struct ukvm_stats *stats);

/*
 * on_stats is called for every guest, by ascending domain id; also for some when the call fails
 * later. Each page of guests has a taken_ns of its own.
 */
int ukvm_stats(struct ukvm *handle, ukvm_on_stats *on_stats, void *arg);

/*
 * Set the pool of shells by one line of "KEY=VALUE ..." as in chaosd's configuration
 * (docs/config.md); for root. Errors: CONFIG, LIMIT.
 */
int ukvm_pool_set(struct ukvm *handle, const char *setting);

/*
 * What Xen has logged, and guests through it, as printable ASCII and control characters; with clear
 * it is forgotten; for root. The caller frees *text_out with free().
 */
int ukvm_dmesg(struct ukvm *handle, bool clear, char **text_out);

/* ---- definitions -------------------------------------------------------------------- */

/*
 * Keep a configuration and a copy of its image, so that the guest can be started by its name, also
 * after the host was started anew. In place of the caller's definition of that name, if that does
 * not run. kernel_fd: as in struct ukvm_create_options. guest_out may be NULL.
 * Errors: CONFIG, NO_FILE, BAD_IMAGE, ABI, EXISTS, BAD_STATE, LIMIT, PERMISSION, TIMEOUT,
 * NO_DAEMON, PROTOCOL, INTERNAL.
 */
int ukvm_define(struct ukvm *handle, struct ukvm_config *config, int kernel_fd,
                struct ukvm_guest *guest_out);
/* Forget a definition whose guest does not run. */
int ukvm_undefine(struct ukvm *handle, const char *name);

struct ukvm_start_options {
    size_t size;
    bool no_wait;        /* return once the guest runs, not when it is ready */
    uint32_t timeout_ms; /* for ready, and of restart to stop; 0: 10,000 */
    bool force;          /* of restart: destroy it instead of asking it to stop */
};

/*
 * Start the guest of a definition. options and guest_out may be NULL. Errors: those of ukvm_create
 * beside BAD_STATE.
 */
int ukvm_start(struct ukvm *handle, const char *name, const struct ukvm_start_options *options,
               struct ukvm_guest *guest_out);
/*
 * The same after the guest has ended, if there is one; also of a guest that was created with a
 * policy that restarts it.
 */
int ukvm_restart(struct ukvm *handle, const char *guest, const struct ukvm_start_options *options,
                 struct ukvm_guest *guest_out);

/* ---- replies as text ---------------------------------------------------------------- */

/* The JSON text of a reply: the caller frees *json_out with free(). */
int ukvm_info_json(struct ukvm *handle, const char *guest, char **json_out);
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
