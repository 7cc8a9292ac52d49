/*
 *                image is read, for which it waits         its files are written, likewise
 *   core_define -----------------------------------> job -----------------------------> done
 *   core_rename ---------------------------------------^
 */
#include "core/define.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/definition_file.h"
#include "core/definition_internal.h"
#include "core/policy.h"
#include "util/fault.h"
#include "util/fd_closer.h"
#include "util/job.h"
#include "util/log.h"

/* For a file of the client's, whose server may never answer. */
#define READ_NS (UINT64_C(30) * 1000000000)

struct change {
    struct list node;
    struct core *core;
    struct definition *definition;
    struct definition *replaced; /* by it, when it is in its files; or NULL */
    char *text;
    char name[LIMIT_NAME + 1];

    /* Of a define. */
    int image_fd;
    struct image_waiter read;
    struct image_entry *image;
    struct loop_timer *timer; /* while the image is read */
    define_done_fn *defined;

    rename_done_fn *renamed; /* of a rename */

    void *arg;
    struct job *job;
    struct error error;
};

bool define_is_reserved(const struct core *core, const char *name)
{
    LIST_FOR_EACH(node, &core->definitions.changes)
    if (strcmp(LIST_OWNER(node, struct change, node)->name, name) == 0)
        return true;
    return false;
}

static void change_free(struct change *change)
{
    list_remove(&change->node);
    if (change->timer != NULL)
        change->core->loop->ops->timer_destroy(change->timer);
    image_cache_cancel(&change->read);
    if (change->image != NULL)
        image_cache_release(&change->core->images, change->image);
    fd_close_foreign(&change->image_fd, change->definition->owner);
    free(change->text);
    free(change);
}

/* In its thread. */
static int write_files(void *arg)
{
    const struct change *change = arg;
    const struct image_entry *image = change->image;

    return definition_file_save(definition_directory(change->definition), change->definition->id,
                                change->text, image == NULL ? NULL : image->data,
                                image == NULL ? 0 : image->size_bytes);
}

/* ---- define ------------------------------------------------------------------------- */

static void define_failed(struct change *change)
{
    struct definition *definition = change->definition;
    struct error error = change->error;
    define_done_fn *done = change->defined;
    void *arg = change->arg;

    if (change->replaced != NULL)
        change->replaced->busy = false;
    change_free(change);
    definition_destroy(definition);
    done(arg, NULL, &error);
}

/* The files of both are there: the later one counts. */
static int take_over(struct change *change)
{
    struct definition *old = change->replaced;

    if (old == NULL)
        return 0;
    definition_remove(old);
    change->replaced = NULL;
    return definition_add(change->definition);
}

static void on_defined(void *arg, int rc)
{
    struct change *change = arg;
    struct definition *definition = change->definition;
    define_done_fn *done = change->defined;
    void *owner = change->arg;

    change->job = NULL;
    fault_record("files", "after");
    if (rc == 0)
        rc = take_over(change);
    if (rc < 0) {
        error_set(&change->error, UKVM_E_INTERNAL, "%s: its definition cannot be written: %s",
                  change->name, strerror(-rc));
        define_failed(change);
        return;
    }
    definition->busy = false;
    change_free(change);
    done(owner, definition, NULL);
}

static void save(struct change *change)
{
    fault_record("files", "before");
    int rc = job_start(change->core->loop, write_files, on_defined, change, &change->job);

    if (rc == 0)
        return;
    error_from_errno(&change->error, -rc, "define");
    define_failed(change);
}

static void on_image(struct image_waiter *waiter, struct image_entry *entry,
                     const struct error *error)
{
    struct change *change = LIST_OWNER(waiter, struct change, read);

    change->core->loop->ops->timer_cancel(change->timer);
    change->image = entry;
    if (entry == NULL)
        error_set(&change->error, error->code, "%s: %s", change->definition->spec.kernel,
                  error->text);
    if (entry != NULL &&
        definition_admit_image(change->definition, entry->size_bytes, &change->error) == 0)
        save(change);
    else
        define_failed(change);
}

static void on_deadline(void *arg)
{
    struct change *change = arg;

    error_set(&change->error, UKVM_E_TIMEOUT, "%s: its image was not read within %u s",
              change->name, (unsigned)(READ_NS / UINT64_C(1000000000)));
    define_failed(change);
}

static void read_image(struct change *change)
{
    struct core *core = change->core;
    struct error error;

    change->read.done = on_image;
    core->loop->ops->timer_set(change->timer, READ_NS);
    if (image_cache_get(&core->images, change->image_fd, change->definition->owner, &change->read,
                        &change->image, &error) < 0)
        on_image(&change->read, NULL, &error);
    else if (change->image != NULL)
        on_image(&change->read, change->image, NULL);
}

static unsigned count_of(const struct core *core, uid_t owner)
{
    unsigned count = 0;

    LIST_FOR_EACH(node, &core->definitions.all)
    count += LIST_OWNER(node, struct definition, all)->owner == owner;
    return count;
}

static int check_count(const struct core *core, uid_t owner, struct error *error)
{
    if (core->definitions.count >= LIMIT_DEFINITIONS)
        return limit_reached(error, LIMIT_ID_DEFINITIONS);
    if (owner != 0 && count_of(core, owner) >= LIMIT_USER_DEFINITIONS)
        return limit_reached(error, LIMIT_ID_USER_DEFINITIONS);
    return 0;
}

/* Whom a definition of that name takes the place of, if it may. */
static int check_name(const struct core *core, const struct define_request *request,
                      struct definition **replaced_out, struct error *error)
{
    const char *name = request->spec->name;
    const struct guest *guest = guest_table_by_name(&core->guests, name);
    struct definition *definition = definition_by_name(core, name);

    if (define_is_reserved(core, name))
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being changed; try again", name);
    if (definition == NULL && guest != NULL && !list_linked(&guest->tombstone))
        return error_set(error, UKVM_E_EXISTS,
                         "%s: a guest of that name exists; destroy it or take another name", name);
    if (definition == NULL)
        return 0;
    if (!request->persistent || !definition->persistent ||
        (request->owner != 0 && request->owner != definition->owner))
        return error_set(error, UKVM_E_EXISTS,
                         "%s: is defined; 'chaos start %s' starts it, 'undefine' removes it", name,
                         name);
    if (definition_state(definition) != DEFINITION_DEFINED || definition->busy)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; shut it down first", name,
                         definition->guest != NULL ? guest_state_name(definition->guest)
                                                   : definition_state_name(definition));
    *replaced_out = definition;
    return 0;
}

static int check(const struct core *core, const struct define_request *request,
                 struct definition **replaced_out, struct error *error)
{
    int rc = 0;

    if (core->stopping)
        return error_set(error, UKVM_E_NO_DAEMON, "chaosd is stopping");
    if (request->persistent && core->config.state_directory < 0)
        return error_set(error, UKVM_E_NOT_SUPPORTED,
                         "%s: chaosd has no directory for definitions: see 'state' in its "
                         "configuration",
                         request->spec->name);
    rc = spec_check(request->spec, error);
    if (rc == 0)
        rc = policy_check_rights(core, request->spec, request->owner, error);
    if (rc == 0)
        rc = check_name(core, request, replaced_out, error);
    if (rc == 0 && *replaced_out == NULL)
        rc = check_count(core, request->owner, error);
    return rc;
}

static struct change *change_create(struct core *core, struct definition *definition,
                                    const char *name)
{
    struct change *change = calloc(1, sizeof(*change));

    if (change == NULL)
        return NULL;
    change->core = core;
    change->definition = definition;
    change->image_fd = -1;
    snprintf(change->name, sizeof(change->name), "%s", name);
    list_append(&core->definitions.changes, &change->node);
    return change;
}

/* What has been made goes with change_free() and definition_destroy(). */
static int begin(struct core *core, struct define_request *request, struct definition *replaced,
                 struct change **change_out)
{
    struct definition *definition =
        definition_create(core, definition_next_id(core), request->spec, request->terms,
                          request->owner, request->persistent);
    struct change *change =
        definition == NULL ? NULL : change_create(core, definition, request->spec->name);

    if (change == NULL) {
        if (definition != NULL)
            definition_destroy(definition);
        return -ENOMEM;
    }
    change->text = core->config.codec->rename(request->text, request->spec->name);
    change->timer = core->loop->ops->timer_create(core->loop, on_deadline, change);
    definition->busy = true;
    int rc = change->text == NULL || change->timer == NULL ? -ENOMEM : 0;
    if (rc == 0 && replaced == NULL)
        rc = definition_add(definition);
    if (rc < 0) {
        change_free(change);
        definition_destroy(definition);
        return rc;
    }
    *change_out = change;
    return 0;
}

void core_define(struct core *core, struct define_request *request)
{
    struct definition *replaced = NULL;
    struct change *change = NULL;
    struct error error;
    int rc = check(core, request, &replaced, &error);

    if (rc == 0) {
        rc = begin(core, request, replaced, &change);
        if (rc < 0)
            error_from_errno(&error, -rc, "define");
    }
    if (change == NULL) {
        fd_close_foreign(&request->image_fd, request->owner);
        request->done(request->arg, NULL, &error);
        return;
    }
    change->defined = request->done;
    change->arg = request->arg;
    change->image_fd = request->image_fd;
    request->image_fd = -1;
    change->replaced = replaced;
    if (replaced != NULL)
        replaced->busy = true;
    read_image(change);
}

/* ---- define and create -------------------------------------------------------------- */

static void on_defined_to_create(void *arg, struct definition *definition,
                                 const struct error *error)
{
    struct create_request *how = arg;
    struct error failure;

    if (definition == NULL)
        how->done(how->arg, NULL, error);
    else if (definition_start(definition, how, &failure) < 0) {
        definition_settle(definition);
        how->done(how->arg, NULL, &failure);
    }
    free(how);
}

void core_define_and_create(struct core *core, struct create_request *request)
{
    struct create_request *how = malloc(sizeof(*how));
    struct define_request define = {.spec = request->spec,
                                    .terms = request->terms,
                                    .text = request->text,
                                    .image_fd = request->image_fd,
                                    .owner = request->owner,
                                    .done = on_defined_to_create,
                                    .arg = how};
    struct error error;

    if (how == NULL) {
        fd_close_foreign(&request->image_fd, request->owner);
        error_from_errno(&error, ENOMEM, "create");
        request->done(request->arg, NULL, &error);
        return;
    }
    *how = *request;
    request->image_fd = -1;
    core_define(core, &define);
}

/* ---- undefine ----------------------------------------------------------------------- */

int core_undefine(struct definition *definition, struct error *error)
{
    if (definition_state(definition) != DEFINITION_DEFINED || definition->busy)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; shut it down or destroy it first",
                         definition->spec.name,
                         definition->guest != NULL ? guest_state_name(definition->guest)
                                                   : definition_state_name(definition));
    definition_remove(definition);
    return 0;
}

/* ---- rename ------------------------------------------------------------------------- */

static int rename_guest(struct core *core, struct guest *guest, const char *name)
{
    int rc = guest_table_rename(&core->guests, guest, name);

    if (rc < 0)
        return rc;
    if (guest->control.page != NULL)
        memcpy(guest->control.page->name, guest->name, sizeof(guest->name));
    store_refresh(guest);
    return 0;
}

static int rename_definition(struct definition *definition, const char *name)
{
    struct definitions *definitions = &definition->core->definitions;

    hash_remove(&definitions->by_name, &definition->by_name);
    snprintf(definition->spec.name, sizeof(definition->spec.name), "%s", name);
    return hash_add(&definitions->by_name, &definition->by_name, hash_text(name));
}

static void on_renamed(void *arg, int rc)
{
    struct change *change = arg;
    struct definition *definition = change->definition;
    struct guest *guest = definition->guest;
    rename_done_fn *done = change->renamed;
    void *owner = change->arg;
    struct error error;

    change->job = NULL;
    fault_record("files", "after");
    definition->busy = false;
    if (rc == 0)
        rc = rename_definition(definition, change->name);
    if (rc == 0 && guest != NULL)
        rc = rename_guest(change->core, guest, change->name);
    if (rc < 0)
        error_set(&error, UKVM_E_INTERNAL, "%s: cannot be renamed: %s", definition->spec.name,
                  strerror(-rc));
    change_free(change);
    definition_settle(definition);
    done(owner, rc < 0 ? &error : NULL);
}

static int check_new_name(const struct core *core, const char *name, struct error *error)
{
    struct guest_spec spec;

    spec_init(&spec);
    if (strlen(name) > LIMIT_NAME)
        return limit_reached(error, LIMIT_ID_NAME);
    snprintf(spec.name, sizeof(spec.name), "%s", name);
    int rc = spec_check(&spec, error);
    if (rc < 0)
        return rc;
    if (guest_table_by_name(&core->guests, name) != NULL ||
        definition_by_name(core, name) != NULL || define_is_reserved(core, name))
        return error_set(error, UKVM_E_EXISTS, "%s: is the name of another guest", name);
    return 0;
}

static int rename_files(struct core *core, struct definition *definition, const char *name,
                        rename_done_fn *done, void *arg, struct error *error)
{
    char *text = NULL;
    int rc = definition_file_text(definition_directory(definition), definition->id, &text);
    struct change *change = rc < 0 ? NULL : change_create(core, definition, name);

    if (change == NULL) {
        free(text);
        return error_from_errno(error, rc < 0 ? -rc : ENOMEM, "rename");
    }
    change->text = core->config.codec->rename(text, name);
    free(text);
    change->renamed = done;
    change->arg = arg;
    fault_record("files", "before");
    rc = change->text == NULL
             ? -ENOMEM
             : job_start(core->loop, write_files, on_renamed, change, &change->job);
    if (rc < 0) {
        change_free(change);
        return error_from_errno(error, -rc, "rename");
    }
    definition->busy = true;
    return 0;
}

int core_rename(struct core *core, struct guest *guest, struct definition *definition,
                const char *name, rename_done_fn *done, void *arg, struct error *error)
{
    const char *old = guest != NULL ? guest->name : definition->spec.name;
    int rc = check_new_name(core, name, error);

    if (rc < 0)
        return rc;
    if (guest != NULL && (guest->create != NULL || guest_state(guest) == GUEST_CREATING))
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being created; try again", old);
    /* Its core file has its name. */
    if (guest != NULL && guest->dump != NULL)
        return error_set(error, UKVM_E_BAD_STATE,
                         "%s: is being dumped; try again when that is done", old);
    if (definition != NULL &&
        (definition->busy || definition_state(definition) == DEFINITION_STARTING))
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being changed; try again", old);
    if (definition != NULL)
        return rename_files(core, definition, name, done, arg, error);
    rc = guest == NULL ? 0 : rename_guest(core, guest, name);
    if (rc < 0)
        return error_from_errno(error, -rc, "rename");
    done(arg, NULL);
    return 0;
}

/* ------------------------------------------------------------------------------------- */

void define_fini(struct core *core)
{
    LIST_FOR_EACH(node, &core->definitions.changes)
    {
        struct change *change = LIST_OWNER(node, struct change, node);
        struct definition *definition = change->definition;
        if (change->job != NULL)
            job_join(change->job);
        change_free(change);
        if (!list_linked(&definition->all))
            definition_destroy(definition);
    }
}
