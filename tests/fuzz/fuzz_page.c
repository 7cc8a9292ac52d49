/*
 * Any words in the noxs page, at any time: the guest runs on, or is crashed with a reason, and
 * nothing is left of it. On a core of fakes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "noxs/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 100 /* of an input */

/* What happens between two words of the guest. */
enum action {
    ACTION_RING,
    ACTION_REQUEST,
    ACTION_SHUTDOWN,
    ACTION_PAUSE,
    ACTION_WAIT,
    ACTION_STORM,
    ACTION_COUNT,
};

struct record {
    uint8_t action;
    uint8_t amount;
    uint8_t status[8];
    uint8_t ack[8];
};

static struct rig rig;

static void require(int condition)
{
    if (!condition)
        abort();
}

static uint64_t word(const uint8_t bytes[8])
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static void on_shutdown(void *arg, const struct error *error)
{
    (void)arg;
    require(error == NULL || error->text[0] != '\0');
}

static void ring(struct guest *guest)
{
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
}

static void act(struct guest *guest, const struct record *record)
{
    struct error error;

    switch (record->action % ACTION_COUNT) {
    case ACTION_RING:
        ring(guest);
        break;
    case ACTION_REQUEST:
        control_request(guest, (enum noxs_op)(record->amount % 6));
        ring(guest);
        break;
    case ACTION_SHUTDOWN:
        verb_shutdown(guest, NOXS_OP_POWEROFF, record->amount * RIG_MS, record->amount % 2,
                      on_shutdown, NULL, &error);
        ring(guest);
        break;
    case ACTION_PAUSE:
        if (verb_pause(guest, &error) < 0)
            verb_unpause(guest, &error);
        break;
    case ACTION_WAIT:
        loop_fake_advance(rig.loop, record->amount * 40 * RIG_MS);
        break;
    case ACTION_STORM:
        for (unsigned i = 0; i < 8 && rig_find(&rig, "web") == guest && guest_alive(guest); i++) {
            ring(guest);
            loop_fake_advance(rig.loop, 16 * RIG_MS);
        }
        break;
    }
}

/* Returns false when the guest is no more. */
static bool step(struct guest *guest, const struct record *record)
{
    struct noxs_page *page = rig_page(&rig, guest);

    noxs_write64(&page->status, word(record->status));
    noxs_write64(&page->ack, word(record->ack));
    act(guest, record);
    if (rig_find(&rig, "web") != guest)
        return false;
    if (guest_alive(guest))
        return true;
    require(guest_state(guest) == GUEST_CRASHED && guest->reason[0] != '\0');
    return false;
}

static void check_nothing_left(void)
{
    struct hv_fake_leaks leaks = hv_fake_leaks(rig.hv);

    require(leaks.domains == 0 && leaks.ports == 0 && leaks.maps == 0 && leaks.fds == 0);
    require(list_empty(&rig.core.guests.all));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record;
    struct guest_spec spec = rig_spec("web");

    if (rig.loop == NULL)
        rig_init(&rig);
    hv_fake_calls_reset(rig.hv);
    rig_create(&rig, &spec, false);
    struct guest *guest = rig_find(&rig, "web");
    require(guest != NULL);
    for (unsigned i = 0; i < RECORDS_MAX && size >= sizeof(record); i++) {
        memcpy(&record, data, sizeof(record));
        if (!step(guest, &record))
            break;
        data += sizeof(record);
        size -= sizeof(record);
    }
    guest = rig_find(&rig, "web");
    if (guest != NULL)
        destroy_guest(guest, NULL);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    check_nothing_left();
    return 0;
}
