/* Configurations in JSON: an object whose members are the keys of xl.cfg files. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

struct reader {
    const char *file;
    char *message;
    const char *key; /* being read */
};

static int fail(const struct reader *reader, const char *what)
{
    const struct config_place place = {reader->file, 1, 1};

    return config_fail(reader->message, UKVM_E_CONFIG, place, "'%.40s': %s", reader->key, what);
}

static int read_text(const struct reader *reader, const json_t *json, struct config_value *value)
{
    int length;

    if (json_is_string(json)) {
        value->type = CONFIG_STRING;
        value->text = strdup(json_string_value(json));
        return value->text != NULL ? 0 : config_no_memory(reader->message);
    }
    long long number = json_is_boolean(json) ? json_is_true(json) : json_integer_value(json);
    value->type = CONFIG_NUMBER;
    length = asprintf(&value->text, "%lld", number);
    return length >= 0 ? 0 : config_no_memory(reader->message);
}

static int read_value(const struct reader *reader, const json_t *json, struct config_value *value,
                      unsigned depth)
{
    if (json_is_string(json) || json_is_integer(json) || json_is_boolean(json))
        return read_text(reader, json, value);
    if (!json_is_array(json))
        return fail(reader, "a value is a string, a whole number, a boolean or an array");
    if (depth == CONFIG_NESTING_MAX)
        return fail(reader, "arrays nested too deeply");
    value->type = CONFIG_LIST;
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct config_value *item = config_value_add(value);
        if (item == NULL)
            return config_no_memory(reader->message);
        int rc = read_value(reader, json_array_get(json, i), item, depth + 1);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- places: jansson gives none for what it accepts ---- */

static void set_place(struct config_value *value, struct config_place place)
{
    value->place = place;
    for (size_t i = 0; i < value->count; i++)
        set_place(&value->items[i], place);
}

/* Gives the setting named by the JSON string [start, end) the place of that string. */
static void place_key(struct config_settings *settings, const char *start, const char *end,
                      struct config_place place)
{
    char name[64];
    size_t length = (size_t)(end - start);

    if (length >= sizeof(name))
        return;
    memcpy(name, start, length);
    name[length] = '\0';
    struct config_setting *setting = config_settings_find(settings, name);
    if (setting != NULL) {
        setting->place = place;
        set_place(&setting->value, place);
    }
}

/* The end of the JSON string that starts at its opening quote; text is known to be valid. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at;
}

/* A string at the outermost level is a key when a '{' or ',' was before it. */
static void place_keys(const char *file, const char *text, size_t length,
                       struct config_settings *settings)
{
    const char *end = text + length, *line_start = text;
    unsigned line = 1, depth = 0;
    bool key_next = false;

    for (const char *at = text; at < end; at++) {
        if (*at == '\n') {
            line++;
            line_start = at + 1;
        } else if (*at == '{' || *at == '[') {
            key_next = ++depth == 1;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else if (*at == ',') {
            key_next = depth == 1;
        } else if (*at == '"') {
            const char *close = string_end(at, end);
            struct config_place place = {file, line, (unsigned)(at - line_start) + 1};
            if (key_next)
                place_key(settings, at + 1, close, place);
            key_next = false;
            at = close;
        }
    }
}

static int read_members(const struct reader *file, const json_t *root,
                        struct config_settings *settings)
{
    const struct config_place place = {file->file, 1, 1};
    const char *key;
    json_t *json;

    json_object_foreach((json_t *)(uintptr_t)root, key, json)
    {
        const struct reader reader = {file->file, file->message, key};
        struct config_value value = {0};
        int rc = read_value(&reader, json, &value, 0);
        if (rc != 0) {
            config_value_fini(&value);
            return rc;
        }
        rc = config_settings_store(settings, key, place, false, &value, file->message);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int config_json_parse(const char *file, const char *text, size_t length,
                      struct config_settings *settings, char *message)
{
    const struct reader reader = {file, message, ""};
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        struct config_place place = {file, error.line > 0 ? (unsigned)error.line : 1,
                                     error.column > 0 ? (unsigned)error.column : 1};
        return config_fail(message, UKVM_E_CONFIG, place, "JSON: %s", error.text);
    }
    int rc = read_members(&reader, root, settings);
    json_decref(root);
    if (rc == 0)
        place_keys(file, text, length, settings);
    return rc;
}
