/*
 *              all that it is after have settled, or the time for them is over
 *   (listed) ------------------------------------------------------------------> started
 *
 * A guest has settled when it is ready, has ended, or could not be started. When nobody is being
 * started and some are still listed, they wait for each other: the first of them is started.
 */
#include "core/autostart.h"

#include <string.h>

#include "core/core.h"
#include "core/definition_internal.h"
#include "util/keyval.h"
#include "util/log.h"

/* To be ready, as far as others wait for it. Then they do not any more; it may still get ready. */
#define READY_NS (UINT64_C(60) * 1000000000)
#define BUILD_NS (UINT64_C(60) * 1000000000)

static void start_those_that_may(struct core *core);

/* Others may have to wait for it. */
static bool is_unsettled(const struct definition *definition)
{
    return list_linked(&definition->starting) || definition->autostart != NULL;
}

static bool may_start(const struct definition *definition)
{
    for (unsigned i = 0; i < definition->terms.after_count; i++) {
        const struct definition *other =
            definition_by_name(definition->core, definition->terms.after[i]);
        if (other != NULL && other != definition && is_unsettled(other))
            return false;
    }
    return true;
}

static void settle(struct definition *definition)
{
    if (definition->autostart == NULL)
        return;
    definition->core->loop->ops->timer_destroy(definition->autostart);
    definition->autostart = NULL;
    start_those_that_may(definition->core);
}

void autostart_on_settled(struct definition *definition)
{
    settle(definition);
}

static void on_overdue(void *arg)
{
    struct definition *definition = arg;

    log_warning("%s: is not ready yet; who is to start after it does now", definition->spec.name);
    settle(definition);
}

static void note_if_done(struct core *core);

static void on_created(void *arg, const struct create_result *result, const struct error *error)
{
    if (result == NULL)
        log_error("autostart: %s", error->text);
    note_if_done(arg);
}

static void start(struct definition *definition)
{
    struct loop *loop = definition->core->loop;
    const struct create_request how = {.timeout_ns = BUILD_NS,
                                       .received_ns = core_now_ns(definition->core),
                                       .done = on_created,
                                       .arg = definition->core};
    struct error error;

    list_remove(&definition->starting);
    if (definition_state(definition) != DEFINITION_DEFINED)
        return;
    definition->autostart = loop->ops->timer_create(loop, on_overdue, definition);
    if (definition->autostart != NULL)
        loop->ops->timer_set(definition->autostart, READY_NS);
    if (definition_start(definition, &how, &error) == 0)
        return;
    log_error("autostart: %s", error.text);
    if (definition->autostart != NULL)
        loop->ops->timer_destroy(definition->autostart);
    definition->autostart = NULL;
}

static struct definition *next_to_start(const struct core *core)
{
    LIST_FOR_EACH(node, &core->definitions.starting)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, starting);
        if (may_start(definition))
            return definition;
    }
    return NULL;
}

static bool nobody_is_unsettled(const struct core *core)
{
    LIST_FOR_EACH(node, &core->definitions.all)
    if (LIST_OWNER(node, struct definition, all)->autostart != NULL)
        return false;
    return true;
}

/* Of those that this has begun to start: they have no domain of their own yet. */
static bool nobody_is_being_built(const struct core *core)
{
    LIST_FOR_EACH(node, &core->definitions.all)
    if (LIST_OWNER(node, struct definition, all)->asked.done == on_created)
        return false;
    return true;
}

/*
 * For a chaosd that is started anew: who does not run now was ended by somebody. Not before all
 * have been built: a chaosd that is killed before that leaves the rest to the next one.
 */
static void note_if_done(struct core *core)
{
    static const uint8_t done = 1;
    struct definitions *definitions = &core->definitions;

    if (definitions->autostarted || definitions->is_starting || core->stopping ||
        !list_empty(&definitions->starting) || !nobody_is_being_built(core))
        return;
    definitions->autostarted = true;
    int rc = keyval_put(core->config.store, AUTOSTART_KEY, &done, sizeof(done));
    if (rc < 0)
        log_error("autostart: that it is done cannot be recorded: %s", strerror(-rc));
}

/* From the start each time: what is started may settle at once. */
static void start_those_that_may(struct core *core)
{
    struct definitions *definitions = &core->definitions;
    struct list *starting = &definitions->starting;
    struct definition *definition;

    if (definitions->is_starting)
        return;
    definitions->is_starting = true;
    while (!core->stopping && !list_empty(starting)) {
        definition = next_to_start(core);
        if (definition == NULL && !nobody_is_unsettled(core))
            break;
        if (definition == NULL) {
            definition = LIST_OWNER(starting->next, struct definition, starting);
            log_warning("%s: is to start after one that is to start after it; starts now",
                        definition->spec.name);
        }
        start(definition);
    }
    definitions->is_starting = false;
    note_if_done(core);
}

void autostart_begin(struct core *core)
{
    if (core->definitions.autostarted)
        return;
    LIST_FOR_EACH(node, &core->definitions.all)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, all);
        if (definition->terms.autostart && definition->persistent &&
            definition_state(definition) == DEFINITION_DEFINED)
            list_append(&core->definitions.starting, &definition->starting);
    }
    start_those_that_may(core);
}
