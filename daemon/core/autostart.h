/*
 * Definitions that are started with the host, each after those that it names. May be included by
 * core and composition roots.
 */
#ifndef CHAOS_CORE_AUTOSTART_H
#define CHAOS_CORE_AUTOSTART_H

#include "core/definition.h"

/* Of the state store: all have been started since the host was. No definition has this id. */
#define AUTOSTART_KEY DEFINITION_ID_BIT

/* Once after the start of the host: all that are to be started with it and do not run. */
void autostart_begin(struct core *core);
/* It is ready, has ended, or could not be started. */
void autostart_on_settled(struct definition *definition);

#endif
