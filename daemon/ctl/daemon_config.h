/* The settings of chaosd, from a file of "key = value" lines. May be included by chaosd.c. */
#ifndef CHAOS_CTL_DAEMON_CONFIG_H
#define CHAOS_CTL_DAEMON_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "core/death.h"
#include "core/error.h"
#include "core/pool_setting.h"
#include "hostnet/hostnet.h"

#define DAEMON_PATH_MAX    256u
#define DAEMON_BRIDGES_MAX 512u

struct daemon_config {
    char socket[DAEMON_PATH_MAX];
    char iod[DAEMON_PATH_MAX]; /* program; "": beside chaosd */
    char uplink[16];
    struct hostnet_ip network;
    uint8_t prefix_len;
    enum death_virq virq;
    char bridges[DAEMON_BRIDGES_MAX]; /* open to every user, with a space between them */
    struct pool_setting pool;         /* budget, rate, learn */
    unsigned flavour_count;
    struct pool_setting flavours[LIMIT_FLAVOURS];
};

void daemon_config_init(struct daemon_config *config);
/* A missing file is an error. Codes: NO_FILE, CONFIG (with file and line). */
int daemon_config_load(const char *path, struct daemon_config *config, struct error *error);
/* The same from memory; text must be terminated. */
int daemon_config_parse(const char *path, const char *text, struct daemon_config *config,
                        struct error *error);
/* One setting; where: for messages. Code: CONFIG. */
int daemon_config_set(const char *where, const char *key, const char *value,
                      struct daemon_config *config, struct error *error);

#endif
