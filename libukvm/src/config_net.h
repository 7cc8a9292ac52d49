/*
 * What the values of vif and publish share. Private to libukvm.
 */
#ifndef CONFIG_NET_H
#define CONFIG_NET_H

#include "config_keys.h"

/* One "key=value" of a vif, or one publish rule, with the place of the string it is in. */
struct config_part {
    const char *text;
    struct config_place place;
    char *message;
};

/* Reads digits at *at and moves behind them: a number from 1 to 65535 such as a port, or 0. */
unsigned config_read_decimal(const char **at);
/* Append the rule of a part to a list; its host port may not be there yet. */
int config_add_rule(const struct config_part *part, json_t *rules);
/* One element of the vif key, in the protocol's form, owned by the caller. */
int config_read_vif_text(const char *text, json_t **json_out, char *message);

#endif
