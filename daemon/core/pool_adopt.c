/* Shells that a former chaosd has built, and which of our flavours they are of. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/image_read.h"
#include "core/pool.h"
#include "util/fd.h"
#include "util/log.h"

/* The image of a configured flavour is what its path names now, and was not looked at yet. */
static bool takes_key(struct pool_flavour *flavour, const char *image, const struct image_key *key)
{
    if (flavour->has_key)
        return image_key_equal(&flavour->key, key);
    if (flavour->learned || strcmp(flavour->setting.image, image) != 0)
        return false;
    int fd = open(image, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool current = fd >= 0 && image_cache_is_current(fd, key);
    fd_close(&fd);
    if (current) {
        flavour->has_key = true;
        flavour->key = *key;
    }
    return current;
}

static bool takes(struct pool_flavour *flavour, const struct store_record *record,
                  const struct image_key *key)
{
    const struct pool_setting *setting = &flavour->setting;
    bool loaded = (record->flags & STORE_LOADED) != 0;

    if (setting->memory_mib != record->memory_mib || setting->vcpus != record->vcpus ||
        setting->nics != record->vif_count || flavour->loaded != loaded)
        return false;
    return !loaded || takes_key(flavour, record->kernel, key);
}

static struct pool_flavour *learn(struct pool *pool, const struct store_record *record,
                                  const struct image_key *key)
{
    struct guest_spec spec;

    if ((record->flags & STORE_LEARNED) == 0)
        return NULL;
    store_record_spec(record, &spec);
    return pool_learn(pool, &spec, key);
}

static struct pool_flavour *find(struct pool *pool, const struct store_record *record)
{
    struct image_key key;

    store_key_read(&record->key, &key);
    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = LIST_OWNER(node, struct pool_flavour, all);
        if (takes(flavour, record, &key))
            return flavour;
    }
    return learn(pool, record, &key);
}

static bool fits(const struct pool *pool, const struct pool_flavour *flavour)
{
    return flavour->ready < flavour->setting.max && pool_has_budget(pool, flavour);
}

bool pool_adopt(struct pool *pool, struct guest *guest)
{
    struct pool_flavour *flavour = find(pool, guest->record);

    if (flavour == NULL || !fits(pool, flavour)) {
        log_info("a shell (domain %u) fits no flavour any more", guest->domid);
        return false;
    }
    free(guest->record);
    guest->record = NULL;
    pool_add(flavour, guest);
    return true;
}
