/* Configurations in JSON: an object whose members are the keys of xl.cfg files. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* ---- places: jansson gives none for what it accepts ---- */

/* Walks a text that is known to be valid JSON from one key of the outermost object to the next. */
struct walk {
    const char *file, *at, *end, *line_start;
    unsigned line, depth;
};

/* From the opening quote of a string to its closing one; a string holds no line end. */
static void skip_string(struct walk *walk)
{
    for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++) {
        if (*walk->at == '\\')
            walk->at++;
    }
}

/* A string at the outermost level is a key when a '{' or ',' was before it. */
static struct config_place next_key(struct walk *walk)
{
    bool key_next = walk->depth == 0;

    for (; walk->at < walk->end; walk->at++) {
        if (*walk->at == '\n') {
            walk->line++;
            walk->line_start = walk->at + 1;
        } else if (*walk->at == '{' || *walk->at == '[') {
            walk->depth++;
        } else if (*walk->at == '}' || *walk->at == ']') {
            walk->depth--;
        } else if (*walk->at == ',') {
            key_next = walk->depth == 1;
        } else if (*walk->at == '"') {
            unsigned column = (unsigned)(walk->at - walk->line_start) + 1;
            skip_string(walk);
            if (key_next) {
                walk->at++;
                return (struct config_place){walk->file, walk->line, column};
            }
        }
    }
    return (struct config_place){walk->file, 1, 1};
}

/* ---- values ---- */

/* The member being read: what is inside its value has the place of the key. */
struct member {
    const char *key;
    struct config_place place;
    char *message;
};

static int read_text(const struct member *member, const json_t *json, struct config_value *value)
{
    if (json_is_string(json)) {
        value->type = CONFIG_STRING;
        value->text = strdup(json_string_value(json));
        return value->text != NULL ? 0 : config_no_memory(member->message);
    }
    long long number = json_is_boolean(json) ? json_is_true(json) : json_integer_value(json);
    value->type = CONFIG_NUMBER;
    return asprintf(&value->text, "%lld", number) >= 0 ? 0 : config_no_memory(member->message);
}

static int read_value(const struct member *member, const json_t *json, struct config_value *value,
                      unsigned depth)
{
    value->place = member->place;
    if (json_is_string(json) || json_is_integer(json) || json_is_boolean(json))
        return read_text(member, json, value);
    if (!json_is_array(json))
        return config_fail(member->message, UKVM_E_CONFIG, member->place,
                           "'%.40s': a value is a string, a whole number, a boolean or an array",
                           member->key);
    if (depth == CONFIG_NESTING_MAX)
        return config_fail(member->message, UKVM_E_CONFIG, member->place,
                           "arrays nested deeper than %u", CONFIG_NESTING_MAX);
    value->type = CONFIG_LIST;
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct config_value *item = config_value_add(value);
        if (item == NULL)
            return config_no_memory(member->message);
        int rc = read_value(member, json_array_get(json, i), item, depth + 1);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Members come in the order of the text: those of jansson, and the walk through it, in step. */
static int read_members(struct walk *walk, json_t *root, struct config_settings *settings,
                        char *message)
{
    const char *key;
    json_t *json;

    json_object_foreach(root, key, json)
    {
        const struct member member = {key, next_key(walk), message};
        struct config_value value = {0};
        int rc = read_value(&member, json, &value, 0);
        if (rc != 0) {
            config_value_fini(&value);
            return rc;
        }
        rc = config_settings_store(settings, key, member.place, false, &value, message);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int config_json_parse(const char *file, const char *text, size_t length,
                      struct config_settings *settings, char *message)
{
    struct walk walk = {
        .file = file, .at = text, .end = text + length, .line_start = text, .line = 1};
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        const struct config_place place = {file, error.line > 0 ? (unsigned)error.line : 1,
                                           error.column > 0 ? (unsigned)error.column : 1};
        return config_fail(message, UKVM_E_CONFIG, place, "JSON: %s", error.text);
    }
    int rc = read_members(&walk, root, settings, message);
    json_decref(root);
    return rc;
}
