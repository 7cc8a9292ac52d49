/* Building shells when nobody waits, and ending those that nobody will want. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/image_read.h"
#include "core/pool.h"
#include "util/fd.h"
#include "util/log.h"

#define MS              UINT64_C(1000000)
#define SECOND          (1000 * MS)
#define MIB             (UINT64_C(1) << 20)

/* A learned flavour that nobody asks for is forgotten. */
#define UNUSED_NS       (600 * SECOND)
/* After a miss a flavour is kept at its maximum for this long. */
#define EAGER_NS        (60 * SECOND)
/* Between looks at images on disk and at unused flavours. */
#define HOUSEKEEPING_NS (10 * SECOND)
/* Without memory a flavour waits for this long. */
#define NO_MEMORY_NS    (1 * SECOND)
#define BACKOFF_MIN_NS  (100 * MS)
#define BACKOFF_MAX_NS  (30 * SECOND)
/* Of the host's memory no shell takes the last. */
#define HOST_SPARE      (64 * MIB)

static uint64_t now_ns(const struct pool *pool)
{
    return core_now_ns(pool->core);
}

static struct pool_flavour *owner(struct list *node)
{
    return LIST_OWNER(node, struct pool_flavour, all);
}

static void set_note(struct pool_flavour *flavour, const char *text)
{
    snprintf(flavour->note, sizeof(flavour->note), "%s", text);
}

static void postpone(const struct pool *pool, struct pool_flavour *flavour, uint64_t delay_ns,
                     const char *why)
{
    flavour->retry_ns = now_ns(pool) + delay_ns;
    set_note(flavour, why);
}

/* ---- counting ----------------------------------------------------------------------- */

static uint64_t minute_of(const struct pool *pool)
{
    return now_ns(pool) / (POOL_RATE_SECONDS * SECOND);
}

static void count_built(const struct pool *pool, struct pool_flavour *flavour)
{
    uint64_t minute = minute_of(pool);

    if (minute != flavour->minute) {
        flavour->refills[1] = minute == flavour->minute + 1 ? flavour->refills[0] : 0;
        flavour->refills[0] = 0;
        flavour->minute = minute;
    }
    flavour->refills[0]++;
    flavour->built++;
}

unsigned pool_refills(const struct pool *pool, const struct pool_flavour *flavour)
{
    uint64_t age = minute_of(pool) - flavour->minute;

    if (age > 1)
        return 0;
    if (age == 1)
        return flavour->refills[0];
    return flavour->refills[0] > flavour->refills[1] ? flavour->refills[0] : flavour->refills[1];
}

/* ---- what to build ------------------------------------------------------------------ */

static bool needs_shells(const struct pool *pool, struct pool_flavour *flavour)
{
    if (flavour->goal > flavour->setting.target && now_ns(pool) - flavour->missed_ns > EAGER_NS)
        flavour->goal = flavour->setting.target;
    if (flavour->ready >= flavour->goal)
        flavour->refilling = false;
    return flavour->refilling;
}

/* The emptiest that may be built now; *wait_ns_out: until the first of those that may not. */
static struct pool_flavour *choose(struct pool *pool, uint64_t *wait_ns_out)
{
    struct pool_flavour *chosen = NULL;
    uint64_t now = now_ns(pool);

    *wait_ns_out = HOUSEKEEPING_NS;
    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        if (!needs_shells(pool, flavour))
            continue;
        if (flavour->retry_ns > now) {
            if (flavour->retry_ns - now < *wait_ns_out)
                *wait_ns_out = flavour->retry_ns - now;
        } else if (chosen == NULL || flavour->ready * chosen->setting.target <
                                         chosen->ready * flavour->setting.target) {
            chosen = flavour;
        }
    }
    return chosen;
}

/* Learned flavours that were used less recently make room for this one. */
static bool fits_budget(struct pool *pool, const struct pool_flavour *flavour)
{
    while (!pool_has_budget(pool, flavour)) {
        struct guest *guest = pool_least_wanted(pool);
        if (guest == NULL || !guest->flavour->learned ||
            guest->flavour->used_ns >= flavour->used_ns)
            return false;
        pool_drop(pool, guest->flavour);
    }
    return true;
}

static bool fits_host(struct pool *pool, const struct pool_flavour *flavour)
{
    struct hv *hv = pool->core->hv;
    struct hv_host_info host;

    return hv->ops->host_info(hv, &host) == 0 &&
           host.free_bytes >=
               flavour->setting.memory_mib * MIB + CREATE_OVERHEAD_BYTES + HOST_SPARE;
}

/* ---- a build, in the order it happens ----------------------------------------------- */

static void work_ended(struct pool *pool)
{
    pool->working = false;
    pool->building = NULL;
    pool_wake(pool, 0);
}

static void back_off(struct pool *pool, const struct error *error)
{
    struct pool_flavour *flavour = pool->building;

    if (flavour != NULL) {
        uint64_t delay_ns = flavour->backoff_ns > 0 ? flavour->backoff_ns : BACKOFF_MIN_NS;
        postpone(pool, flavour, delay_ns, error->text);
        flavour->backoff_ns = delay_ns * 2 < BACKOFF_MAX_NS ? delay_ns * 2 : BACKOFF_MAX_NS;
    }
    work_ended(pool);
}

/* image is held, and taken over. */
static void build(struct pool *pool, struct image_entry *image)
{
    struct pool_flavour *flavour = pool->building;
    struct guest_spec spec;
    struct error error;

    spec_init(&spec);
    spec.memory_mib = flavour->setting.memory_mib;
    spec.vcpus = flavour->setting.vcpus;
    spec.vif_count = (unsigned)flavour->setting.nics;
    if (create_shell(pool->core, &spec, image) != NULL)
        return;
    image_cache_release(&pool->core->images, image);
    error_from_errno(&error, ENOMEM, "shell");
    back_off(pool, &error);
}

/* The file may be another than that which its shells hold. */
static void build_loaded(struct pool *pool, struct image_entry *image)
{
    struct pool_flavour *flavour = pool->building;

    if (flavour->has_key && !image_key_equal(&flavour->key, &image->key)) {
        log_info("%s has changed: its shells are built anew", flavour->setting.image);
        pool_retire(flavour);
    }
    flavour->has_key = true;
    flavour->key = image->key;
    build(pool, image);
}

static void on_image(struct image_waiter *waiter, struct image_entry *entry,
                     const struct error *error)
{
    struct pool *pool = LIST_OWNER(waiter, struct pool, read);

    if (entry == NULL) {
        back_off(pool, error);
    } else if (pool->building == NULL) {
        image_cache_release(&pool->core->images, entry);
        work_ended(pool);
    } else {
        build_loaded(pool, entry);
    }
}

static int open_image(const struct pool_flavour *flavour)
{
    return open(flavour->setting.image, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static void read_configured(struct pool *pool)
{
    struct image_entry *entry = NULL;
    struct error error;
    int fd = open_image(pool->building), rc;

    if (fd < 0) {
        rc = error_set(&error, UKVM_E_NO_FILE, "%s: %s", pool->building->setting.image,
                       strerror(errno));
    } else {
        pool->read.done = on_image;
        rc = image_cache_get(&pool->core->images, fd, 0, &pool->read, &entry, &error);
        fd_close(&fd);
    }
    if (rc < 0)
        back_off(pool, &error);
    else if (entry != NULL)
        build_loaded(pool, entry);
}

/* The path that its users gave is for display: their image is in the cache, or lost. */
static void build_learned(struct pool *pool)
{
    struct pool_flavour *flavour = pool->building;
    struct image_entry *entry = image_cache_find(&pool->core->images, &flavour->key);

    if (entry != NULL) {
        build(pool, entry);
        return;
    }
    if (flavour->ready > 0)
        flavour->refilling = false;
    else
        pool_drop(pool, flavour);
    work_ended(pool);
}

static void start(struct pool *pool, struct pool_flavour *flavour)
{
    if (!fits_budget(pool, flavour)) {
        postpone(pool, flavour, NO_MEMORY_NS, "the pool's budget is used up");
        return;
    }
    if (!fits_host(pool, flavour)) {
        postpone(pool, flavour, NO_MEMORY_NS, "the host is short of memory");
        return;
    }
    pool->working = true;
    pool->building = flavour;
    pool->next_build_ns = now_ns(pool) + SECOND / pool->setting.rate;
    if (!flavour->loaded)
        build(pool, NULL);
    else if (flavour->learned)
        build_learned(pool);
    else
        read_configured(pool);
}

void pool_on_built(struct pool *pool, struct guest *guest)
{
    struct pool_flavour *flavour = pool->building;

    /* The flavour may have been dropped, or the pool may be large enough by now. */
    if (flavour == NULL || flavour->ready >= flavour->setting.max || pool->core->stopping) {
        destroy_guest(guest, NULL);
    } else {
        pool_add(flavour, guest);
        /* One that is not recorded serves as well, and is destroyed when chaosd starts anew. */
        store_note(guest, STORE_SHELL);
        flavour->backoff_ns = 0;
        flavour->note[0] = '\0';
        count_built(pool, flavour);
        death_watch(pool->core);
    }
    work_ended(pool);
}

void pool_on_build_failed(struct pool *pool, const struct error *error)
{
    back_off(pool, error);
}

/* ---- housekeeping ------------------------------------------------------------------- */

static bool is_stale(const struct pool_flavour *flavour)
{
    if (flavour->learned || !flavour->has_key || flavour->ready == 0)
        return false;
    int fd = open_image(flavour);
    bool current = fd >= 0 && image_cache_is_current(fd, &flavour->key);
    fd_close(&fd);
    return !current;
}

static void keep_house(struct pool *pool)
{
    LIST_FOR_EACH(node, &pool->flavours)
    {
        struct pool_flavour *flavour = owner(node);
        if (flavour->learned && now_ns(pool) - flavour->used_ns > UNUSED_NS)
            pool_drop(pool, flavour);
        else if (is_stale(flavour))
            pool_retire(flavour);
    }
}

static uint64_t later(uint64_t when_ns, uint64_t now)
{
    return when_ns > now ? when_ns - now : 0;
}

void pool_on_timer(void *arg)
{
    struct pool *pool = arg;
    uint64_t wait_ns = pool_busy_ns(pool);

    pool->due_ns = 0;
    if (pool->core->stopping || pool->working || !pool->core->iod.ever_up)
        return;
    if (wait_ns == 0)
        wait_ns = later(pool->next_build_ns, now_ns(pool));
    if (wait_ns > 0) {
        pool_wake(pool, wait_ns);
        return;
    }
    struct pool_flavour *flavour = choose(pool, &wait_ns);
    if (flavour != NULL) {
        start(pool, flavour);
        if (!pool->working)
            pool_wake(pool, 0);
        return;
    }
    keep_house(pool);
    if (!list_empty(&pool->flavours))
        pool_wake(pool, wait_ns);
}
