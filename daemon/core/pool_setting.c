#include "core/pool_setting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_MIB_DEFAULT 64u
#define RATE_DEFAULT       200u
#define LEARN_DEFAULT      2u
#define BUDGET_MIB_MAX     (1u << 24)
#define RATE_MAX           100000u

#define NUMBER(member)     offsetof(struct pool_setting, member)
/* The first keys are a flavour's. */
#define FLAVOUR_KEYS       7u

static const struct key {
    const char *name;
    size_t number; /* where; 0: a path */
    uint64_t min, max;
} keys[POOL_SETTING_KEYS] = {
    {"memory", NUMBER(memory_mib), 1, LIMIT_MEMORY_MIB},
    {"vcpus", NUMBER(vcpus), 1, 1},
    {"nics", NUMBER(nics), 0, LIMIT_VIFS},
    {"image", 0, 0, 0},
    {"target", NUMBER(target), 0, LIMIT_FLAVOUR_SHELLS},
    {"low", NUMBER(low), 0, LIMIT_FLAVOUR_SHELLS},
    {"max", NUMBER(max), 0, LIMIT_FLAVOUR_SHELLS},
    {"budget", NUMBER(budget_mib), 0, BUDGET_MIB_MAX},
    {"rate", NUMBER(rate), 1, RATE_MAX},
    {"learn", NUMBER(learn), 0, LIMIT_FLAVOUR_SHELLS},
};

static uint64_t *number(struct pool_setting *setting, const struct key *key)
{
    return (uint64_t *)(void *)((char *)setting + key->number);
}

static bool was_given(const struct pool_setting *setting, const char *name)
{
    for (size_t i = 0; i < POOL_SETTING_KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return (setting->given >> i & 1) != 0;
    return false;
}

static int set_number(const char *where, const struct key *key, const char *value,
                      struct pool_setting *setting, struct error *error)
{
    char *end;
    unsigned long long parsed = strtoull(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || parsed < key->min || parsed > key->max)
        return error_set(error, UKVM_E_CONFIG, "%s: %s must be a number from %llu to %llu", where,
                         key->name, (unsigned long long)key->min, (unsigned long long)key->max);
    *number(setting, key) = parsed;
    return 0;
}

static int set_image(const char *where, const char *value, struct pool_setting *setting,
                     struct error *error)
{
    if (*value != '/' || strlen(value) >= sizeof(setting->image))
        return error_set(error, UKVM_E_CONFIG,
                         "%s: image must be an absolute path of at most %u bytes", where,
                         LIMIT_KERNEL_PATH);
    memcpy(setting->image, value, strlen(value) + 1);
    return 0;
}

static int set_word(const char *where, char *word, struct pool_setting *setting,
                    struct error *error)
{
    char *value = strchr(word, '=');

    if (value == NULL)
        return error_set(error, UKVM_E_CONFIG, "%s: '%.40s' must be KEY=VALUE", where, word);
    *value++ = '\0';
    for (size_t i = 0; i < POOL_SETTING_KEYS; i++) {
        if (strcmp(keys[i].name, word) != 0)
            continue;
        setting->given |= UINT32_C(1) << i;
        if (keys[i].number == 0)
            return set_image(where, value, setting, error);
        return set_number(where, &keys[i], value, setting, error);
    }
    return error_set(error, UKVM_E_CONFIG, "%s: unknown key '%.40s' of a pool", where, word);
}

bool pool_setting_is_flavour(const struct pool_setting *setting)
{
    return (setting->given & ((1u << FLAVOUR_KEYS) - 1)) != 0;
}

static int check(const char *where, struct pool_setting *setting, struct error *error)
{
    if (!pool_setting_is_flavour(setting))
        return setting->given != 0 ? 0
                                   : error_set(error, UKVM_E_CONFIG, "%s: nothing is set", where);
    if (setting->given >> FLAVOUR_KEYS != 0)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: budget, rate and learn are the whole pool's; set them apart", where);
    if (!was_given(setting, "memory") || !was_given(setting, "target"))
        return error_set(error, UKVM_E_CONFIG, "%s: a flavour needs memory and target", where);
    if (!was_given(setting, "low"))
        setting->low = (setting->target + 1) / 2;
    if (!was_given(setting, "max"))
        setting->max = setting->target;
    if (setting->low > setting->target || setting->target > setting->max)
        return error_set(error, UKVM_E_CONFIG, "%s: low, target and max must ascend", where);
    return 0;
}

int pool_setting_parse(const char *where, const char *text, struct pool_setting *setting_out,
                       struct error *error)
{
    struct pool_setting setting = {.vcpus = 1};
    char copy[1024], *rest = copy;
    int rc = 0;

    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return error_set(error, UKVM_E_CONFIG, "%s: too long", where);
    for (char *word = strsep(&rest, " \t"); rc == 0 && word != NULL; word = strsep(&rest, " \t"))
        if (*word != '\0')
            rc = set_word(where, word, &setting, error);
    if (rc == 0)
        rc = check(where, &setting, error);
    if (rc == 0)
        *setting_out = setting;
    return rc;
}

void pool_setting_merge(struct pool_setting *setting, const struct pool_setting *other)
{
    setting->budget_mib = was_given(other, "budget") ? other->budget_mib : setting->budget_mib;
    setting->rate = was_given(other, "rate") ? other->rate : setting->rate;
    setting->learn = was_given(other, "learn") ? other->learn : setting->learn;
}

void pool_setting_defaults(struct pool_setting *setting_out)
{
    *setting_out = (struct pool_setting){
        .budget_mib = BUDGET_MIB_DEFAULT, .rate = RATE_DEFAULT, .learn = LEARN_DEFAULT};
}
