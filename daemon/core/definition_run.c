/*
 * A definition whose guest has ended and is to be started again: when, how often, and a record in
 * the state store, so that a chaosd that is killed meanwhile starts it all the same.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/autostart.h"
#include "core/definition_internal.h"
#include "core/verbs.h"
#include "util/keyval.h"
#include "util/log.h"

#define MS          UINT64_C(1000000)

/* A guest that ran this long has not failed in a row with the one before. */
#define STEADY_NS   (10000 * MS)
/* The first restart is at once, the second after this; then it doubles. */
#define DELAY_NS    (100 * MS)
#define DELAY_MAX   (30000 * MS)
/* To be built; whoever waits for it to be ready does so by himself. */
#define BUILD_NS    (60000 * MS)

#define RUN_VERSION 1u

struct run_address {
    uint8_t mac[6];
    uint8_t has_ip;
    uint8_t zero;
    uint8_t ip[4];
};

struct run_record {
    uint32_t version;
    uint32_t restarts;
    uint64_t counted;
    struct run_address address[LIMIT_VIFS];
};

/* It is not written: test_faults must see it. */
#ifdef CHAOS_PLANTED_BUG_RUN_RECORD
#define IS_LEFT_OUT true
#else
#define IS_LEFT_OUT false
#endif

/* ---- the record --------------------------------------------------------------------- */

static int save_run(const struct definition *definition)
{
    struct run_record record = {
        .version = RUN_VERSION, .restarts = definition->restarts, .counted = definition->counted};

    for (unsigned i = 0; i < definition->spec.vif_count; i++) {
        const struct definition_address *address = &definition->address[i];
        memcpy(record.address[i].mac, address->mac, sizeof(record.address[i].mac));
        record.address[i].has_ip = address->has_ip;
        memcpy(record.address[i].ip, address->ip.octet, sizeof(record.address[i].ip));
    }
    if (IS_LEFT_OUT)
        return 0;
    return keyval_put(definition->core->config.store, definition->id, &record, sizeof(record));
}

void definition_run_remove(struct definition *definition)
{
    definition->has_run = false;
    definition->counted = 0;
    int rc = keyval_delete(definition->core->config.store, definition->id);

    if (rc < 0)
        log_error("%s: the record of its run cannot be removed: %s", definition->spec.name,
                  strerror(-rc));
}

/* What a record says, taken once; false: it says nothing. */
static bool read_run(struct definition *definition, const void *data, size_t size)
{
    struct run_record record;

    if (size != sizeof(record))
        return false;
    memcpy(&record, data, sizeof(record));
    if (record.version != RUN_VERSION)
        return false;
    definition->restarts = record.restarts;
    definition->counted = record.counted;
    for (unsigned i = 0; i < definition->spec.vif_count; i++) {
        struct definition_address *address = &definition->address[i];
        memcpy(address->mac, record.address[i].mac, sizeof(address->mac));
        address->has_ip = record.address[i].has_ip != 0;
        memcpy(address->ip.octet, record.address[i].ip, sizeof(address->ip.octet));
    }
    return true;
}

/* ---- starting it again -------------------------------------------------------------- */

static void start_again(struct definition *definition);

static uint64_t delay_ns(unsigned restarts)
{
    if (restarts <= 1)
        return 0;
    unsigned doublings = restarts - 2;
    uint64_t delay = doublings < 16 ? DELAY_NS << doublings : DELAY_MAX;
    return delay < DELAY_MAX ? delay : DELAY_MAX;
}

static void on_time(void *arg)
{
    start_again(arg);
}

static void arm(struct definition *definition)
{
    struct loop *loop = definition->core->loop;

    if (definition->timer == NULL)
        definition->timer = loop->ops->timer_create(loop, on_time, definition);
    if (definition->timer == NULL)
        definition_rest(definition, "out of memory");
    else
        loop->ops->timer_set(definition->timer, delay_ns(definition->restarts));
}

static void on_released(struct destroy_waiter *waiter)
{
    arm(LIST_OWNER(waiter, struct definition, released));
}

/* Asked for by a verb, or by nobody. */
static void start_again(struct definition *definition)
{
    struct create_request how = {.timeout_ns = BUILD_NS};
    struct error error;

    if (definition->core->stopping)
        return;
    if (definition->again.done != NULL)
        how = definition->again;
    definition->again = (struct create_request){0};
    how.received_ns = core_now_ns(definition->core);
    if (definition_launch(definition, &how, &error) == 0)
        return;
    definition_rest(definition, error.text);
    if (how.done != NULL)
        how.done(how.arg, NULL, &error);
}

static void record_run(const struct definition *definition)
{
    int rc = save_run(definition);

    if (rc < 0)
        log_error("%s: that it is to be started again cannot be recorded: %s",
                  definition->spec.name, strerror(-rc));
}

static bool is_spent(const struct definition *definition)
{
    uint64_t max = definition->terms.max_restarts;
    return max != 0 && definition->restarts >= max;
}

void definition_failed_again(struct definition *definition, const struct error *error)
{
    char note[DEFINITION_NOTE_MAX];

    if (definition->core->leaving)
        return;
    if (definition->core->stopping) {
        definition_rest(definition, error->text);
        return;
    }
    if (is_spent(definition)) {
        snprintf(note, sizeof(note), "given up after %u restarts: %.110s", definition->restarts,
                 error->text);
        log_warning("%s: %s", definition->spec.name, note);
        definition_rest(definition, note);
        return;
    }
    /* Another has its address by now: any will do. */
    if (error->code == UKVM_E_ADDRESS_IN_USE)
        definition->keeps_addresses = false;
    definition->restarts++;
    snprintf(definition->note, sizeof(definition->note), "%.150s", error->text);
    record_run(definition);
    definition_move(definition, DEFINITION_WAITING);
    arm(definition);
}

bool definition_is_asked(const struct guest *guest)
{
    return guest->definition != NULL && guest->definition->again.done != NULL;
}

static void keep_addresses(struct definition *definition)
{
    const struct guest *guest = definition->guest;

    for (unsigned i = 0; i < guest->vif_count && i < definition->spec.vif_count; i++) {
        struct definition_address *address = &definition->address[i];
        *address = (struct definition_address){0};
        /* Another than it was made with came into its place. */
        if (strcmp(guest->vif[i].bridge, definition->spec.vif[i].bridge) != 0)
            continue;
        memcpy(address->mac, guest->vif[i].mac.octet, sizeof(address->mac));
        address->has_ip = guest->vif[i].ip_held;
        address->ip = guest->vif[i].ip;
    }
    definition->keeps_addresses = true;
}

/* The guest, which has ended, makes room for the next. */
static void replace(struct guest *guest)
{
    struct definition *definition = guest->definition;

    keep_addresses(definition);
    definition->counted = guest->id;
    guest->definition = NULL;
    definition->guest = NULL;
    record_run(definition);
    snprintf(definition->note, sizeof(definition->note), "%s", guest->reason);
    definition_move(definition, DEFINITION_WAITING);
    definition->released.done = on_released;
    destroy_guest(guest, &definition->released);
}

bool definition_again(struct guest *guest)
{
    struct definition *definition = guest->definition;

    if (definition == NULL || definition_state(definition) != DEFINITION_UP)
        return false;
    if (definition_is_asked(guest)) {
        definition->restarts = 0;
        replace(guest);
        return true;
    }
    /* The chaosd that has counted it was killed before its guest was gone. */
    if (definition->counted == guest->id) {
        replace(guest);
        return true;
    }
    if (core_now_ns(guest->core) - guest->unpaused_ns >= STEADY_NS)
        definition->restarts = 0;
    if (is_spent(definition)) {
        size_t length = strlen(guest->reason);
        snprintf(guest->reason + length, sizeof(guest->reason) - length,
                 "; given up after %u restarts", definition->restarts);
        log_warning("%s: %s", guest->name, guest->reason);
        return false;
    }
    definition->restarts++;
    log_info("%s: is started again, for the %u. time in a row", guest->name, definition->restarts);
    replace(guest);
    return true;
}

/* ---- verbs -------------------------------------------------------------------------- */

static void on_shutdown(void *arg, const struct error *error)
{
    struct definition *definition = arg;
    struct create_request again = definition->again;

    /* Its end follows, and finds that it was asked for. */
    if (error == NULL || again.done == NULL)
        return;
    definition->again = (struct create_request){0};
    again.done(again.arg, NULL, error);
}

int definition_restart(struct definition *definition, const struct create_request *how, bool force,
                       struct error *error)
{
    struct guest *guest = definition->guest;

    if (definition_state(definition) == DEFINITION_DEFINED)
        return definition_start(definition, how, error);
    if (definition_state(definition) != DEFINITION_UP || definition->again.done != NULL)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being started already",
                         definition->spec.name);
    definition->again = *how;
    if (force || !guest_alive(guest)) {
        guest_set_reason(guest, "restarted");
        definition_again(guest);
        return 0;
    }
    int rc = verb_shutdown(guest, NOXS_OP_POWEROFF, how->timeout_ns, false, on_shutdown, definition,
                           error);
    if (rc < 0)
        definition->again = (struct create_request){0};
    return rc;
}

int definition_cease(struct definition *definition, struct error *error)
{
    if (definition_state(definition) == DEFINITION_STARTING)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being started; try again",
                         definition->spec.name);
    if (definition_state(definition) != DEFINITION_WAITING)
        return error_set(error, UKVM_E_BAD_STATE,
                         "%s: is %s, and has no domain; 'undefine' removes it",
                         definition->spec.name, definition_state_name(definition));
    definition_rest(definition, "its restart was called off");
    return 0;
}

/* ---- after a former chaosd ---------------------------------------------------------- */

static void on_record(void *arg, uint64_t key, const void *data, size_t size)
{
    struct core *core = arg;

    if (key == AUTOSTART_KEY)
        core->definitions.autostarted = true;
    struct definition *definition =
        (key & DEFINITION_ID_BIT) != 0 ? definition_by_id(core, key) : NULL;
    if (definition != NULL)
        definition->has_run = read_run(definition, data, size);
}

/* The definition of a run that was removed has no file any more, and nobody reads its record. */
void definition_run_load(struct core *core)
{
    int rc = keyval_each(core->config.store, on_record, core);

    if (rc < 0)
        log_error("definitions: who is to be started again cannot be read: %s", strerror(-rc));
}

/* What had a guest goes on with that one; others had theirs under a former chaosd. */
void definitions_resume(struct core *core)
{
    LIST_FOR_EACH(node, &core->definitions.all)
    {
        struct definition *definition = LIST_OWNER(node, struct definition, all);
        if (definition_state(definition) != DEFINITION_DEFINED)
            continue;
        if (!definition->has_run) {
            definition_settle(definition);
            continue;
        }
        definition->keeps_addresses = true;
        definition_move(definition, DEFINITION_WAITING);
        arm(definition);
    }
}
