/* Definitions at the start of chaosd, from their files, and at its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/define.h"
#include "core/definition_file.h"
#include "core/definition_internal.h"
#include "util/log.h"

struct load {
    struct core *core;
    int directory;
    bool persistent;
    bool no_memory;
};

/* Of two of one name the later one is in its place: the first was being removed. */
static int enter(struct definition *definition)
{
    struct definition *other = definition_by_name(definition->core, definition->spec.name);

    if (other != NULL && other->id > definition->id) {
        definition_remove(definition);
        return 0;
    }
    if (other != NULL)
        definition_remove(other);
    return definition_add(definition);
}

static int load_text(struct load *load, uint64_t id, const char *text)
{
    struct guest_spec spec;
    struct spec_terms terms;
    struct error error;
    uid_t owner;

    if ((id & DEFINITION_ID_BIT) == 0 ||
        load->core->config.codec->read(text, strlen(text), &spec, &terms, &owner, &error) < 0 ||
        spec_check(&spec, &error) < 0)
        return -EPROTO;
    struct definition *definition =
        definition_create(load->core, id, &spec, &terms, owner, load->persistent);
    if (definition != NULL)
        definition->image_bytes = definition_file_image_bytes(load->directory, id);
    int rc = definition == NULL ? -ENOMEM : enter(definition);
    if (rc < 0 && definition != NULL)
        definition_destroy(definition);
    return rc;
}

static void load_one(void *arg, uint64_t id)
{
    struct load *load = arg;
    char *text = NULL;
    int rc = definition_file_text(load->directory, id, &text);

    if (rc == 0)
        rc = load_text(load, id, text);
    free(text);
    load->no_memory |= rc == -ENOMEM;
    if (rc < 0)
        log_warning("definition %016llx is not taken: %s", (unsigned long long)id, strerror(-rc));
}

static int load_directory(struct core *core, int directory, bool persistent, struct error *error)
{
    struct load load = {.core = core, .directory = directory, .persistent = persistent};

    if (directory < 0)
        return 0;
    int rc = definition_file_each(directory, load_one, &load);
    if (rc == 0 && load.no_memory)
        rc = -ENOMEM;
    return rc < 0 ? error_from_errno(error, -rc, "definitions") : 0;
}

int definitions_load(struct core *core, struct error *error)
{
    int rc = load_directory(core, core->config.state_directory, true, error);

    if (rc == 0)
        rc = load_directory(core, core->config.run_directory, false, error);
    if (rc == 0)
        definition_run_load(core);
    return rc;
}

void definitions_init(struct core *core)
{
    core->definitions = (struct definitions){0};
    list_init(&core->definitions.all);
    list_init(&core->definitions.changes);
    list_init(&core->definitions.starting);
}

void definitions_stop(struct core *core)
{
    struct error error;

    LIST_FOR_EACH(node, &core->definitions.all)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, all);
        if (definition_state(definition) == DEFINITION_WAITING)
            definition_cease(definition, &error);
    }
}

void definitions_fini(struct core *core)
{
    define_fini(core);
    LIST_FOR_EACH(node, &core->definitions.all)
    definition_destroy(LIST_OWNER(node, struct definition, all));
    hash_fini(&core->definitions.by_name);
}
