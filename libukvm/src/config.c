#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "json_text.h"

struct ukvm_config {
    char *file;
    struct config_settings settings;
    json_t *object; /* canonical form of settings, always in step with them */
    char *text;     /* of object, made on demand */
};

void ukvm_config_free(struct ukvm_config *config)
{
    if (config == NULL)
        return;
    config_settings_fini(&config->settings);
    json_decref(config->object);
    free(config->text);
    free(config->file);
    free(config);
}

json_t *config_object(const struct ukvm_config *config)
{
    return config->object;
}

const char *config_name(const struct ukvm_config *config)
{
    return config->file;
}

static bool is_json(const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0') {
        text++;
        length--;
    }
    return length > 0 && *text == '{';
}

static int parse_text(struct ukvm_config *config, const char *text, size_t length, char *message)
{
    int rc;

    if (length > CONFIG_BYTES_MAX)
        return error_fail(message, UKVM_E_CONFIG,
                          "%s: the configuration has more than %u bytes, the limit", config->file,
                          CONFIG_BYTES_MAX);
    if (is_json(text, length))
        rc = config_json_parse(config->file, text, length, &config->settings, message);
    else
        rc = config_xl_parse(config->file, text, length, &config->settings, message);
    return rc != 0 ? rc : config_keys_apply(&config->settings, &config->object, message);
}

int ukvm_config_parse(const char *name, const char *text, size_t length,
                      struct ukvm_config **config_out, char *message)
{
    struct ukvm_config *config = calloc(1, sizeof(*config));

    if (config == NULL)
        return config_no_memory(message);
    /* An empty text may be NULL, which memchr and its like may not get. */
    if (length == 0)
        text = "";
    config->file = strdup(name);
    int rc = config->file != NULL ? parse_text(config, text, length, message)
                                  : config_no_memory(message);
    if (rc != 0) {
        ukvm_config_free(config);
        return rc;
    }
    *config_out = config;
    return 0;
}

/* What most configurations fit in, without a page of their own. */
#define READ_BYTES 1024u

/* Up to CONFIG_BYTES_MAX + 1 bytes, so that a longer file shows. 0 or a negative errno. */
static int read_all(int fd, char **text, size_t *length_out)
{
    size_t size = 0;
    size_t length = 0;
    ssize_t n = 1;

    while (n != 0 && length <= CONFIG_BYTES_MAX) {
        if (length == size) {
            size = size == 0 ? READ_BYTES : CONFIG_BYTES_MAX + 1;
            char *grown = realloc(*text, size);
            if (grown == NULL)
                return -ENOMEM;
            *text = grown;
        }
        n = read(fd, *text + length, size - length);
        if (n < 0 && errno != EINTR)
            return -errno;
        length += n > 0 ? (size_t)n : 0;
    }
    *length_out = length;
    return 0;
}

static int read_file(const char *path, char **text, size_t *length_out, char *message)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int error = fd < 0 ? -errno : read_all(fd, text, length_out);

    if (fd >= 0)
        close(fd);
    if (error == -ENOMEM)
        return config_no_memory(message);
    if (error != 0)
        return error_fail(message, UKVM_E_NO_FILE, "configuration %s: %s", path, strerror(-error));
    return 0;
}

int ukvm_config_load(const char *path, struct ukvm_config **config_out, char *message)
{
    char *text = NULL;
    size_t length = 0;
    int rc = read_file(path, &text, &length, message);

    if (rc == 0)
        rc = ukvm_config_parse(path, text, length, config_out, message);
    free(text);
    return rc;
}

/* Takes over settings, unless they do not make a valid configuration. */
static int replace(struct ukvm_config *config, struct config_settings *settings, char *message)
{
    json_t *object;
    int rc = config_keys_apply(settings, &object, message);

    if (rc != 0)
        return rc;
    config_settings_fini(&config->settings);
    config->settings = *settings;
    memset(settings, 0, sizeof(*settings));
    json_decref(config->object);
    config->object = object;
    free(config->text);
    config->text = NULL;
    return 0;
}

int ukvm_config_set(struct ukvm_config *config, const char *assignment, char *message)
{
    struct config_settings settings = {0};

    if (config_settings_copy(&settings, &config->settings) != 0)
        return config_no_memory(message);
    int rc = config_xl_parse(CONFIG_ARGUMENT, assignment, strlen(assignment), &settings, message);
    if (rc == 0)
        rc = replace(config, &settings, message);
    config_settings_fini(&settings);
    return rc;
}

int ukvm_config_publish(struct ukvm_config *config, const char *rule, char *message)
{
    const struct config_place place = {CONFIG_ARGUMENT, 1, 1};
    struct config_value list = {.type = CONFIG_LIST, .place = place};
    struct config_settings settings = {0};
    struct config_value *item = config_value_add(&list);
    int rc = -1;

    if (item != NULL) {
        *item = (struct config_value){.type = CONFIG_STRING, .place = place, .text = strdup(rule)};
        if (item->text != NULL)
            rc = config_settings_copy(&settings, &config->settings);
    }
    if (rc != 0) {
        config_value_fini(&list);
        return config_no_memory(message);
    }
    rc = config_settings_store(&settings, "publish", place, true, &list, message);
    if (rc == 0)
        rc = replace(config, &settings, message);
    config_settings_fini(&settings);
    return rc;
}

const char *ukvm_config_json(struct ukvm_config *config)
{
    if (config->text == NULL)
        config->text = json_text(config->object, JSON_SORT_KEYS);
    return config->text;
}
