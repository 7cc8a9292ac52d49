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
struct guest;

#define CREATE_PHASES_MAX 20u

struct create_phase {
    const char *name;
    uint64_t ns; /* how long it took */
};

struct create_result {
    struct guest *guest; /* the table's; valid during the call */
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
    bool wait; /* until ready, else until it runs */
    uint64_t timeout_ns;
    uint64_t received_ns; /* when the request came: the first phase starts there */
    create_done_fn *done;
    void *arg;
};

/* done may be called before this returns. */
void core_create(struct core *core, struct create_request *request);

/* For core: what happens to a guest whose creator waits. */
struct create;
void create_on_attached(struct create *create, int status, const char *text);
void create_on_ready(struct create *create);
/* Ends in done with the error, once everything is released. */
void create_abort(struct create *create, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* All that are under way fail: the daemon stops. */
void create_abort_all(struct core *core);

#endif
