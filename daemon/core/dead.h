/*
 * Guests that are gone, and whose consoles chaos-iod still keeps: who they were, so that those who
 * may can read on. May be included by core and ctl. What is kept is bounded here; chaos-iod forgets
 * whom it is told to forget.
 */
#ifndef CHAOS_CORE_DEAD_H
#define CHAOS_CORE_DEAD_H

#include <stdint.h>
#include <sys/types.h>

#include "core/limits.h"
#include "noxs/page.h"
#include "util/list.h"

struct guest;

struct dead_guest {
    struct list node;
    uint64_t id;
    uint64_t name_key; /* digest of the name */
    uid_t owner;
    char name[NOXS_NAME_MAX];
};

struct dead {
    struct dead_guest slots[LIMIT_DEAD_CONSOLES];
    unsigned count;
    struct list all; /* those in use, the oldest first */
};

/* Also forgets all there are. */
void dead_init(struct dead *dead);
/*
 * Who must be forgotten when this guest is added: their owner's of that name; the oldest of
 * their owner, who has as many as a user may; or of whoever has most, if there is no room for more.
 * NULL: there is room.
 */
struct dead_guest *dead_surplus(struct dead *dead, const struct guest *guest);
/* surplus: what dead_surplus said. */
void dead_add(struct dead *dead, const struct guest *guest, struct dead_guest *surplus);
/* NULL: none. */
const struct dead_guest *dead_by_id(const struct dead *dead, uint64_t id);
/* The last one of that name that this user may read. NULL: none. */
const struct dead_guest *dead_by_name(const struct dead *dead, const char *name, uid_t uid);

#endif
