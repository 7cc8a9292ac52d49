/*
 * What becomes of a guest that has ended, by its policies. May be included by core only.
 *
 *   STOPPED or CRASHED, after its core dump if there is to be one
 *                        |
 *                        +-- preserve ----> stays as it is
 *                        +-- restart -----> gone, and started again from its definition
 *                        |      '- too often in a row: as destroy
 *                        '-- destroy -----> gone; of one that crashed a record is left
 */
#ifndef CHAOS_CORE_ENDING_H
#define CHAOS_CORE_ENDING_H

#include "core/guest.h"

/* The guest's last instruction was executed. It may be freed. */
void ending(struct guest *guest, enum guest_state state, const char *reason,
            enum spec_policy policy);
/* A crashed guest of a former chaosd: only its record is left, or will be. */
void ending_restore(struct guest *guest);
/* Forget a crashed guest whose domain is gone. */
void ending_bury(struct guest *guest);

#endif
