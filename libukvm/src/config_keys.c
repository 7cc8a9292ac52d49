#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- readers ---- */

int config_string_json(const struct config_value *value, json_t **json_out, char *message)
{
    json_t *json = json_string(value->text);

    if (json == NULL)
        return config_fail(message, UKVM_E_CONFIG, value->place, "the string is not UTF-8");
    *json_out = json;
    return 0;
}

int config_read_string(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message)
{
    if (value->type == CONFIG_LIST)
        return config_fail(message, UKVM_E_CONFIG, value->place, "'%s' is a string, not a list",
                           key->name);
    size_t length = strlen(value->text);
    if (length < (size_t)key->min)
        return config_fail(message, UKVM_E_CONFIG, value->place, "'%s' is empty", key->name);
    if (length > (size_t)key->max)
        return config_fail(message, UKVM_E_CONFIG, value->place,
                           "'%s' has %zu bytes, the limit is %d", key->name, length, key->max);
    return config_string_json(value, json_out, message);
}

int config_read_number(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message)
{
    long number;
    int error = config_value_number(value, &number);

    if (error == -EINVAL)
        return config_fail(message, UKVM_E_CONFIG, value->place, "'%s' is a number, not %s%.40s%s",
                           key->name, value->type == CONFIG_LIST ? "a list" : "'",
                           value->type == CONFIG_LIST ? "" : value->text,
                           value->type == CONFIG_LIST ? "" : "'");
    if (error != 0 || number < key->min || number > key->max)
        return config_fail(message, UKVM_E_CONFIG, value->place,
                           "'%s' is %.40s, it must be %d to %d", key->name, value->text, key->min,
                           key->max);
    *json_out = json_integer(number);
    return *json_out != NULL ? 0 : config_no_memory(message);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._+:@-", c) != NULL);
}

/* Names become file names, and are told from domain ids and options on a command line. */
int config_read_name(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message)
{
    const char *text = value->text;
    int rc = config_read_string(key, value, json_out, message);

    if (rc != 0)
        return rc;
    for (; *text != '\0' && is_name_char(*text); text++) {
    }
    if (*text != '\0')
        rc = config_fail(message, UKVM_E_CONFIG, value->place,
                         "'name' holds '%c', it may hold letters, digits and ._+:@-", *text);
    else if (value->text[0] == '-' || value->text[0] == '.')
        rc = config_fail(message, UKVM_E_CONFIG, value->place, "'name' may not start with '%c'",
                         value->text[0]);
    else if (strspn(value->text, "0123456789") == strlen(value->text))
        rc = config_fail(message, UKVM_E_CONFIG, value->place,
                         "'name' may not be a number, it would look like a domain id");
    if (rc != 0) {
        json_decref(*json_out);
        *json_out = NULL;
    }
    return rc;
}

/* A string that must be one of words; the first supported ones work, the others are known. */
static int read_word(const struct config_key *key, const struct config_value *value,
                     const char *const *words, size_t count, size_t supported, json_t **json_out,
                     char *message)
{
    json_t *json = NULL;
    int rc = config_read_string(key, value, &json, message);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (strcmp(value->text, words[i]) != 0)
            continue;
        if (i < supported) {
            *json_out = json;
            return 0;
        }
        rc = config_fail(message, UKVM_E_NOT_SUPPORTED, value->place,
                         "%s = '%s' is not supported yet", key->name, words[i]);
    }
    if (rc == 0)
        rc = config_fail(message, UKVM_E_CONFIG, value->place,
                         "unknown %s '%.40s', did you mean '%s'?", key->name, value->text,
                         ukvm_nearest(value->text, words, count));
    json_decref(json);
    return rc;
}

int config_read_type(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message)
{
    static const char *const types[] = {"pvh", "pv", "hvm"};

    return read_word(key, value, types, COUNT(types), 1, json_out, message);
}

int config_read_action(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message)
{
    static const char *const actions[] = {"destroy",          "preserve",         "restart",
                                          "coredump-destroy", "coredump-restart", "rename-restart",
                                          "soft-reset"};

    return read_word(key, value, actions, COUNT(actions), 5, json_out, message);
}

/* Names of guests. */
int config_read_after(const struct config_key *key, const struct config_value *value,
                      json_t **json_out, char *message)
{
    static const struct config_key name = {.name = "after", .min = 1, .max = UKVM_NAME_MAX - 1};
    json_t *names = json_array();
    int rc = names == NULL ? config_no_memory(message) : config_check_list(key, value, message);

    for (size_t i = 0; rc == 0 && i < value->count; i++) {
        json_t *json = NULL;
        rc = config_read_string(&name, &value->items[i], &json, message);
        if (rc == 0 && json_array_append_new(names, json) != 0)
            rc = config_no_memory(message);
    }
    if (rc != 0)
        json_decref(names);
    else
        *json_out = names;
    return rc;
}

int config_check_list(const struct config_key *key, const struct config_value *value, char *message)
{
    if (value->type != CONFIG_LIST)
        return config_fail(message, UKVM_E_CONFIG, value->place,
                           "'%s' is a list: put the string in [ ]", key->name);
    if (value->count > (size_t)key->max)
        return config_fail(message, UKVM_E_CONFIG, value->place,
                           "'%s' has %zu items, the limit is %d", key->name, value->count,
                           key->max);
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i].type == CONFIG_LIST)
            return config_fail(message, UKVM_E_CONFIG, value->items[i].place,
                               "'%s' is a list of strings, not of lists", key->name);
    }
    return 0;
}

/* ---- all keys ---- */

static int unknown_key(const struct config_setting *setting, char *message)
{
    const char *names[256];
    size_t count = config_keys_count < COUNT(names) ? config_keys_count : COUNT(names);

    for (size_t i = 0; i < count; i++)
        names[i] = config_keys[i].name;
    const char *nearest = ukvm_nearest(setting->name, names, count);
    return config_fail(message, UKVM_E_CONFIG, setting->place,
                       "unknown key '%.40s', did you mean '%s'?", setting->name, nearest);
}

static const struct config_key *find_key(const char *name)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        /* Most rows differ in the first letter: no call for those. */
        if (config_keys[i].name[0] == name[0] && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    }
    return NULL;
}

static int read_value(const struct config_key *key, const struct config_value *value,
                      json_t **json_out, char *message)
{
    switch (key->reader) {
#define READER(name)                                                                               \
    case CONFIG_READ_##name:                                                                       \
        return config_read_##name(key, value, json_out, message);
        CONFIG_READERS(READER)
#undef READER
    case CONFIG_READ_NONE:
        break;
    }
    return config_fail(message, UKVM_E_INTERNAL, value->place, "'%s' has no reader", key->name);
}

static int read_setting(const struct config_setting *setting, json_t *values, char *message)
{
    const struct config_key *key = find_key(setting->name);
    json_t *json;

    if (key == NULL)
        return unknown_key(setting, message);
    if (key->status == CONFIG_KEY_IGNORED)
        return 0;
    if (key->status == CONFIG_KEY_LATER)
        return config_fail(message, UKVM_E_NOT_SUPPORTED, setting->place,
                           "'%s' is not supported yet (%s)", key->name, key->doc);
    int rc = read_value(key, &setting->value, &json, message);
    if (rc != 0)
        return rc;
    return json_object_set_new(values, key->name, json) == 0 ? 0 : config_no_memory(message);
}

/* As in xl: cmdline wins; else root and extra together make one. */
static int join_cmdline(json_t *values, const struct config_settings *settings, char *message)
{
    const char *root = json_string_value(json_object_get(values, "root"));
    const char *extra = json_string_value(json_object_get(values, "extra"));
    char cmdline[1024];

    if (json_object_get(values, "cmdline") == NULL && (root != NULL || extra != NULL)) {
        int length = snprintf(cmdline, sizeof(cmdline), "%s%s%s%s", root != NULL ? "root=" : "",
                              root != NULL ? root : "", root != NULL && extra != NULL ? " " : "",
                              extra != NULL ? extra : "");
        if ((size_t)length >= sizeof(cmdline))
            return config_fail(
                message, UKVM_E_CONFIG, config_settings_find(settings, "root")->place,
                "'root' and 'extra' give a command line of %d bytes, the limit is %zu", length,
                sizeof(cmdline) - 1);
        if (json_object_set_new(values, "cmdline", json_string(cmdline)) != 0)
            return config_no_memory(message);
    }
    json_object_del(values, "root");
    json_object_del(values, "extra");
    return 0;
}

static int check_maxmem(json_t *values, const struct config_settings *settings, char *message)
{
    const json_t *maxmem = json_object_get(values, "maxmem");

    if (maxmem != NULL &&
        json_integer_value(maxmem) != json_integer_value(json_object_get(values, "memory")))
        return config_fail(message, UKVM_E_NOT_SUPPORTED,
                           config_settings_find(settings, "maxmem")->place,
                           "'maxmem' other than 'memory' is not supported yet");
    json_object_del(values, "maxmem");
    json_object_del(values, "type");
    return 0;
}

int config_keys_apply(const struct config_settings *settings, json_t **json_out, char *message)
{
    json_t *values = json_object();
    int rc = values != NULL ? 0 : config_no_memory(message);

    for (size_t i = 0; rc == 0 && i < settings->count; i++)
        rc = read_setting(&settings->rows[i], values, message);
    if (rc == 0)
        rc = join_cmdline(values, settings, message);
    if (rc == 0)
        rc = check_maxmem(values, settings, message);
    if (rc == 0)
        rc = config_publish_merge(values, settings, message);
    if (rc != 0) {
        json_decref(values);
        return rc;
    }
    *json_out = values;
    return 0;
}
