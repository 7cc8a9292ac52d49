/* A create under way: shared by create.c (the timeline) and create_steps.c (its steps). */
#ifndef CHAOS_CORE_CREATE_INTERNAL_H
#define CHAOS_CORE_CREATE_INTERNAL_H

#include "core/core.h"
#include "core/create.h"
#include "core/destroy.h"

struct create {
    struct list all;
    struct core *core;
    struct guest_spec spec;
    uid_t owner;
    bool wait;
    int image_fd; /* until the image is found or read */
    create_done_fn *done;
    void *arg;
    uint64_t timeout_ns;
    struct loop_timer *deadline;
    struct image_read *read;   /* while the image is being read */
    struct image_entry *image; /* held until it is loaded */
    struct guest *guest;       /* the table's, from the step "reserve" on */
    unsigned step;             /* of the timeline */
    uint64_t step_ns;          /* when it began */
    size_t phase_count;
    struct create_phase phases[CREATE_PHASES_MAX];
    struct error error; /* why it failed */
    struct destroy_waiter released;
};

/*
 * A step returns 0 when it is done, CREATE_WAIT when an event will end it, or a negated code with
 * create->error set. What it has built it leaves in the guest, where destroy_release finds it.
 */
#define CREATE_WAIT 1

int create_check(struct create *create);
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

void create_release_image(struct create *create);

#endif
