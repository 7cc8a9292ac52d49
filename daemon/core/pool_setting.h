/*
 * One line that sets the pool: "budget=64 rate=100 learn=2", or a flavour of shells,
 * "memory=2 nics=1 image=/srv/web target=8". May be included by core and ctl.
 */
#ifndef CHAOS_CORE_POOL_SETTING_H
#define CHAOS_CORE_POOL_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/limits.h"

#define POOL_SETTING_KEYS 10u

struct pool_setting {
    uint32_t given; /* a bit for each key that was given, in the order of the table */
    uint64_t memory_mib;
    uint64_t vcpus;
    uint64_t nics;                     /* ports of the virtual switch */
    char image[LIMIT_KERNEL_PATH + 1]; /* "": empty shells */
    uint64_t target;
    uint64_t low; /* fewer than this are made up to target */
    uint64_t max; /* as many after a miss */
    uint64_t budget_mib;
    uint64_t rate;  /* shells a second */
    uint64_t learn; /* shells kept of a flavour that was asked for; 0: none */
};

/* Code: CONFIG. where: for messages. */
int pool_setting_parse(const char *where, const char *text, struct pool_setting *setting_out,
                       struct error *error);
bool pool_setting_is_flavour(const struct pool_setting *setting);
/* Take over what other sets of the whole pool. */
void pool_setting_merge(struct pool_setting *setting, const struct pool_setting *other);
/* What holds where nothing is set. */
void pool_setting_defaults(struct pool_setting *setting_out);

#endif
