/*
 * Definitions: what a guest is to be, kept apart from any domain, with its image, so that the guest
 * can be started by its name, with the host, and again when it has ended. May be included by core;
 * ctl reads them and calls the verbs.
 *
 * A persistent one was defined by its user and lives in files that survive the host. The other kind
 * is made for a guest that is created with a policy that restarts it; it ends with that guest.
 *
 *           start               runs
 *   DEFINED ------> STARTING ---------> UP
 *     ^ ^            |    ^             |
 *     | '- failed ---'    | time is up  | it has ended, and is to be started again
 *     |                   |             v
 *     |                   '--------- WAITING <--- failed again (from STARTING)
 *     '-- given up, destroyed --- (from UP and WAITING)
 *     |
 *     '-- undefined; of the second kind at once --> GONE
 */
#ifndef CHAOS_CORE_DEFINITION_H
#define CHAOS_CORE_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/addr.h"
#include "core/create.h"
#include "core/destroy.h"
#include "core/spec.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/loop.h"
#include "util/sm.h"

enum definition_state {
    DEFINITION_DEFINED,
    DEFINITION_STARTING,
    DEFINITION_UP,
    DEFINITION_WAITING,
    DEFINITION_GONE,
};

/* Of all keys of the state store, those with this bit are definitions' runs (definition_run.c). */
#define DEFINITION_ID_BIT   (UINT64_C(1) << 63)

#define DEFINITION_NOTE_MAX 160u

struct core;
struct guest;

/* Addresses that a guest keeps when it is started again. */
struct definition_address {
    uint8_t mac[6];
    bool has_ip;
    struct hostnet_ip ip;
};

struct definition {
    struct core *core;
    uint64_t id; /* later ones are greater */
    struct guest_spec spec;
    struct spec_terms terms;
    uid_t owner;
    bool persistent;
    bool busy; /* its files are being changed */
    uint64_t image_bytes;

    struct sm life;      /* enum definition_state */
    struct guest *guest; /* the present one, from the moment it has its name */
    unsigned restarts;   /* in a row */
    uint64_t counted;    /* id of the guest whose restart is the last of these; 0: none */
    bool has_run;        /* a former chaosd has recorded that it is to be up */
    bool keeps_addresses;
    bool ceases; /* STARTING: its guest was destroyed, and is not to be started again */
    struct definition_address address[LIMIT_VIFS];
    char note[DEFINITION_NOTE_MAX]; /* why it does not run; "": nobody asked for it */

    struct create_request asked; /* while STARTING: whom to answer; done NULL: nobody */
    struct create_request
        again; /* restart verb: whom to answer, and how to start; done NULL: none */
    struct destroy_waiter released; /* WAITING for the end of the former guest */
    struct loop_timer *timer;       /* WAITING */
    struct loop_timer *autostart;   /* time for others to wait for it */

    struct hash_node by_name;
    struct list all;
    struct list starting; /* linked while autostart has yet to start it */
};

/* The text of a definition's file: core does not know JSON. */
struct definition_codec {
    /* Codes: CONFIG, LIMIT. */
    int (*read)(const char *text, size_t size, struct guest_spec *spec_out,
                struct spec_terms *terms_out, uid_t *owner_out, struct error *error);
    /* The same text with another name: malloc'ed, or NULL when out of memory. */
    char *(*rename)(const char *text, const char *name);
};

struct definitions {
    struct list all; /* in no order */
    struct hash by_name;
    unsigned count;
    uint64_t last_id;
    struct list changes;  /* struct change: files being written */
    struct list starting; /* those that autostart has yet to start */
    bool is_starting;     /* it does just now */
    bool autostarted;     /* it has, since the start of the host */
};

/* A definition that is in no file yet. NULL when out of memory. */
struct definition *definition_create(struct core *core, uint64_t id, const struct guest_spec *spec,
                                     const struct spec_terms *terms, uid_t owner, bool persistent);
/* Greater than all before. */
uint64_t definition_next_id(struct core *core);
/* Its files are not touched. It must be DEFINED, with no guest. */
void definition_destroy(struct definition *definition);

struct definition *definition_by_name(const struct core *core, const char *name);
struct definition *definition_by_id(const struct core *core, uint64_t id);
/* The one with the least name after that one: for lists. NULL: no more. */
struct definition *definition_after(const struct core *core, const char *name);
enum definition_state definition_state(const struct definition *definition);
/* As users read it, when it has no guest to be read from: "defined", "starting" or "restarting". */
const char *definition_state_name(const struct definition *definition);

/*
 * Start its guest. Of how are used: wait, timing, timeout_ns, received_ns, done, arg; done may be
 * called before this returns. Code: BAD_STATE, NO_FILE; then done is not called.
 */
int definition_start(struct definition *definition, const struct create_request *how,
                     struct error *error);
/*
 * The same after its guest has ended, for which it is asked (within timeout_ns), or with force is
 * destroyed.
 */
int definition_restart(struct definition *definition, const struct create_request *how, bool force,
                       struct error *error);
/* It is not to be started again, if it waits for that. Code: BAD_STATE. */
int definition_cease(struct definition *definition, struct error *error);

/* ---- for core: what happens to its guest -------------------------------------------- */

/* It has its name now. */
void definition_take(struct definition *definition, struct guest *guest);
/* One that a former chaosd has started. */
void definition_adopt(struct definition *definition, struct guest *guest);
/*
 * Its guest has ended, and a policy says restart (asked by a verb, whatever the policy). False: it
 * is not started again, and why is in the guest's reason.
 */
bool definition_again(struct guest *guest);
/* Whether the verb wants it started again, whatever the policy. */
bool definition_is_asked(const struct guest *guest);
/* It leaves the lists, or only the record of its end is left. */
void definition_release(struct guest *guest);

/* ---- beginning and end -------------------------------------------------------------- */

void definitions_init(struct core *core);
/* Read from their files; those that are wrong are logged and left. Codes: INTERNAL, NO_MEMORY. */
int definitions_load(struct core *core, struct error *error);
/* After adoption: those whose guest ended under a former chaosd go on, others are forgotten. */
void definitions_resume(struct core *core);
/* No restart from now on. */
void definitions_stop(struct core *core);
void definitions_fini(struct core *core);

#endif
