#include "core/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/autostart.h"
#include "core/core.h"
#include "core/create.h"
#include "core/hotnet.h"
#include "core/mem_set.h"
#include "core/verbs.h"
#include "noxs/access.h"
#include "util/log.h"

#define MS              UINT64_C(1000000)

/*
 * A guest that says it exits must stop within EXIT_NS. It is looked at often at first, then less;
 * if it takes longer, Xen's event or the look at all guests finds it.
 */
#define EXIT_NS         (5000 * MS)
#define EXIT_OFTEN_NS   (8 * MS)
#define EXIT_OFTEN_GAP  (1 * MS)
#define EXIT_LESS_NS    (64 * MS)
#define EXIT_LESS_GAP   (4 * MS)
#define UNMASK_RETRY_NS (100 * MS)
#define UNMASK_TRIES    20u
/* Events handled before other watches get their turn. */
#define DISPATCH_BATCH  256

static struct hv *hv_of(const struct guest *guest)
{
    return guest->core->hv;
}

/* ---- the guest's words -------------------------------------------------------------- */

static void wait_for_exit(struct guest *guest)
{
    uint64_t gone_ns = core_now_ns(guest->core) - guest->control.exiting_ns;
    uint64_t delay_ns = EXIT_NS - gone_ns;

    if (gone_ns < EXIT_OFTEN_NS)
        delay_ns = EXIT_OFTEN_GAP;
    else if (gone_ns < EXIT_LESS_NS)
        delay_ns = EXIT_LESS_GAP;
    guest->core->loop->ops->timer_set_exact(guest->control.exit_timer, delay_ns);
}

static void on_exit_timer(void *arg)
{
    struct guest *guest = arg;

    if (!death_look_at(guest))
        return;
    if (core_now_ns(guest->core) - guest->control.exiting_ns >= EXIT_NS)
        death_crash(guest, "it said it was exiting, and ran on");
    else
        wait_for_exit(guest);
}

static void on_exiting(struct guest *guest, uint32_t exit_code)
{
    struct loop *loop = guest->core->loop;

    guest->control.exit_code = exit_code;
    guest->control.exiting_ns = core_now_ns(guest->core);
    if (guest->control.exit_timer == NULL)
        guest->control.exit_timer = loop->ops->timer_create(loop, on_exit_timer, guest);
    /* Without memory for a timer the guest merely gets away with it. */
    if (guest->control.exit_timer != NULL)
        wait_for_exit(guest);
}

static void on_ready(struct guest *guest)
{
    if (guest->ready_ns != 0)
        return;
    guest->ready_ns = core_now_ns(guest->core);
    if (guest_state(guest) == GUEST_BOOTING)
        guest_move(guest, GUEST_RUNNING);
    if (guest->definition != NULL)
        autostart_on_settled(guest->definition);
    if (guest->create != NULL)
        create_on_ready(guest->create);
}

/* Returns NULL, or what is wrong with the word. */
static const char *accept_status(struct guest *guest, uint64_t status)
{
    uint32_t state = noxs_low(status);
    uint32_t before = guest->control.seen_state;

    if (state > NOXS_GUEST_EXITING)
        return "unknown value in the status word";
    if (state < before)
        return "the status word went backwards";
    if (state == before)
        return NULL;
    guest->control.seen_state = state;
    if (state == NOXS_GUEST_EXITING)
        on_exiting(guest, noxs_high(status));
    /* Who exits without an error has been ready, if only for a moment. */
    if (state == NOXS_GUEST_READY || noxs_high(status) == 0)
        on_ready(guest);
    return NULL;
}

static const char *accept_ack(struct guest *guest, uint64_t ack)
{
    struct guest_control *control = &guest->control;
    uint32_t seq = noxs_high(ack);
    uint32_t status = noxs_low(ack);

    if (seq == control->acked_seq)
        return NULL;
    if (seq > noxs_high(control->request) || seq < control->acked_seq)
        return "answer to a request that was never made";
#ifdef CHAOS_PLANTED_BUG_PAGE
    static unsigned counts[NOXS_ACK_REFUSED + 1];
    counts[status]++;
#endif
    if (status > NOXS_ACK_REFUSED)
        return "unknown value in the ack word";
    control->acked_seq = seq;
    mem_set_on_ack(guest, seq, status);
    hotnet_acked(guest, seq, status);
    if (seq == noxs_high(control->request) && status != NOXS_ACK_OK &&
        noxs_low(control->request) != NOXS_OP_MEMORY &&
        noxs_low(control->request) != NOXS_OP_DEVICE_CHANGE)
        verb_shutdown_refused(guest, status == NOXS_ACK_REFUSED ? "it refused"
                                                                : "it does not know how to");
    return NULL;
}

void control_read(struct guest *guest)
{
    const struct noxs_page *page = guest->control.page;
    uint64_t status = noxs_read64(&page->status);
    uint64_t ack = noxs_read64(&page->ack);
    const char *wrong = accept_ack(guest, ack);

    if (wrong == NULL)
        wrong = accept_status(guest, status);
    if (wrong != NULL) {
        char reason[GUEST_REASON_MAX];
        snprintf(reason, sizeof(reason), "control: %s", wrong);
        death_crash(guest, reason);
    }
}

/* ---- the channel -------------------------------------------------------------------- */

static void unmask(struct guest *guest);

static void on_delay_over(void *arg)
{
    struct guest *guest = arg;

    if (guest->control.unmask_failures >= UNMASK_TRIES)
        death_crash(guest, "its control channel does not work any more");
    else if (guest->control.port.n != 0)
        unmask(guest);
}

static void unmask_later(struct guest *guest, uint64_t delay_ns)
{
    struct guest_control *control = &guest->control;
    struct loop *loop = guest->core->loop;

    if (control->throttle_timer == NULL)
        control->throttle_timer = loop->ops->timer_create(loop, on_delay_over, guest);
    /* Without memory for a timer the channel stays masked; the domain scan finds its end. */
    if (control->throttle_timer != NULL)
        loop->ops->timer_set(control->throttle_timer, delay_ns);
}

static void unmask(struct guest *guest)
{
    int rc = hv_of(guest)->ops->port_unmask(hv_of(guest), guest->control.port);

    if (rc == 0) {
        guest->control.unmask_failures = 0;
        return;
    }
    log_warning("%s: control channel cannot be unmasked: %s", guest_label(guest), strerror(-rc));
    guest->control.unmask_failures++;
    unmask_later(guest, UNMASK_RETRY_NS);
}

static void on_event(struct guest *guest)
{
    struct core *core = guest->core;
    struct hv_port port = guest->control.port;
    enum throttle_verdict verdict;

    /* Binding raises an event by itself; the guest cannot ring before it runs. */
    if (guest_state(guest) == GUEST_CREATING || guest_state(guest) == GUEST_SHELL)
        unmask(guest);
    if (!guest_alive(guest))
        return;
    verdict = throttle_ring(&guest->control.throttle, core_now_ns(guest->core));
    if (verdict == THROTTLE_STORM) {
        death_crash(guest, "event storm on the control channel");
        return;
    }
    /* Read first: somebody may wait for the word. What rings before the unmask stays pending. */
    control_read(guest);
    if (guest_table_by_port(&core->guests, port) != guest)
        return;
    if (verdict == THROTTLE_PASS)
        unmask(guest);
    else
        unmask_later(guest, guest->control.throttle.delay_ns);
}

void control_dispatch(struct core *core)
{
    struct hv_port port;

    for (int i = 0; i < DISPATCH_BATCH; i++) {
        int rc = core->hv->ops->event_next(core->hv, &port);
        if (rc < 0) {
            if (rc != -EAGAIN)
                log_warning("control channels: errno %d", -rc);
            return;
        }
        struct guest *guest = guest_table_by_port(&core->guests, port);
        if (guest != NULL)
            on_event(guest);
        else if (port.n == core->death.port.n)
            death_on_event(core);
    }
}

int control_open(struct guest *guest)
{
    struct hv_port port;
    int rc = hv_of(guest)->ops->port_bind(hv_of(guest), guest->domid,
                                          (struct hv_port){NOXS_PORT_CONTROL}, &port);

    if (rc < 0)
        return rc;
    guest->control.port = port;
    throttle_init(&guest->control.throttle, core_now_ns(guest->core));
    return guest_table_add_port(&guest->core->guests, guest);
}

void control_close(struct guest *guest)
{
    if (guest->control.port.n == 0)
        return;
    guest_table_remove_port(&guest->core->guests, guest);
    hv_of(guest)->ops->port_unbind(hv_of(guest), guest->control.port);
    guest->control.port.n = 0;
}

int control_request(struct guest *guest, enum noxs_op op)
{
    struct guest_control *control = &guest->control;
    uint32_t seq = noxs_high(control->request) + 1;

    control->request = noxs_pair(seq, op);
    /* A later chaosd goes on counting from here, and takes no answer for one to nothing. */
    store_refresh(guest);
    noxs_write64(&control->page->request, control->request);
    return hv_of(guest)->ops->port_notify(hv_of(guest), control->port);
}
