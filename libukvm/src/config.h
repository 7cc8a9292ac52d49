/*
 * A guest configuration as read, and its keys checked. Private to libukvm.
 *
 * config_xl_parse or config_json_parse turns text into settings, one per key;
 * config_keys_apply checks them against the key table and gives the canonical JSON.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <jansson.h>
#include <stddef.h>

#include "error.h"

/* What stands for the file in messages about ukvm_config_set() and ukvm_config_publish(). */
#define CONFIG_ARGUMENT    "argument"
#define CONFIG_BYTES_MAX   65536u /* of a file; the daemon takes no longer message */
#define CONFIG_NESTING_MAX 32u    /* of lists */

struct config_place {
    const char *file; /* not owned: lives as long as the config */
    unsigned line;    /* from 1 */
    unsigned column;  /* in bytes from 1 */
};

enum config_type { CONFIG_STRING, CONFIG_NUMBER, CONFIG_LIST };

struct config_value {
    enum config_type type;
    struct config_place place;
    char *text;    /* of a string, or of a number as written; holds no NUL byte */
    bool appended; /* the last operator was '+=': libxlutil reads no number from it */
    size_t count;
    struct config_value *items; /* of a list */
};

struct config_setting {
    char *name;
    struct config_place place; /* of the name */
    struct config_value value;
};

struct config_settings {
    size_t count;
    struct config_setting *rows;
};

void config_value_fini(struct config_value *value);
/* Add an item to a list: the new item, zeroed, or NULL when memory is out. */
struct config_value *config_value_add(struct config_value *list);
/*
 * The number that libxlutil would read: decimal, 0x hexadecimal or 0 octal, also from a string.
 * Returns 0, -EINVAL if it is none, -ERANGE if it does not fit.
 */
int config_value_number(const struct config_value *value, long *number_out);

void config_settings_fini(struct config_settings *settings);
/* *copy_out becomes a deep copy. -1 when memory is out, and then *copy_out is empty. */
int config_settings_copy(struct config_settings *copy_out, const struct config_settings *settings);
/*
 * Set a key, or with append add to it as '+=' does: strings join strings, lists lists. *value is
 * taken over in every case.
 */
int config_settings_store(struct config_settings *settings, const char *name,
                          struct config_place place, bool append, struct config_value *value,
                          char *message);
/* The setting of a key, or NULL. */
struct config_setting *config_settings_find(const struct config_settings *settings,
                                            const char *name);

/* Write "FILE:LINE:COLUMN: what" and give -code. */
#define config_fail(message, code, place, ...)                                                     \
    (config_write(message, place, __VA_ARGS__), -(int)(code))
void config_write(char *message, struct config_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int config_no_memory(char *message);

/*
 * Store the settings of a text. On failure message is set, the negated error returned, and
 * settings may hold a part. file must outlive settings.
 */
int config_xl_parse(const char *file, const char *text, size_t length,
                    struct config_settings *settings, char *message);
int config_json_parse(const char *file, const char *text, size_t length,
                      struct config_settings *settings, char *message);

/* Checks every setting; on success *json_out is a new object in the protocol's canonical form. */
int config_keys_apply(const struct config_settings *settings, json_t **json_out, char *message);

/* The canonical JSON of a config, and the file it came from; both borrowed. */
json_t *config_object(const struct ukvm_config *config);
const char *config_name(const struct ukvm_config *config);

#endif
