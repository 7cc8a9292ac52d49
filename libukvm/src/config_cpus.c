/* The cpus key: the host CPUs that a guest may run on, in the words of xl.cfg(5). */
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

#define CPUS_MAX 1024u /* what the daemon can take */

struct cpus {
    bool others; /* those that are not marked are meant */
    bool marked[CPUS_MAX];
};

/* Reads digits at *at and moves behind them: a CPU, or CPUS_MAX if there is none or it is above. */
static unsigned read_cpu(const char **at)
{
    const char *start = *at;
    unsigned cpu = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (cpu < CPUS_MAX)
            cpu = cpu * 10 + (unsigned)(**at - '0');
    }
    return *at == start || cpu > CPUS_MAX ? CPUS_MAX : cpu;
}

/* FIRST, FIRST-LAST, either with a ^ before it, or all. What comes later wins. */
static bool read_range(const char *text, struct cpus *cpus)
{
    bool wanted = *text != '^';

    if (strcmp(text, "all") == 0) {
        *cpus = (struct cpus){.others = true};
        return true;
    }
    if (!wanted)
        text++;
    unsigned first = read_cpu(&text);
    unsigned last = first;
    if (*text == '-') {
        text++;
        last = read_cpu(&text);
    }
    if (*text != '\0' || first > last || last >= CPUS_MAX)
        return false;
    for (unsigned cpu = first; cpu <= last; cpu++)
        cpus->marked[cpu] = wanted != cpus->others;
    return true;
}

static int read_ranges(const struct config_value *value, struct cpus *cpus, char *message)
{
    char *text = strdup(value->text), *rest;
    int rc = text != NULL ? 0 : config_no_memory(message);

    for (char *at = text == NULL ? NULL : strtok_r(text, ",", &rest); rc == 0 && at != NULL;
         at = strtok_r(NULL, ",", &rest)) {
        at += strspn(at, " \t");
        if (strncmp(at + (*at == '^'), "node", 4) == 0)
            rc = config_fail(message, UKVM_E_NOT_SUPPORTED, value->place,
                             "cpus '%.40s': NUMA nodes are not supported yet, name CPUs", at);
        else if (!read_range(at, cpus))
            rc = config_fail(message, UKVM_E_CONFIG, value->place,
                             "cpus '%.40s' is not N, N-M, ^N, ^N-M or all, with CPUs 0 to %u", at,
                             CPUS_MAX - 1);
    }
    free(text);
    return rc;
}

static int write_cpus(const struct cpus *cpus, json_t **json_out, char *message)
{
    json_t *list = json_array();
    json_t *json = json_object();
    int rc = json_object_set(json, cpus->others ? "except" : "only", list);

    for (unsigned cpu = 0; rc == 0 && cpu < CPUS_MAX; cpu++) {
        if (cpus->marked[cpu])
            rc = json_array_append_new(list, json_integer(cpu));
    }
    json_decref(list);
    if (rc != 0) {
        json_decref(json);
        return config_no_memory(message);
    }
    *json_out = json;
    return 0;
}

int config_read_cpus(const struct config_key *key, const struct config_value *value,
                     json_t **json_out, char *message)
{
    struct cpus cpus = {0};
    json_t *text = NULL;

    if (value->type == CONFIG_LIST && value->count != 1)
        return config_fail(message, UKVM_E_NOT_SUPPORTED, value->place,
                           "'cpus' lists %zu vCPUs, only 1 is supported yet", value->count);
    if (value->type == CONFIG_LIST)
        value = &value->items[0];
    int rc = config_read_string(key, value, &text, message);
    json_decref(text);
    if (rc == 0)
        rc = read_ranges(value, &cpus, message);
    if (rc == 0 && !cpus.others && memchr(cpus.marked, true, sizeof(cpus.marked)) == NULL)
        rc = config_fail(message, UKVM_E_CONFIG, value->place, "cpus '%.40s' leaves no CPU",
                         value->text);
    return rc != 0 ? rc : write_cpus(&cpus, json_out, message);
}

/* The row of the table that says what a text of CPUs may be. */
static const struct config_key *cpus_key(void)
{
    const struct config_key *key = config_keys;

    while (strcmp(key->name, "cpus") != 0)
        key++;
    return key;
}

int config_parse_cpus(const char *text, json_t **json_out, char *message)
{
    struct config_value value = {.type = CONFIG_STRING,
                                 .place = {.file = CONFIG_ARGUMENT, .line = 1, .column = 1},
                                 .text = strdup(text)};
    int rc = value.text != NULL ? config_read_cpus(cpus_key(), &value, json_out, message)
                                : config_no_memory(message);
    /* Of an argument there is only one place. */
    char *what = rc != 0 && message != NULL ? strstr(message, ": ") : NULL;

    if (what != NULL && strncmp(message, CONFIG_ARGUMENT, strlen(CONFIG_ARGUMENT)) == 0)
        memmove(message, what + 2, strlen(what + 2) + 1);
    free(value.text);
    return rc;
}
