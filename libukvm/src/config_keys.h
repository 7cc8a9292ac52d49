/*
 * The table of configuration keys: one row a key. Validation, "did you mean" and the table in
 * docs/config.md derive from it. Private to libukvm.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config.h"

enum config_key_status {
    CONFIG_KEY_SUPPORTED,
    CONFIG_KEY_LATER,   /* xl would act on it, we do not yet: refused */
    CONFIG_KEY_IGNORED, /* xl would ignore it for a PVH guest, and so do we */
};

struct config_key {
    const char *name;
    enum config_key_status status;
    const char *type; /* for people; NULL unless supported */
    long min, max;    /* of a number; of a string's length in bytes; of a list's length */
    /* Check a value and give it in the protocol's form, owned by the caller. */
    int (*read)(const struct config_key *key, const struct config_value *value, json_t **json_out,
                char *message);
    const char *doc;
};

extern const struct config_key config_keys[];
extern const size_t config_keys_count;

/* The readers of the table: config_keys.c, config_vif.c and config_publish.c. */
int config_read_string(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message);
int config_read_number(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message);
int config_read_name(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message);
int config_read_type(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message);
int config_read_action(const struct config_key *key, const struct config_value *value,
                       json_t **json_out, char *message);
int config_read_vifs(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message);
int config_read_publish(const struct config_key *key, const struct config_value *value,
                        json_t **json_out, char *message);

/* A list of strings within the bounds of its key, or the error. */
int config_check_list(const struct config_key *key, const struct config_value *value,
                      char *message);
/* A JSON string; its text must be UTF-8. */
int config_string_json(const struct config_value *value, json_t **json_out, char *message);

/* Move the rules of the publish key into the first vif's: an error if there is none. */
int config_publish_merge(json_t *values, const struct config_settings *settings, char *message);

#endif
