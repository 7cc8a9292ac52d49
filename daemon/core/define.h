/*
 * Making, changing and removing definitions, whose files are written by a thread. May be included
 * by core and ctl.
 */
#ifndef CHAOS_CORE_DEFINE_H
#define CHAOS_CORE_DEFINE_H

#include "core/create.h"
#include "core/definition.h"

struct core;
struct guest;

/* Called once: the definition (valid during the call), or NULL with the error. */
typedef void define_done_fn(void *arg, struct definition *definition, const struct error *error);

struct define_request {
    const struct guest_spec *spec; /* borrowed for the call, as the next two */
    const struct spec_terms *terms;
    const char *text; /* of its file, but for the name */
    int image_fd;     /* taken */
    uid_t owner;
    bool persistent;
    define_done_fn *done;
    void *arg;
};

/*
 * Define it: in place of one of that name of the same owner (or for root) that does not run. done
 * may be called before this returns. Codes: CONFIG, EXISTS, BAD_STATE, LIMIT, PERMISSION, NO_FILE,
 * BAD_IMAGE, ABI, TIMEOUT, NO_MEMORY, INTERNAL.
 */
void core_define(struct core *core, struct define_request *request);
/* Define a guest that its policies start again, as long as it is there, and create it. */
void core_define_and_create(struct core *core, struct create_request *request);

/* Remove it and its files. Code: BAD_STATE, when it does not rest. */
int core_undefine(struct definition *definition, struct error *error);

/* error NULL: done. */
typedef void rename_done_fn(void *arg, const struct error *error);
/*
 * Give the guest and its definition, of which one may be NULL, another name. done may be called
 * before this returns, but not when this fails. Codes: CONFIG, EXISTS, BAD_STATE, NO_MEMORY;
 * done's also INTERNAL.
 */
int core_rename(struct core *core, struct guest *guest, struct definition *definition,
                const char *name, rename_done_fn *done, void *arg, struct error *error);

/* Whether a name is being given to somebody. */
bool define_is_reserved(const struct core *core, const char *name);
/* Ends what is being written; nobody is answered. */
void define_fini(struct core *core);

#endif
