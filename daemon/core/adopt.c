#include "core/adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "core/definition.h"
#include "core/devices.h"
#include "core/ending.h"
#include "core/hotnet.h"
#include "core/mem_set.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/random.h"

#define DOMAINS_BATCH 256

struct adopt {
    struct core *core;
    struct hv_domain_info *domains; /* ascending */
    size_t domain_count;
    struct store_record *records;
    size_t record_count;
    size_t record_room;
    uint64_t *wrong; /* ids of records that say nothing */
    size_t wrong_count;
    size_t wrong_room;
    bool no_memory;
    unsigned adopted;
    unsigned reclaimed;
};

/* ---- what there is ------------------------------------------------------------------ */

/* Room for one more of size bytes, or NULL. */
static void *make_room(void *array, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room > 0 ? *room * 2 : 64;

    if (count < *room)
        return array;
    void *bigger = realloc(array, wanted * size);
    if (bigger != NULL)
        *room = wanted;
    return bigger;
}

static void take_wrong(struct adopt *adopt, uint64_t id)
{
    uint64_t *wrong =
        make_room(adopt->wrong, adopt->wrong_count, &adopt->wrong_room, sizeof(*wrong));

    adopt->no_memory |= wrong == NULL;
    if (wrong == NULL)
        return;
    adopt->wrong = wrong;
    wrong[adopt->wrong_count++] = id;
}

static void on_record(void *arg, uint64_t id, const void *data, size_t size)
{
    struct adopt *adopt = arg;

    /* Those are of definitions, which are read by themselves. */
    if ((id & DEFINITION_ID_BIT) != 0)
        return;
    struct store_record *records =
        make_room(adopt->records, adopt->record_count, &adopt->record_room, sizeof(*records));
    adopt->no_memory |= records == NULL;
    if (records == NULL)
        return;
    adopt->records = records;
    const char *what = store_record_read(id, data, size, &records[adopt->record_count]);
    if (what == NULL) {
        adopt->record_count++;
        return;
    }
    log_warning("a record in the state store is not taken: %s is wrong", what);
    take_wrong(adopt, id);
}

static int read_store(struct adopt *adopt, struct error *error)
{
    struct keyval *store = adopt->core->config.store;
    int rc = keyval_each(store, on_record, adopt);

    if (rc == 0 && adopt->no_memory)
        rc = -ENOMEM;
    for (size_t i = 0; rc == 0 && i < adopt->wrong_count; i++)
        rc = keyval_delete(store, adopt->wrong[i]);
    return rc < 0 ? error_from_errno(error, -rc, "state store") : 0;
}

static int read_domains(struct adopt *adopt, struct error *error)
{
    struct hv *hv = adopt->core->hv;
    uint32_t first = 1; /* 0 is this dom0 */
    int count = DOMAINS_BATCH;

    while (count == DOMAINS_BATCH) {
        size_t room = adopt->domain_count + DOMAINS_BATCH;
        struct hv_domain_info *domains = realloc(adopt->domains, room * sizeof(*domains));
        if (domains == NULL)
            return error_from_errno(error, ENOMEM, "domains");
        adopt->domains = domains;
        count = hv->ops->domain_list(hv, first, &domains[adopt->domain_count], DOMAINS_BATCH);
        if (count < 0)
            return error_from_errno(error, -count, "domains");
        adopt->domain_count += (size_t)count;
        if (count > 0)
            first = domains[adopt->domain_count - 1].domid + 1;
    }
    return 0;
}

static int by_domid(const void *key, const void *element)
{
    uint32_t domid = *(const uint32_t *)key;
    const struct hv_domain_info *info = element;

    return domid < info->domid ? -1 : domid > info->domid;
}

/* The domain that a record means; its id may be another domain's by now. */
static const struct hv_domain_info *find_domain(const struct adopt *adopt,
                                                const struct store_record *record)
{
    const struct hv_domain_info *info =
        adopt->domain_count == 0
            ? NULL
            : bsearch(&record->domid, adopt->domains, adopt->domain_count, sizeof(*info), by_domid);
    bool is_it = info != NULL && !info->dying && guest_domain_is(info, record->domid, record->uuid);

    return is_it ? info : NULL;
}

/* ---- a guest of a record ------------------------------------------------------------ */

/* As far as the store knows; that it is ready is not recorded. */
static const char *last_state(const struct store_record *record)
{
    static const enum guest_state states[] = {
        [STORE_GUEST] = GUEST_RUNNING,
        [STORE_PAUSED] = GUEST_PAUSED,
        [STORE_STOPPED] = GUEST_STOPPED,
        [STORE_CRASHED] = GUEST_CRASHED,
    };

    return guest_state_name_of(states[record->state]);
}

/* guest_create has taken it for one that is UP. */
static void restore_vif(struct guest *guest, unsigned index, const struct spec_vif *spec,
                        const struct store_vif *record)
{
    static const enum guest_vif_state states[] = {
        [STORE_VIF_UP] = GUEST_VIF_UP,
        [STORE_VIF_MOVING] = GUEST_VIF_LEAVING,
        [STORE_VIF_ABSENT] = GUEST_VIF_ABSENT,
    };
    struct guest_vif *vif = &guest->vif[index];
    struct spec_publish *publish = vif->publish;
    unsigned publish_count = vif->publish_count;

    guest_vif_init(guest, index, spec, states[record->presence]);
    vif->publish = publish;
    vif->publish_count = publish_count;
    vif->generation = record->generation;
    memcpy(vif->gateway.octet, record->gateway, sizeof(vif->gateway.octet));
}

static struct guest *guest_of(struct core *core, const struct store_record *record)
{
    struct guest_spec spec;

    store_record_spec(record, &spec);
    struct guest *guest = guest_create(core, &spec, record->owner);
    if (guest == NULL)
        return NULL;
    memcpy(guest->uuid, record->uuid, sizeof(guest->uuid));
    guest->abi = record->abi;
    guest->control.request = record->request;
    guest->untrimmed = (record->flags & STORE_TRIM) != 0;
    guest->stored = true;
    guest_set_reason(guest, record->reason);
    if (record->state != STORE_SHELL)
        events_adopt_guest(guest, record->id, last_state(record));
    layout_init(&guest->layout, guest->memory_mib, store_record_window_vifs(record));
    guest->generation = record->generation;
    for (unsigned i = 0; i < guest->vif_count; i++)
        restore_vif(guest, i, &spec.vif[i], &record->vif[i]);
    return guest;
}

/* One of the two guests that have this domain id is not its domain's any more. */
static void yield_domid(struct core *core, uint32_t domid)
{
    struct guest *other = guest_table_by_domid(&core->guests, domid);

    if (other != NULL)
        destroy_guest(other, NULL);
}

static int enter(struct core *core, struct guest *guest, const struct store_record *record)
{
    int rc = guest_table_restore(&core->guests, guest, record->id);

    if (rc < 0)
        return rc;
    yield_domid(core, record->domid);
    guest->domid = record->domid;
    rc = guest_table_add_domid(&core->guests, guest);
    if (rc < 0)
        guest->domid = GUEST_NO_DOMID;
    iod_recorded(&core->iod, guest);
    return rc;
}

static int take_addresses(struct core *core, struct guest *guest, const struct store_record *record)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < guest->vif_count; i++) {
        struct guest_vif *vif = &guest->vif[i];
        if (guest_vif_state(vif) == GUEST_VIF_ABSENT)
            continue;
        rc = addr_mac_take(&core->addr, &vif->mac);
        if (rc < 0 || record->vif[i].ip_held == 0)
            continue;
        rc = addr_ip_take(&core->addr, vif->ip);
        vif->ip_held = rc == 0;
    }
    return rc;
}

/* Its address and its neighbours are what its configuration says. */
static bool is_of_network(const struct core *core, const struct guest *guest)
{
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest->vif[i].ip_held &&
            (guest->vif[i].prefix_len != core->addr.prefix_len ||
             memcmp(&guest->vif[i].gateway, &core->addr.gateway, sizeof(core->addr.gateway)) != 0))
            return false;
    return true;
}

/* NULL, or why the guest cannot go on. */
static const char *resume(struct core *core, struct guest *guest, const struct store_record *record)
{
    char text[HOSTNET_TEXT_MAX] = "";

    if (take_addresses(core, guest, record) < 0 || !is_of_network(core, guest))
        return "its address is not one of this network any more";
    if (devices_open_control(guest) < 0)
        return "its control channel could not be opened again";
    if (devices_publish(guest, text) < 0)
        log_warning("%s: a port is not published any more: %s", guest->name, text);
    return NULL;
}

/* ---- guests ------------------------------------------------------------------------- */

/* It was kept as it was; what cannot be taken over is given back, but for how it ended. */
static void restore_reason(struct guest *guest)
{
    guest_move(guest, GUEST_CRASHED);
    ending_restore(guest);
}

static void restore_end(struct guest *guest, const struct store_record *record)
{
    guest_move(guest, record->state == STORE_STOPPED ? GUEST_STOPPED : GUEST_CRASHED);
    if ((record->flags & STORE_RELEASED) != 0)
        ending_restore(guest);
}

/* Whether it is paused, and was not by a dump that has ended with its chaosd. */
static bool is_paused(struct guest *guest, const struct store_record *record,
                      const struct hv_domain_info *info)
{
    struct hv *hv = guest->core->hv;

    if ((record->flags & STORE_STILL) == 0 || !info->paused)
        return info->paused;
    int rc = hv->ops->domain_unpause(hv, guest->domid);
    if (rc < 0)
        log_warning("%s: stands still after a dump: %s", guest->name, strerror(-rc));
    store_refresh(guest);
    return rc < 0;
}

static void restore_life(struct guest *guest, const struct store_record *record,
                         const struct hv_domain_info *info)
{
    bool paused = is_paused(guest, record, info);

    mem_set_present(guest, info->memory_bytes);

    /* Its words: is it ready, did it exit? They may crash it, too. */
    control_read(guest);
    if (paused && guest_alive(guest))
        guest_move(guest, GUEST_PAUSED);
    if (guest->untrimmed && guest_alive(guest))
        trim_later(guest);
    hotnet_resume(guest);
    if (guest_alive(guest))
        events_adopt_settle(guest);
}

static bool has_ended(const struct store_record *record)
{
    return record->state == STORE_STOPPED || record->state == STORE_CRASHED;
}

/* A rename may have come as far as the definition. */
static void take_definition(struct guest *guest, const struct store_record *record)
{
    struct definition *definition =
        record->definition == 0 ? NULL : definition_by_id(guest->core, record->definition);

    if (definition == NULL || definition->guest != NULL) {
        if (record->definition != 0)
            log_warning("%s: its definition is gone: it is not started again", guest->name);
        return;
    }
    definition_adopt(definition, guest);
    if (strcmp(guest->name, definition->spec.name) != 0 &&
        guest_table_rename(&guest->core->guests, guest, definition->spec.name) == 0)
        store_refresh(guest);
}

/* info NULL: the domain is gone. */
static void restore_guest(struct adopt *adopt, struct guest *guest,
                          const struct store_record *record, const struct hv_domain_info *info)
{
    struct core *core = adopt->core;
    bool released = (record->flags & STORE_RELEASED) != 0;
    const char *wrong = NULL;

    guest->unpaused_ns = core_now_ns(core);
    guest_move(guest, GUEST_BOOTING);
    take_definition(guest, record);
    adopt->adopted++;
    if (info != NULL && !released)
        wrong = resume(core, guest, record);
    if (has_ended(record) && (released || (info != NULL && wrong == NULL)))
        restore_end(guest, record);
    else if (has_ended(record) && info != NULL)
        restore_reason(guest);
    else if (has_ended(record))
        destroy_guest(guest, NULL);
    else if (info == NULL)
        death_vanished(guest);
    else if (wrong != NULL)
        death_crash(guest, wrong);
    else
        restore_life(guest, record, info);
}

/* ---- shells, and what is not complete ----------------------------------------------- */

/* No instruction of it has run. */
static bool is_fresh(const struct hv_domain_info *info)
{
    return info->paused && !info->shutdown && info->cpu_time_ns == 0;
}

static bool keep_shell(struct core *core, struct guest *guest, const struct store_record *record)
{
    guest->record = malloc(sizeof(*record));
    if (guest->record == NULL)
        return false;
    *guest->record = *record;
    return resume(core, guest, record) == NULL;
}

static void reclaim(struct adopt *adopt, struct guest *guest)
{
    adopt->reclaimed++;
    log_info("%s (domain %u) was not complete: it is destroyed", guest_label(guest), guest->domid);
    destroy_guest(guest, NULL);
}

static void restore_shell(struct adopt *adopt, struct guest *guest,
                          const struct store_record *record, const struct hv_domain_info *info)
{
    if (info != NULL && is_fresh(info) && keep_shell(adopt->core, guest, record))
        adopt->adopted++;
    else
        reclaim(adopt, guest);
}

static int restore(struct adopt *adopt, const struct store_record *record)
{
    struct core *core = adopt->core;
    const struct hv_domain_info *info = find_domain(adopt, record);

    /* What another record says has been taken for true. */
    if (guest_table_by_id(&core->guests, record->id) != NULL ||
        (record->name[0] != '\0' && guest_table_by_name(&core->guests, record->name) != NULL))
        return keyval_delete(core->config.store, record->id);
    if (info == NULL && guest_table_by_domid(&core->guests, record->domid) != NULL)
        return keyval_delete(core->config.store, record->id);
    struct guest *guest = guest_of(core, record);
    if (guest == NULL)
        return -ENOMEM;
    int rc = enter(core, guest, record);
    if (rc < 0) {
        /* The domain and its record stay as they are. */
        guest->stored = false;
        if (list_linked(&guest->all))
            destroy_guest(guest, NULL);
        else
            guest_destroy(guest);
        return rc;
    }
    if (record->state == STORE_SHELL)
        restore_shell(adopt, guest, record, info);
    else if (record->state == STORE_GUEST && (record->flags & STORE_STILL) == 0 && info != NULL &&
             is_fresh(info))
        reclaim(adopt, guest);
    else
        restore_guest(adopt, guest, record, info);
    return 0;
}

/* ---- domains of ours that no record names ------------------------------------------- */

/* Somebody to destroy: it has nothing but its domain, or its place in chaos-iod. */
static struct guest *nobody(struct core *core)
{
    struct guest_spec spec;

    spec_init(&spec);
    return guest_create(core, &spec, 0);
}

static bool is_orphan(const struct adopt *adopt, const struct hv_domain_info *info)
{
    const struct guest *guest = guest_table_by_domid(&adopt->core->guests, info->domid);

    if (info->dying || !store_is_marked(adopt->core->config.mark, info->uuid))
        return false;
    if (guest != NULL && memcmp(guest->uuid, info->uuid, sizeof(guest->uuid)) == 0)
        return false;
    /* Those that are on their way out are in the table by id only. */
    LIST_FOR_EACH(node, &adopt->core->guests.all)
    {
        const struct guest *other = LIST_OWNER(node, struct guest, all);
        if (memcmp(other->uuid, info->uuid, sizeof(other->uuid)) == 0)
            return false;
    }
    return true;
}

static int reclaim_orphan(struct adopt *adopt, const struct hv_domain_info *info)
{
    struct core *core = adopt->core;
    struct guest *guest = nobody(core);
    int rc = guest == NULL ? -ENOMEM : guest_table_add(&core->guests, guest);

    if (rc < 0) {
        guest_destroy(guest);
        return rc;
    }
    guest->domid = info->domid;
    memcpy(guest->uuid, info->uuid, sizeof(guest->uuid));
    reclaim(adopt, guest);
    return 0;
}

int adopt_stray(struct core *core, uint64_t id)
{
    struct guest *guest = nobody(core);
    int rc = guest == NULL ? -ENOMEM : guest_table_restore(&core->guests, guest, id);

    if (rc < 0) {
        guest_destroy(guest);
        return rc;
    }
    log_info("chaos-iod serves a guest that is not: it is told to let go");
    iod_recorded(&core->iod, guest);
    destroy_guest(guest, NULL);
    return 0;
}

/* ------------------------------------------------------------------------------------- */

static int adopt_all(struct adopt *adopt, struct error *error)
{
    int rc = read_store(adopt, error);

    if (rc == 0)
        rc = read_domains(adopt, error);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < adopt->record_count; i++)
        rc = restore(adopt, &adopt->records[i]);
    for (size_t i = 0; rc == 0 && i < adopt->domain_count; i++)
        if (is_orphan(adopt, &adopt->domains[i]))
            rc = reclaim_orphan(adopt, &adopt->domains[i]);
    return rc < 0 ? error_from_errno(error, -rc, "adoption") : 0;
}

/* The former chaosd may just have used what would be given next, and the host still knows it by the
   MAC of a guest that is gone. */
static void rest_addresses(struct core *core)
{
    uint32_t start;

    random_bytes(&start, sizeof(start));
    core->addr.next = start % core->addr.size;
}

int adopt_begin(struct core *core, struct error *error)
{
    struct adopt adopt = {.core = core};

    events_adopt_begin(core);
    int rc = adopt_all(&adopt, error);
    events_adopt_end(core);
    if (adopt.adopted + adopt.reclaimed > 0) {
        rest_addresses(core);
        log_info("%u guests and shells adopted, %u domains reclaimed", adopt.adopted,
                 adopt.reclaimed);
    }
    free(adopt.domains);
    free(adopt.records);
    free(adopt.wrong);
    if (core->guests.domid_count > 0)
        death_look_soon(core);
    return rc;
}

void adopt_shell(struct guest *guest, int status)
{
    struct pool *pool = &guest->core->pool;

    if (status < 0 || !pool_adopt(pool, guest))
        destroy_guest(guest, NULL);
}

static bool is_adopted_shell(const struct guest *guest)
{
    return guest->record != NULL && guest_state(guest) == GUEST_CREATING;
}

static bool is_waiting_shell(const struct guest *guest)
{
    return is_adopted_shell(guest) && guest_hold(guest) == GUEST_HELD &&
           guest->io.sm.state == GUEST_IO_ATTACHED;
}

static struct guest *waiting_shell(struct core *core)
{
    LIST_FOR_EACH(node, &core->guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (is_waiting_shell(guest))
            return guest;
    }
    return NULL;
}

void adopt_finish(struct core *core)
{
    struct guest *misfit;

    LIST_FOR_EACH(node, &core->guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (is_waiting_shell(guest))
            pool_adopt(&core->pool, guest);
    }
    /* From the start each time: with a chaos-iod that goes away just now others may be freed, too.
     */
    while ((misfit = waiting_shell(core)) != NULL)
        destroy_guest(misfit, NULL);
    /* It builds what is missing, and not before it is known what is. */
    pool_wake(&core->pool, 0);
}
