#include "core/store.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/definition.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/random.h"

static_assert(sizeof(struct store_record) <= KEYVAL_SIZE_MAX, "a record fits");
static_assert(STORE_REASON_MAX == GUEST_REASON_MAX, "the guest's own");
static_assert(sizeof(((struct store_record *)NULL)->name) == NOXS_NAME_MAX, "the guest's own");

/* ---- the mark ----------------------------------------------------------------------- */

#define UUID_MARK (16 - STORE_MARK_BYTES)

void store_mark(const char *path, uint8_t mark_out[STORE_MARK_BYTES])
{
    uint64_t digest = hash_text(path);

    mark_out[0] = 'c';
    mark_out[1] = 'h';
    for (unsigned i = 2; i < STORE_MARK_BYTES; i++)
        mark_out[i] = (uint8_t)(digest >> 8 * i);
}

void store_uuid(const uint8_t mark[STORE_MARK_BYTES], uint8_t uuid_out[16])
{
    random_uuid(uuid_out);
    uuid_out[6] = (uint8_t)((uuid_out[6] & 0x0f) | 0x80);
    memcpy(uuid_out + UUID_MARK, mark, STORE_MARK_BYTES);
}

bool store_is_marked(const uint8_t mark[STORE_MARK_BYTES], const uint8_t uuid[16])
{
    return uuid[6] >> 4 == 8 && uuid[8] >> 6 == 2 &&
           memcmp(uuid + UUID_MARK, mark, STORE_MARK_BYTES) == 0;
}

/* One state is not written, 0: nothing is removed. test_faults must see it. */
#ifdef CHAOS_PLANTED_BUG_STATE_WRITE
#define IS_LEFT_OUT(state) ((state) == CHAOS_PLANTED_BUG_STATE_WRITE)
#else
#define IS_LEFT_OUT(state) false
#endif

/* ---- writing ------------------------------------------------------------------------ */

static uint8_t presence(const struct guest_vif *vif)
{
    enum guest_vif_state state = guest_vif_state(vif);

    return state == GUEST_VIF_UP       ? STORE_VIF_UP
           : state == GUEST_VIF_ABSENT ? STORE_VIF_ABSENT
                                       : STORE_VIF_MOVING;
}

static void fill_vif(const struct guest_vif *vif, struct store_vif *out)
{
    memcpy(out->mac, vif->mac.octet, sizeof(out->mac));
    memcpy(out->ip, vif->ip.octet, sizeof(out->ip));
    memcpy(out->gateway, vif->gateway.octet, sizeof(out->gateway));
    memcpy(out->bridge, vif->bridge, sizeof(out->bridge));
    out->prefix_len = vif->prefix_len;
    out->ip_held = vif->ip_held;
    out->presence = presence(vif);
    out->generation = vif->generation;
    out->publish_count = (uint16_t)vif->publish_count;
    for (unsigned i = 0; i < vif->publish_count; i++)
        out->publish[i] = (struct store_publish){.host_port = vif->publish[i].host_port,
                                                 .guest_port = vif->publish[i].guest_port,
                                                 .protocol = vif->publish[i].protocol};
}

static void fill_shell(const struct pool_flavour *flavour, struct store_record *record)
{
    memcpy(record->kernel, flavour->setting.image, strlen(flavour->setting.image) + 1);
    if (flavour->loaded) {
        record->flags |= STORE_LOADED;
        store_key_write(&flavour->key, &record->key);
    }
    if (flavour->learned)
        record->flags |= STORE_LEARNED;
}

static void fill(const struct guest *guest, enum store_state state, struct store_record *record)
{
    *record = (struct store_record){.version = STORE_VERSION,
                                    .size = sizeof(*record),
                                    .id = guest->id,
                                    .memory_mib = guest->memory_mib,
                                    .request = guest->control.request,
                                    .domid = guest->domid,
                                    .owner = guest->owner,
                                    .abi = guest->abi,
                                    .vcpus = guest->vcpus,
                                    .state = (uint8_t)state,
                                    .vif_count = (uint8_t)guest->vif_count,
                                    .on_poweroff = (uint8_t)guest->on_poweroff,
                                    .on_reboot = (uint8_t)guest->on_reboot,
                                    .on_crash = (uint8_t)guest->on_crash,
                                    .generation = guest->generation};
    memcpy(record->uuid, guest->uuid, sizeof(record->uuid));
    memcpy(record->name, guest->name, sizeof(record->name));
    for (unsigned i = 0; i < guest->vif_count; i++) {
        fill_vif(&guest->vif[i], &record->vif[i]);
        record->vif[i].hot = guest->layout.vif[i].hot;
    }
    if (state == STORE_SHELL)
        fill_shell(guest->flavour, record);
    else
        memcpy(record->kernel, guest->kernel, strlen(guest->kernel) + 1);
    memcpy(record->reason, guest->reason, strlen(guest->reason) + 1);
    if (guest->definition != NULL)
        record->definition = guest->definition->id;
    if (guest->untrimmed)
        record->flags |= STORE_TRIM;
    if (guest->still)
        record->flags |= STORE_STILL;
    if (guest_hold(guest) != GUEST_HELD)
        record->flags |= STORE_RELEASED;
}

int store_save(struct guest *guest, enum store_state state)
{
    struct keyval *store = guest->core->config.store;
    struct store_record record;

    fill(guest, state, &record);
    int rc = IS_LEFT_OUT(state) ? 0 : keyval_put(store, guest->id, &record, sizeof(record));
    guest->stored = guest->stored || rc == 0;
    return rc;
}

void store_note(struct guest *guest, enum store_state state)
{
    int rc = store_save(guest, state);

    if (rc < 0)
        log_error("%s: cannot be recorded: %s", guest_label(guest), strerror(-rc));
}

void store_refresh(struct guest *guest)
{
    static const uint8_t states[] = {
        [GUEST_CREATING] = STORE_GUEST,  [GUEST_SHELL] = STORE_SHELL,
        [GUEST_BOOTING] = STORE_GUEST,   [GUEST_RUNNING] = STORE_GUEST,
        [GUEST_PAUSED] = STORE_PAUSED,   [GUEST_SHUTTING_DOWN] = STORE_GUEST,
        [GUEST_STOPPED] = STORE_STOPPED, [GUEST_CRASHED] = STORE_CRASHED,
    };

    if (guest->stored)
        store_note(guest, (enum store_state)states[guest_state(guest)]);
}

void store_remove(struct guest *guest)
{
    if (!guest->stored)
        return;
    int rc = IS_LEFT_OUT(0) ? 0 : keyval_delete(guest->core->config.store, guest->id);
    if (rc < 0)
        log_error("%s: its record cannot be removed: %s", guest_label(guest), strerror(-rc));
    guest->stored = false;
}
