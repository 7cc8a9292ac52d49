#include "core/definition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/autostart.h"
#include "core/definition_file.h"
#include "core/definition_internal.h"
#include "util/log.h"

/* ---- the machine -------------------------------------------------------------------- */

static const struct sm_state states[] = {
    [DEFINITION_DEFINED] = {"defined", SM_BIT(DEFINITION_STARTING) | SM_BIT(DEFINITION_UP) |
                                           SM_BIT(DEFINITION_WAITING) | SM_BIT(DEFINITION_GONE)},
    [DEFINITION_STARTING] = {"starting", SM_BIT(DEFINITION_UP) | SM_BIT(DEFINITION_WAITING) |
                                             SM_BIT(DEFINITION_DEFINED)},
    [DEFINITION_UP] = {"up", SM_BIT(DEFINITION_WAITING) | SM_BIT(DEFINITION_DEFINED)},
    [DEFINITION_WAITING] = {"restarting", SM_BIT(DEFINITION_STARTING) | SM_BIT(DEFINITION_DEFINED)},
    [DEFINITION_GONE] = {"gone", 0},
};

static bool invariant(const void *owner, unsigned state)
{
    const struct definition *definition = owner;

    switch (state) {
    case DEFINITION_UP:
        return definition->guest != NULL;
    case DEFINITION_DEFINED:
    case DEFINITION_GONE:
        return definition->guest == NULL && definition->again.done == NULL;
    case DEFINITION_WAITING:
        return definition->guest == NULL;
    default:
        return true;
    }
}

static const struct sm_type type = {"definition", states, DEFINITION_GONE + 1, invariant};

enum definition_state definition_state(const struct definition *definition)
{
    return (enum definition_state)definition->life.state;
}

const char *definition_state_name(const struct definition *definition)
{
    return sm_name(&definition->life);
}

void definition_move(struct definition *definition, enum definition_state state)
{
    sm_move(&definition->life, state, core_now_ns(definition->core));
}

/* ---- the table ---------------------------------------------------------------------- */

uint64_t definition_next_id(struct core *core)
{
    struct definitions *definitions = &core->definitions;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t id =
        DEFINITION_ID_BIT | ((uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec);
    definitions->last_id = id > definitions->last_id ? id : definitions->last_id + 1;
    return definitions->last_id;
}

struct definition *definition_create(struct core *core, uint64_t id, const struct guest_spec *spec,
                                     const struct spec_terms *terms, uid_t owner, bool persistent)
{
    struct definition *definition = calloc(1, sizeof(*definition));

    if (definition == NULL)
        return NULL;
    definition->core = core;
    definition->id = id;
    definition->spec = *spec;
    definition->terms = *terms;
    definition->owner = owner;
    definition->persistent = persistent;
    sm_init(&definition->life, &type, definition, DEFINITION_DEFINED, core_now_ns(core));
    return definition;
}

static void destroy_timer(const struct definition *definition, struct loop_timer **timer)
{
    if (*timer != NULL)
        definition->core->loop->ops->timer_destroy(*timer);
    *timer = NULL;
}

void definition_destroy(struct definition *definition)
{
    struct definitions *definitions = &definition->core->definitions;

    if (list_linked(&definition->all)) {
        list_remove(&definition->all);
        hash_remove(&definitions->by_name, &definition->by_name);
        definitions->count--;
    }
    list_remove(&definition->starting);
    list_remove(&definition->released.node);
    destroy_timer(definition, &definition->timer);
    destroy_timer(definition, &definition->autostart);
    free(definition);
}

int definition_add(struct definition *definition)
{
    struct definitions *definitions = &definition->core->definitions;

    if (definition_by_name(definition->core, definition->spec.name) != NULL)
        return -EEXIST;
    int rc =
        hash_add(&definitions->by_name, &definition->by_name, hash_text(definition->spec.name));
    if (rc < 0)
        return rc;
    list_append(&definitions->all, &definition->all);
    definitions->count++;
    if (definition->id > definitions->last_id)
        definitions->last_id = definition->id;
    return 0;
}

struct definition *definition_by_name(const struct core *core, const char *name)
{
    const struct definitions *definitions = &core->definitions;

    if (definitions->count == 0)
        return NULL;
    for (struct hash_node *node = hash_find(&definitions->by_name, hash_text(name)); node != NULL;
         node = hash_find_next(node)) {
        struct definition *definition = HASH_OWNER(node, struct definition, by_name);
        if (strcmp(definition->spec.name, name) == 0)
            return definition;
    }
    return NULL;
}

struct definition *definition_by_id(const struct core *core, uint64_t id)
{
    LIST_FOR_EACH(node, &core->definitions.all)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, all);
        if (definition->id == id)
            return definition;
    }
    return NULL;
}

struct definition *definition_after(const struct core *core, const char *name)
{
    struct definition *least = NULL;

    LIST_FOR_EACH(node, &core->definitions.all)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, all);
        if (strcmp(definition->spec.name, name) > 0 &&
            (least == NULL || strcmp(definition->spec.name, least->spec.name) < 0))
            least = definition;
    }
    return least;
}

int definition_directory(const struct definition *definition)
{
    const struct core_config *config = &definition->core->config;
    return definition->persistent ? config->state_directory : config->run_directory;
}

/* They lie beside the store, which must not want for room. */
int definition_admit_image(struct definition *definition, uint64_t bytes, struct error *error)
{
    uint64_t used = bytes;

    LIST_FOR_EACH(node, &definition->core->definitions.all)
    {
        const struct definition *other = LIST_OWNER(node, struct definition, all);
        /* One of its name is replaced by it. */
        if (other->owner == definition->owner &&
            strcmp(other->spec.name, definition->spec.name) != 0)
            used += other->image_bytes;
    }
    if (definition->owner != 0 && used > (uint64_t)LIMIT_USER_DEFINED_MIB << 20)
        return limit_reached(error, LIMIT_ID_USER_DEFINED_MIB);
    definition->image_bytes = bytes;
    return 0;
}

/* ---- starting ----------------------------------------------------------------------- */

/* With the addresses that its guest had before, while it is started again. */
static void fill_spec(const struct definition *definition, struct guest_spec *spec_out)
{
    *spec_out = definition->spec;
    for (unsigned i = 0; definition->keeps_addresses && i < spec_out->vif_count; i++) {
        static const uint8_t none[6];
        const struct definition_address *address = &definition->address[i];
        struct spec_vif *vif = &spec_out->vif[i];
        /* It was detached. */
        if (memcmp(address->mac, none, sizeof(none)) == 0)
            continue;
        memcpy(vif->mac, address->mac, sizeof(vif->mac));
        vif->has_mac = true;
        if (!vif->has_ip && address->has_ip)
            vif->ip = address->ip;
        vif->has_ip |= address->has_ip;
    }
}

static void on_created(void *arg, const struct create_result *result, const struct error *error)
{
    struct definition *definition = arg;
    struct create_request asked = definition->asked;

    definition->asked = (struct create_request){0};
    if (result != NULL) {
        definition->note[0] = '\0';
        definition_move(definition, DEFINITION_UP);
    } else if (asked.done != NULL || definition->ceases) {
        definition_rest(definition, error->text);
    } else {
        definition_failed_again(definition, error);
    }
    if (asked.done != NULL)
        asked.done(asked.arg, result, error);
}

int definition_launch(struct definition *definition, const struct create_request *how,
                      struct error *error)
{
    struct guest_spec spec;
    struct create_request create = *how;
    int rc =
        definition_file_image(definition_directory(definition), definition->id, &create.image_fd);

    if (rc < 0)
        return error_set(error, UKVM_E_NO_FILE, "%s: the copy of its image: %s",
                         definition->spec.name, strerror(-rc));
    fill_spec(definition, &spec);
    create.spec = &spec;
    create.owner = definition->owner;
    create.definition = definition;
    create.done = on_created;
    create.arg = definition;
    definition->asked = *how;
    definition->ceases = false;
    definition_move(definition, DEFINITION_STARTING);
    core_create(definition->core, &create);
    return 0;
}

int definition_start(struct definition *definition, const struct create_request *how,
                     struct error *error)
{
    if (definition->busy)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being changed; try again",
                         definition->spec.name);
    if (definition_state(definition) != DEFINITION_DEFINED)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s already", definition->spec.name,
                         definition->guest != NULL ? guest_state_name(definition->guest)
                                                   : definition_state_name(definition));
    definition->keeps_addresses = false;
    return definition_launch(definition, how, error);
}

/* ---- its guest ---------------------------------------------------------------------- */

void definition_take(struct definition *definition, struct guest *guest)
{
    definition->guest = guest;
    guest->definition = definition;
}

void definition_adopt(struct definition *definition, struct guest *guest)
{
    definition_take(definition, guest);
    definition_move(definition, DEFINITION_UP);
}

static void let_go(struct guest *guest)
{
    guest->definition->guest = NULL;
    guest->definition = NULL;
}

void definition_release(struct guest *guest)
{
    struct definition *definition = guest->definition;
    char note[DEFINITION_NOTE_MAX];

    if (definition == NULL)
        return;
    snprintf(note, sizeof(note), "%s", guest->reason);
    let_go(guest);
    /* A create that fails has its own end. */
    if (definition_state(definition) == DEFINITION_UP)
        definition_rest(definition, note);
}

void definition_rest(struct definition *definition, const char *note)
{
    struct create_request again = definition->again;

    definition->again = (struct create_request){0};
    definition->restarts = 0;
    definition->keeps_addresses = false;
    if (note != NULL)
        snprintf(definition->note, sizeof(definition->note), "%s", note);
    /* Under the next chaosd it goes on. */
    if (!definition->core->leaving)
        definition_run_remove(definition);
    if (definition->timer != NULL)
        definition->core->loop->ops->timer_cancel(definition->timer);
    list_remove(&definition->released.node);
    definition_move(definition, DEFINITION_DEFINED);
    autostart_on_settled(definition);
    if (again.done != NULL) {
        struct error error;
        error_set(&error, UKVM_E_BAD_STATE, "%s: is not started again: it was ended meanwhile",
                  definition->spec.name);
        again.done(again.arg, NULL, &error);
    }
    definition_settle(definition);
}

void definition_remove(struct definition *definition)
{
    definition_file_remove(definition_directory(definition), definition->id);
    definition_move(definition, DEFINITION_GONE);
    definition_destroy(definition);
}

void definition_settle(struct definition *definition)
{
    if (!definition->persistent && !definition->busy && !definition->core->leaving &&
        definition_state(definition) == DEFINITION_DEFINED)
        definition_remove(definition);
}
