/*
 * Configuration files: a text, and behind a NUL byte an assignment and behind another a publish
 * rule, as a command line would add them. The text is also held to libxlutil.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "config_net.h"
#include "fixture/config_differ.h"
#include "ukvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold_to_libxlutil(const char *text, size_t length)
{
    char why[256];

    if (config_differ(text, length, why, sizeof(why)) == CONFIG_DIFFERENT) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

/* The part of [*at, end) up to a NUL byte, as a string to free; *at moves behind it. */
static char *take_part(const char **at, const char *end)
{
    size_t length = strnlen(*at, (size_t)(end - *at));
    char *part = strndup(*at, length);

    *at += length < (size_t)(end - *at) ? length + 1 : length;
    return part;
}

/* What is accepted must be a canonical form that the daemon's parser can read. */
static void check_canonical(struct ukvm_config *config)
{
    const char *json = ukvm_config_json(config);

    if (json[0] != '{')
        abort();
}

static void load(const char *text, size_t length, const char *assignment, const char *rule)
{
    struct ukvm_config *config;
    char message[UKVM_MESSAGE_MAX] = "";

    if (ukvm_config_parse("text", text, length, &config, message) != 0) {
        if (message[0] == '\0')
            abort();
        return;
    }
    check_canonical(config);
    ukvm_config_set(config, assignment, message);
    ukvm_config_publish(config, rule, message);
    check_canonical(config);
    ukvm_config_free(config);
}

/* As those of chaos vcpu-pin and net-attach. */
static void read_arguments(const char *text)
{
    char message[UKVM_MESSAGE_MAX] = "";
    json_t *json = NULL;

    if (config_parse_cpus(text, &json, message) == 0)
        json_decref(json);
    else if (message[0] == '\0')
        abort();
    message[0] = '\0';
    if (config_read_vif_text(text, &json, message) == 0)
        json_decref(json);
    else if (message[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    size_t length = strnlen(at, size);

    hold_to_libxlutil(at, length);
    /* An input without further parts is used whole, so that its end is the allocation's end. */
    const char *rest = length < size ? at + length + 1 : end;
    char *assignment = take_part(&rest, end);
    char *rule = take_part(&rest, end);
    if (assignment != NULL && rule != NULL) {
        load(at, length, assignment, rule);
        read_arguments(assignment);
    }
    free(assignment);
    free(rule);
    /* NUL bytes inside are refused, by either syntax. */
    load(at, size, "", "");
    return 0;
}
