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

/* config_read_NAME() checks a value and gives it in the protocol's form, owned by the caller. */
#define CONFIG_READERS(X)                                                                          \
    X(string) X(number) X(name) X(type) X(action) X(cpus) X(after) X(vifs) X(publish)

enum config_reader {
    CONFIG_READ_NONE,
#define READER(name) CONFIG_READ_##name,
    CONFIG_READERS(READER)
#undef READER
};

/* Without pointers: a table of them costs every process that starts a relocation each. */
struct config_key {
    char name[40];
    enum config_key_status status;
    enum config_reader reader; /* of a supported one */
    char type[16];             /* for people; empty unless supported */
    int min, max;              /* of a number; of a string's length in bytes; of a list's length */
    char doc[96];
};

extern const struct config_key config_keys[];
extern const size_t config_keys_count;

/* The readers of the table: config_keys.c, config_cpus.c, config_vif.c and config_publish.c. */
#define READER(name)                                                                               \
    int config_read_##name(const struct config_key *key, const struct config_value *value,         \
                           json_t **json_out, char *message);
CONFIG_READERS(READER)
#undef READER

/* A list of strings within the bounds of its key, or the error. */
int config_check_list(const struct config_key *key, const struct config_value *value,
                      char *message);
/* A JSON string; its text must be UTF-8. */
int config_string_json(const struct config_value *value, json_t **json_out, char *message);

/* What the key cpus takes, of a caller: the protocol's form, owned by the caller. */
int config_parse_cpus(const char *text, json_t **json_out, char *message);

/* Move the rules of the publish key into the first vif's: an error if there is none. */
int config_publish_merge(json_t *values, const struct config_settings *settings, char *message);

#endif
