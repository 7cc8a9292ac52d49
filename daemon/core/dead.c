#include "core/dead.h"

#include <string.h>

#include "core/guest.h"

static struct dead_guest *owner_of(struct list *node)
{
    return LIST_OWNER(node, struct dead_guest, node);
}

void dead_init(struct dead *dead)
{
    dead->count = 0;
    list_init(&dead->all);
}

/* On the way of every destroy: digests keep it from comparing names. */
static struct dead_guest *find_predecessor(struct dead *dead, const struct guest *guest)
{
    for (unsigned i = 0; i < dead->count; i++) {
        struct dead_guest *slot = &dead->slots[i];
        if (slot->name_key == guest->by_name.key && slot->owner == guest->owner &&
            strcmp(slot->name, guest->name) == 0)
            return slot;
    }
    return NULL;
}

/* The oldest of a user who has as many as they may. */
static struct dead_guest *find_users_oldest(const struct dead *dead, uid_t owner)
{
    struct dead_guest *oldest = NULL;
    unsigned count = 0;

    LIST_FOR_EACH(node, &dead->all)
    {
        struct dead_guest *one = owner_of(node);
        if (one->owner != owner)
            continue;
        if (count++ == 0)
            oldest = one;
    }
    return count >= LIMIT_USER_DEAD_CONSOLES ? oldest : NULL;
}

static unsigned count_of(const struct dead *dead, uid_t owner)
{
    unsigned count = 0;

    for (unsigned i = 0; i < dead->count; i++)
        count += dead->slots[i].owner == owner;
    return count;
}

/* The oldest of whoever has most; of this user's, if nobody has more than they. */
static struct dead_guest *find_oldest_of_most(const struct dead *dead, uid_t owner)
{
    struct dead_guest *found = NULL;
    unsigned most = 0;

    LIST_FOR_EACH(node, &dead->all)
    {
        struct dead_guest *one = owner_of(node);
        if (found != NULL && one->owner == found->owner)
            continue;
        unsigned count = count_of(dead, one->owner);
        if (count > most || (count == most && one->owner == owner)) {
            found = one;
            most = count;
        }
    }
    return found;
}

struct dead_guest *dead_surplus(struct dead *dead, const struct guest *guest)
{
    struct dead_guest *surplus = find_predecessor(dead, guest);

    if (surplus == NULL && guest->owner != 0)
        surplus = find_users_oldest(dead, guest->owner);
    if (surplus == NULL && dead->count == LIMIT_DEAD_CONSOLES)
        surplus = find_oldest_of_most(dead, guest->owner);
    return surplus;
}

void dead_add(struct dead *dead, const struct guest *guest, struct dead_guest *surplus)
{
    struct dead_guest *slot = surplus != NULL ? surplus : &dead->slots[dead->count++];

    if (surplus != NULL)
        list_remove(&surplus->node);
    slot->id = guest->id;
    slot->name_key = guest->by_name.key;
    slot->owner = guest->owner;
    memcpy(slot->name, guest->name, sizeof(slot->name));
    list_append(&dead->all, &slot->node);
}

const struct dead_guest *dead_by_id(const struct dead *dead, uint64_t id)
{
    for (unsigned i = 0; i < dead->count; i++)
        if (dead->slots[i].id == id)
            return &dead->slots[i];
    return NULL;
}

const struct dead_guest *dead_by_name(const struct dead *dead, const char *name, uid_t uid)
{
    const struct dead_guest *found = NULL;

    LIST_FOR_EACH(node, &dead->all)
    {
        const struct dead_guest *one = owner_of(node);
        if ((uid == 0 || uid == one->owner) && strcmp(one->name, name) == 0)
            found = one;
    }
    return found;
}
