/*
 * A create under way, or a shell being built: shared by create.c (the timeline), create_steps.c,
 * create_cpus.c and create_shell.c (its steps).
 */
#ifndef CHAOS_CORE_CREATE_INTERNAL_H
#define CHAOS_CORE_CREATE_INTERNAL_H

#include "core/core.h"
#include "core/create.h"
#include "core/destroy.h"

struct create {
    struct list all; /* core's creates, or its builds */
    struct core *core;
    enum create_path path;
    enum create_from from;
    enum create_cold cold;
    struct guest_spec spec;
    const char *label; /* what messages call it */
    uid_t owner;
    bool wait;
    bool timing;
    struct definition *definition; /* that it is made from, or NULL */
    bool trim;                     /* it has or gets what domain_trim gives back */
    int image_fd;                  /* the client's, closed when it has its answer */
    create_done_fn *done;
    void *arg;
    uint64_t timeout_ns;
    struct loop_timer *timer;  /* a create's deadline; a build's next turn */
    struct image_waiter read;  /* while the image is being read */
    struct image_entry *image; /* held until it is loaded, or known to be */
    struct image_key key;      /* of the image, once it is found */
    struct guest *guest;       /* the table's, from the step "reserve" on */
    unsigned step;             /* of the timeline */
    uint64_t step_ns;          /* when it began */
    size_t phase_count;
    struct create_phase phases[CREATE_PHASES_MAX];
    struct error error; /* why it failed */
    struct destroy_waiter released;
    struct destroy_waiter evicted; /* a shell that makes room for it */
};

/*
 * A step returns 0 when it is done, CREATE_WAIT when an event will end it, or a negated code with
 * create->error set. What it has built it leaves in the guest, where destroy_release finds it.
 */
#define CREATE_WAIT 1

/* create_steps.c */
int create_check(struct create *create);
int create_room(struct create *create);
int create_reserve(struct create *create);
int create_publish(struct create *create);
int create_domain(struct create *create);
int create_memory(struct create *create);
int create_channels(struct create *create);
int create_grants(struct create *create);
int create_load(struct create *create);
int create_page(struct create *create);
int create_clock(struct create *create);
int create_params(struct create *create);
int create_control(struct create *create);
int create_io(struct create *create);
int create_unpause(struct create *create);

/* create_cpus.c */
int create_check_cpus(struct create *create);
int create_cpus(struct create *create);

/* create_shell.c */
int create_take(struct create *create);
int create_name(struct create *create);
int create_record(struct create *create);
int create_window(struct create *create);
int create_cmdline(struct create *create);
int create_trim(struct create *create);

int create_failed(struct create *create, int rc, const char *what);
/* Writes what load says of segments, beside the guest's own layout. */
int create_load_with(struct create *create, const struct image *image, bool reserved_kept);
/* Whether its owner may have it, and its name; a dead guest of that name is forgotten. */
int create_admit(struct create *create);
int create_check_fit(struct create *create);
/* Go on: what the present step waited for may be there. */
void create_retry(struct create *create);
void create_release_image(struct create *create);

#endif
