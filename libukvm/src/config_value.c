/* Values and settings: the tree between the two parsers and the key table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

void config_write(char *message, struct config_place place, const char *format, ...)
{
    char what[UKVM_MESSAGE_MAX];
    va_list list;

    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    error_write(message, "%s:%u:%u: %s", place.file, place.line, place.column, what);
}

int config_no_memory(char *message)
{
    return error_fail(message, UKVM_E_INTERNAL, "out of memory");
}

void config_value_fini(struct config_value *value)
{
    for (size_t i = 0; i < value->count; i++)
        config_value_fini(&value->items[i]);
    free(value->items);
    free(value->text);
    memset(value, 0, sizeof(*value));
}

void config_settings_fini(struct config_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->rows[i].name);
        config_value_fini(&settings->rows[i].value);
    }
    free(settings->rows);
    memset(settings, 0, sizeof(*settings));
}

/* Room for one more element: capacities are the powers of two. */
static void *grow(void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array;
    return reallocarray(array, count == 0 ? 1 : 2 * count, size);
}

struct config_value *config_value_add(struct config_value *list)
{
    struct config_value *grown = grow(list->items, list->count, sizeof(*grown));

    if (grown == NULL)
        return NULL;
    list->items = grown;
    memset(&grown[list->count], 0, sizeof(*grown));
    return &grown[list->count++];
}

static int copy_value(struct config_value *copy, const struct config_value *value);

static int append_items(struct config_value *list, const struct config_value *more)
{
    for (size_t i = 0; i < more->count; i++) {
        struct config_value *item = config_value_add(list);
        if (item == NULL || copy_value(item, &more->items[i]) != 0)
            return -1;
    }
    return 0;
}

/* Into a zeroed *copy, which on failure holds a part. */
static int copy_value(struct config_value *copy, const struct config_value *value)
{
    copy->type = value->type;
    copy->place = value->place;
    copy->appended = value->appended;
    if (value->type == CONFIG_LIST)
        return append_items(copy, value);
    copy->text = strdup(value->text);
    return copy->text != NULL ? 0 : -1;
}

static int append_text(struct config_value *value, const struct config_value *more)
{
    char *text;

    if (asprintf(&text, "%s%s", value->text, more->text) < 0)
        return -1;
    free(value->text);
    value->text = text;
    return 0;
}

static int append(struct config_value *value, const struct config_value *more, char *message)
{
    bool is_list = value->type == CONFIG_LIST;

    if (is_list != (more->type == CONFIG_LIST))
        return config_fail(message, UKVM_E_CONFIG, more->place, "'+=' cannot add a %s to a %s",
                           is_list ? "string" : "list", is_list ? "list" : "string");
    value->appended = true;
    if ((is_list ? append_items(value, more) : append_text(value, more)) != 0)
        return config_no_memory(message);
    return 0;
}

struct config_setting *config_settings_find(const struct config_settings *settings,
                                            const char *name)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (strcmp(settings->rows[i].name, name) == 0)
            return &settings->rows[i];
    }
    return NULL;
}

static struct config_setting *add_setting(struct config_settings *settings, const char *name)
{
    struct config_setting *grown = grow(settings->rows, settings->count, sizeof(*grown));
    char *copy = strdup(name);

    if (grown != NULL)
        settings->rows = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return NULL;
    }
    memset(&grown[settings->count], 0, sizeof(*grown));
    grown[settings->count].name = copy;
    return &grown[settings->count++];
}

int config_settings_store(struct config_settings *settings, const char *name,
                          struct config_place place, bool append_to, struct config_value *value,
                          char *message)
{
    struct config_setting *setting = config_settings_find(settings, name);
    int rc = 0;

    if (setting != NULL && append_to) {
        rc = append(&setting->value, value, message);
        config_value_fini(value);
        return rc;
    }
    if (setting == NULL)
        setting = add_setting(settings, name);
    if (setting == NULL) {
        config_value_fini(value);
        return config_no_memory(message);
    }
    config_value_fini(&setting->value);
    setting->place = place;
    setting->value = *value;
    setting->value.appended = append_to;
    memset(value, 0, sizeof(*value));
    return 0;
}

int config_settings_copy(struct config_settings *copy_out, const struct config_settings *settings)
{
    struct config_settings copy = {0};

    for (size_t i = 0; i < settings->count; i++) {
        const struct config_setting *from = &settings->rows[i];
        struct config_setting *to = add_setting(&copy, from->name);
        if (to == NULL || copy_value(&to->value, &from->value) != 0) {
            config_settings_fini(&copy);
            return -1;
        }
        to->place = from->place;
    }
    *copy_out = copy;
    return 0;
}

int config_value_number(const struct config_value *value, long *number_out)
{
    char *end;

    if (value->type == CONFIG_LIST || value->appended)
        return -EINVAL;
    errno = 0;
    long number = strtol(value->text, &end, 0);
    if (errno == ERANGE)
        return -ERANGE;
    if (end == value->text || *end != '\0')
        return -EINVAL;
    *number_out = number;
    return 0;
}
