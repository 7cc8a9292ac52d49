#include "core/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/image_read.h"
#include "util/log.h"

#define MS          UINT64_C(1000000)

/* Without a request for this long the loop counts as idle. */
#define QUIET_NS    (5 * MS)
#define BACKOFF_NS  (100 * MS)
#define MIB         (UINT64_C(1) << 20)
/* What Xen takes for a trimmed domain beside its RAM. */
#define OVERHEAD    (MIB / 4)
/* Flavours that are learned; the one that was not used for longest makes room. */
#define LEARNED_MAX 8u

static uint64_t now_ns(const struct pool *pool)
{
    return core_now_ns(pool->core);
}

static struct pool_flavour *owner(struct list *node)
{
    return LIST_OWNER(node, struct pool_flavour, all);
}

/* ---- how much it holds -------------------------------------------------------------- */

static uint64_t shell_bytes(const struct pool_setting *setting)
{
    return setting->memory_mib * MIB + OVERHEAD;
}

uint64_t pool_flavour_bytes(const struct pool_flavour *flavour)
{
    return flavour->ready * shell_bytes(&flavour->setting);
}

uint64_t pool_held_bytes(const struct pool *pool)
{
    uint64_t bytes = 0;

    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        bytes += pool_flavour_bytes(flavour);
    }
    return bytes;
}

bool pool_has_budget(const struct pool *pool, const struct pool_flavour *flavour)
{
    return pool_held_bytes(pool) + shell_bytes(&flavour->setting) <= pool->setting.budget_mib * MIB;
}

/* ---- flavours ----------------------------------------------------------------------- */

static struct pool_flavour *flavour_create(struct pool *pool, const struct pool_setting *setting)
{
    struct pool_flavour *flavour = calloc(1, sizeof(*flavour));

    if (flavour == NULL)
        return NULL;
    flavour->setting = *setting;
    flavour->loaded = setting->image[0] != '\0';
    flavour->goal = setting->target;
    flavour->refilling = true;
    flavour->used_ns = now_ns(pool);
    list_init(&flavour->shells);
    list_append(&pool->flavours, &flavour->all);
    pool->flavour_count++;
    return flavour;
}

void pool_retire(struct pool_flavour *flavour)
{
    while (!list_empty(&flavour->shells))
        destroy_guest(LIST_OWNER(flavour->shells.next, struct guest, shell), NULL);
}

void pool_drop(struct pool *pool, struct pool_flavour *flavour)
{
    pool_retire(flavour);
    if (pool->building == flavour)
        pool->building = NULL;
    list_remove(&flavour->all);
    pool->flavour_count--;
    free(flavour);
}

static struct pool_flavour *find_configured(const struct pool *pool,
                                            const struct pool_setting *setting)
{
    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        const struct pool_setting *its = &flavour->setting;
        if (!flavour->learned && its->memory_mib == setting->memory_mib &&
            its->vcpus == setting->vcpus && its->nics == setting->nics &&
            strcmp(its->image, setting->image) == 0)
            return flavour;
    }
    return NULL;
}

static struct pool_flavour *least_recent(const struct pool *pool)
{
    struct pool_flavour *oldest = NULL;

    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        if (flavour->learned && (oldest == NULL || flavour->used_ns < oldest->used_ns))
            oldest = flavour;
    }
    return oldest;
}

static void set_flavour(struct pool *pool, struct pool_flavour *flavour,
                        const struct pool_setting *setting)
{
    if (setting->target == 0) {
        pool_drop(pool, flavour);
        return;
    }
    flavour->setting = *setting;
    flavour->goal = setting->target;
    flavour->refilling = true;
    flavour->retry_ns = 0;
    while (flavour->ready > setting->max)
        destroy_guest(LIST_OWNER(flavour->shells.next, struct guest, shell), NULL);
}

static void set_whole(struct pool *pool, const struct pool_setting *setting)
{
    struct pool_flavour *learned;
    struct guest *shell;

    pool_setting_merge(&pool->setting, setting);
    while (pool->setting.learn == 0 && (learned = least_recent(pool)) != NULL)
        pool_drop(pool, learned);
    while (pool_held_bytes(pool) > pool->setting.budget_mib * MIB &&
           (shell = pool_least_wanted(pool)) != NULL)
        destroy_guest(shell, NULL);
}

int pool_set(struct pool *pool, const struct pool_setting *setting, struct error *error)
{
    struct pool_flavour *flavour;

    pool_wake(pool, 0);
    if (!pool_setting_is_flavour(setting)) {
        set_whole(pool, setting);
        return 0;
    }
    flavour = find_configured(pool, setting);
    if (flavour != NULL) {
        set_flavour(pool, flavour, setting);
        return 0;
    }
    if (setting->target == 0)
        return 0;
    if (pool->flavour_count >= LIMIT_FLAVOURS)
        return limit_used_up(error, LIMIT_ID_FLAVOURS, pool->flavour_count, 1);
    return flavour_create(pool, setting) != NULL ? 0 : error_from_errno(error, ENOMEM, "pool");
}

static bool fits(const struct pool_flavour *flavour, const struct guest_spec *spec,
                 const struct image_key *key)
{
    const struct pool_setting *setting = &flavour->setting;

    if (setting->memory_mib != spec->memory_mib || setting->vcpus != spec->vcpus ||
        setting->nics != spec->vif_count)
        return false;
    return !flavour->loaded || (flavour->has_key && image_key_equal(&flavour->key, key));
}

static struct pool_flavour *find_fitting(const struct pool *pool, const struct guest_spec *spec,
                                         const struct image_key *key, bool loaded)
{
    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        if (flavour->loaded == loaded && fits(flavour, spec, key))
            return flavour;
    }
    return NULL;
}

static unsigned count_learned(const struct pool *pool)
{
    unsigned count = 0;

    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        count += flavour->learned;
    }
    return count;
}

struct pool_flavour *pool_learn(struct pool *pool, const struct guest_spec *spec,
                                const struct image_key *key)
{
    struct pool_setting setting = {.memory_mib = spec->memory_mib,
                                   .vcpus = spec->vcpus,
                                   .nics = spec->vif_count,
                                   .target = pool->setting.learn,
                                   .low = pool->setting.learn,
                                   .max = pool->setting.learn};
    uint64_t bytes = setting.target * shell_bytes(&setting);
    /* Several may have been created cold at the same time. */
    struct pool_flavour *known = find_fitting(pool, spec, key, true);

    if (known != NULL)
        return known;
    if (pool->setting.learn == 0 || pool->core->stopping || bytes > pool->setting.budget_mib * MIB)
        return NULL;
    if (count_learned(pool) >= LEARNED_MAX)
        pool_drop(pool, least_recent(pool));
    if (pool->flavour_count >= LIMIT_FLAVOURS)
        return NULL;
    snprintf(setting.image, sizeof(setting.image), "%s", spec->kernel);
    struct pool_flavour *flavour = flavour_create(pool, &setting);
    if (flavour == NULL)
        return NULL;
    flavour->learned = true;
    flavour->loaded = true;
    flavour->has_key = true;
    flavour->key = *key;
    pool_wake(pool, QUIET_NS);
    return flavour;
}

void pool_add(struct pool_flavour *flavour, struct guest *guest)
{
    guest_move(guest, GUEST_SHELL);
    guest->flavour = flavour;
    list_append(&flavour->shells, &guest->shell);
    flavour->ready++;
}

/* ---- taking a shell ----------------------------------------------------------------- */

/* One that chaos-iod serves: after a restart of it some may wait their turn. */
static struct guest *first_attached(const struct pool_flavour *flavour)
{
    LIST_FOR_EACH(node, &flavour->shells)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, shell);
        if (guest->io.sm.state == GUEST_IO_ATTACHED)
            return guest;
    }
    return NULL;
}

static void count_miss(struct pool *pool, struct pool_flavour *flavour)
{
    flavour->misses++;
    flavour->missed_ns = now_ns(pool);
    flavour->goal = flavour->setting.max;
    flavour->refilling = true;
    pool_wake(pool, QUIET_NS);
}

static struct guest *take_from(struct pool *pool, struct pool_flavour *flavour)
{
    struct guest *guest = first_attached(flavour);

    flavour->used_ns = now_ns(pool);
    if (guest == NULL) {
        count_miss(pool, flavour);
        return NULL;
    }
    flavour->hits++;
    flavour->ready--;
    list_remove(&guest->shell);
    guest_move(guest, GUEST_CREATING);
    if (flavour->ready < flavour->setting.low) {
        flavour->refilling = true;
        pool_wake(pool, QUIET_NS);
    }
    return guest;
}

static bool has_own_places(const struct guest_spec *spec, enum create_cold *cold_out)
{
    for (unsigned i = 0; i < spec->vif_count; i++) {
        if (spec->vif[i].bridge[0] != '\0')
            *cold_out = CREATE_COLD_BRIDGE;
        else if (spec->vif[i].has_mac || spec->vif[i].has_ip)
            *cold_out = CREATE_COLD_ADDRESS;
        else
            continue;
        return true;
    }
    return false;
}

struct guest *pool_take(struct pool *pool, const struct guest_spec *spec,
                        const struct image_key *key, enum create_from from,
                        enum create_cold *cold_out)
{
    struct guest *guest = NULL;

    *cold_out = CREATE_COLD_ASKED;
    if (from == CREATE_FROM_NOTHING || has_own_places(spec, cold_out))
        return NULL;
    *cold_out = CREATE_COLD_UNKNOWN;
    for (int loaded = 1; guest == NULL && loaded >= 0; loaded--) {
        if (loaded == 1 && from == CREATE_FROM_SHELL)
            continue;
        struct pool_flavour *flavour = find_fitting(pool, spec, key, loaded == 1);
        if (flavour == NULL)
            continue;
        *cold_out = CREATE_COLD_EMPTY;
        guest = take_from(pool, flavour);
    }
    return guest;
}

/* ---- giving shells up --------------------------------------------------------------- */

struct guest *pool_least_wanted(const struct pool *pool)
{
    struct pool_flavour *worst = NULL;

    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        if (flavour->ready > 0 && (worst == NULL || flavour->used_ns < worst->used_ns))
            worst = flavour;
    }
    return worst == NULL ? NULL : LIST_OWNER(worst->shells.next, struct guest, shell);
}

static bool has_mac(const struct guest *guest, const void *mac)
{
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest->vif[i].mac.held && memcmp(guest->vif[i].mac.octet, mac, 6) == 0)
            return true;
    return false;
}

static bool has_ip(const struct guest *guest, const void *ip)
{
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest->vif[i].ip_held &&
            (ip == NULL || memcmp(guest->vif[i].ip.octet, ip, sizeof(guest->vif[i].ip.octet)) == 0))
            return true;
    return false;
}

/* Shells that are being built are among them. */
static bool release(struct pool *pool, bool (*has)(const struct guest *, const void *),
                    const void *address)
{
    LIST_FOR_EACH(node, &pool->core->guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (!guest_is_shell(guest) || guest_state(guest) == GUEST_GONE || !has(guest, address))
            continue;
        destroy_guest(guest, NULL);
        return true;
    }
    return false;
}

bool pool_release_mac(struct pool *pool, const uint8_t mac[6])
{
    return release(pool, has_mac, mac);
}

bool pool_release_ip(struct pool *pool, const struct hostnet_ip *ip)
{
    return release(pool, has_ip, ip);
}

void pool_forget(struct guest *guest)
{
    if (!list_linked(&guest->shell))
        return;
    list_remove(&guest->shell);
    guest->flavour->ready--;
    if (guest->flavour->ready < guest->flavour->setting.low) {
        guest->flavour->refilling = true;
        pool_wake(&guest->core->pool, QUIET_NS);
    }
    guest->flavour = NULL;
}

void pool_lost(struct guest *guest, const char *why)
{
    struct pool_flavour *flavour = guest->flavour;
    struct pool *pool = &guest->core->pool;

    log_warning("a shell (domain %u) is lost: %s", guest->domid, why);
    flavour->retry_ns = now_ns(pool) + BACKOFF_NS;
    destroy_guest(guest, NULL);
}

/* ---- when it may work --------------------------------------------------------------- */

void pool_note_request(struct pool *pool)
{
    pool->request_ns = now_ns(pool);
}

uint64_t pool_busy_ns(const struct pool *pool)
{
    uint64_t quiet_ns = now_ns(pool) - pool->request_ns;
    return pool->request_ns != 0 && quiet_ns < QUIET_NS ? QUIET_NS - quiet_ns : 0;
}

void pool_wake(struct pool *pool, uint64_t delay_ns)
{
    uint64_t due_ns = now_ns(pool) + delay_ns;

    if (pool->core->stopping || (pool->due_ns != 0 && pool->due_ns <= due_ns))
        return;
    pool->due_ns = due_ns;
    pool->core->loop->ops->timer_set(pool->timer, delay_ns);
}

int pool_init(struct core *core)
{
    struct pool *pool = &core->pool;

    *pool = (struct pool){.core = core, .setting = core->config.pool};
    list_init(&pool->flavours);
    pool->timer = core->loop->ops->timer_create(core->loop, pool_on_timer, pool);
    return pool->timer == NULL ? -ENOMEM : 0;
}

void pool_stop(struct pool *pool)
{
    pool->core->loop->ops->timer_cancel(pool->timer);
    image_cache_cancel(&pool->read);
}

void pool_fini(struct pool *pool)
{
    if (pool->core == NULL)
        return;
    if (pool->timer != NULL)
        pool->core->loop->ops->timer_destroy(pool->timer);
    pool->timer = NULL;
    /* Shells that are left belong to the guest table. */
    LIST_FOR_EACH(node, &pool->flavours)
    free(LIST_OWNER(node, struct pool_flavour, all));
    list_init(&pool->flavours);
}
