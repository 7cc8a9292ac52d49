/*
 * Creating a guest: create.c is the boot's timeline. May be included by core and ctl.
 */
#ifndef CHAOS_CORE_CREATE_H
#define CHAOS_CORE_CREATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"
#include "core/spec.h"

struct core;
struct create;
struct definition;
struct guest;
struct image_entry;

/*
 * The ways through the timeline. A create starts as COLD and becomes a claim when a shell fits;
 * what the two builds leave out, the two claims make up for.
 */
enum create_path {
    CREATE_COLD,         /* everything, for one request */
    CREATE_BUILD_SHELL,  /* ahead of time, without an image */
    CREATE_BUILD_LOADED, /* ahead of time, with one */
    CREATE_CLAIM_SHELL,
    CREATE_CLAIM_LOADED,
};

/* Why no shell was taken. */
enum create_cold {
    CREATE_COLD_UNKNOWN, /* the pool has no such flavour */
    CREATE_COLD_EMPTY,   /* it has, and none is ready */
    CREATE_COLD_ASKED,   /* for this path */
    CREATE_COLD_ADDRESS, /* shells have theirs already */
    CREATE_COLD_BRIDGE,  /* shells are on the switch */
};

/* What a client is told of the path that its create took. */
const char *create_path_text(enum create_path path, enum create_cold cold);

/* How much may be prepared. */
enum create_from {
    CREATE_FROM_ANY,
    CREATE_FROM_NOTHING,
    CREATE_FROM_SHELL,
    CREATE_FROM_LOADED,
};

#define CREATE_PHASES_MAX     28u

/* What Xen takes beside a guest's RAM, with its paging pool as it is until it is trimmed. */
#define CREATE_OVERHEAD_BYTES (UINT64_C(2) << 20)

struct create_phase {
    const char *name;
    uint64_t ns; /* how long it took */
};

struct create_result {
    struct guest *guest; /* the table's; valid during the call */
    enum create_path path;
    enum create_cold cold; /* why it is COLD */
    const struct create_phase *phases;
    size_t phase_count;
};

/* Called once: result, or NULL with the error. On an error nothing is left of the guest. */
typedef void create_done_fn(void *arg, const struct create_result *result,
                            const struct error *error);

struct create_request {
    const struct guest_spec *spec; /* borrowed for the call */
    int image_fd;                  /* taken */
    uid_t owner;
    bool wait;   /* until ready, else until it runs */
    bool timing; /* the result has its phases; to read the clock for each takes time, too */
    enum create_from from;
    uint64_t timeout_ns;
    uint64_t received_ns; /* when the request came: the first phase starts there */
    /* Of a spec that restarts (borrowed for the call): what its definition says beside it, and the
       text of its file, but for the name. */
    const struct spec_terms *terms;
    const char *text;
    struct definition *definition; /* whose guest it is; NULL: nobody's, or a new one's */
    create_done_fn *done;
    void *arg;
};

/* done may be called before this returns. */
void core_create(struct core *core, struct create_request *request);

/* For the pool: build a shell. spec has no name; image is held and taken over (NULL: none). A step
   a turn of the loop, so that requests are served in between. NULL when out of memory. */
struct create *create_shell(struct core *core, const struct guest_spec *spec,
                            struct image_entry *image);

/* For core: what happens to a guest whose creator waits. */
void create_on_attached(struct create *create, int status, const char *text);
void create_on_ready(struct create *create);
/* Ends in done with the error, once everything is released. */
void create_abort(struct create *create, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* All that are under way fail, builds of shells too: the daemon stops. */
void create_abort_all(struct core *core);
/* For core_fini: nobody is answered, and their guests stay as they are. */
void create_forget_all(struct core *core);

#endif
