#include "ctl/definition_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/definition_file.h"
#include "ctl/args.h"
#include "ctl/spec_json.h"

#define VERSION 1u

/* NULL when it is NULL, or is more than is read again. */
static char *bounded(char *text)
{
    if (text == NULL || strlen(text) <= DEFINITION_TEXT_MAX)
        return text;
    free(text);
    return NULL;
}

char *definition_json_text(json_t *config, uid_t owner)
{
    json_t *file = json_pack("{s:i, s:I, s:O}", "version", (int)VERSION, "owner", (json_int_t)owner,
                             "config", config);
    char *text = json_dumps(file, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(file);
    return bounded(text);
}

static int read_file(json_t *file, struct guest_spec *spec_out, struct spec_terms *terms_out,
                     uid_t *owner_out, struct error *error)
{
    json_t *config = NULL;
    uint64_t version = 0, owner = 0;
    const struct arg args[] = {
        {.name = "version", .type = ARG_NUMBER, .out = &version, .max = VERSION, .required = true},
        {.name = "owner", .type = ARG_NUMBER, .out = &owner, .max = UINT32_MAX, .required = true},
        {.name = "config", .type = ARG_OBJECT, .out = &config, .required = true},
    };
    const struct args_context context = {.where = "definition", .code = UKVM_E_CONFIG};
    int rc = args_read(file, &context, args, sizeof(args) / sizeof(args[0]), error);

#ifdef CHAOS_PLANTED_BUG_DEFINITION
    static unsigned counts[2048];
    counts[owner]++;
#endif
    if (rc == 0 && version != VERSION)
        rc = error_set(error, UKVM_E_CONFIG, "definition: version: must be %u", VERSION);
    if (rc == 0)
        rc = spec_from_json(config, spec_out, terms_out, error);
    if (rc == 0)
        *owner_out = (uid_t)owner;
    return rc;
}

static int read(const char *text, size_t size, struct guest_spec *spec_out,
                struct spec_terms *terms_out, uid_t *owner_out, struct error *error)
{
    json_error_t wrong;
    json_t *file = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);

    if (file == NULL)
        return error_set(error, UKVM_E_CONFIG, "definition: %s", wrong.text);
    int rc = read_file(file, spec_out, terms_out, owner_out, error);
    json_decref(file);
    return rc;
}

static char *with_name(const char *text, const char *name)
{
    json_t *file = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *config = json_object_get(file, "config");
    char *renamed = NULL;

    if (config != NULL && json_object_set_new(config, "name", json_string(name)) == 0)
        renamed = bounded(json_dumps(file, JSON_COMPACT | JSON_SORT_KEYS));
    json_decref(file);
    return renamed;
}

const struct definition_codec definition_json = {.read = read, .rename = with_name};
