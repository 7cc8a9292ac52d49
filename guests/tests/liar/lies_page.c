/* Lies in words of the noxs page. */
#include "lies.h"

#include <string.h>

#include "kernel/event.h"
#include "kernel/noxs_front.h"
#include "ukg.h"

#define GARBAGE UINT64_C(0xdeadbeefcafef00d)

static void tell_both(void)
{
    event_send(NOXS_PORT_CONTROL);
    event_send(NOXS_PORT_IO);
}

/* Every word that the guest may write. */
void lie_page(void)
{
    struct noxs_page *page = noxs_page();
    noxs_write64(&page->guest_features, GARBAGE);
    noxs_write64(&page->ack, GARBAGE);
    noxs_write64(&page->status, GARBAGE);
    noxs_write64(&page->guest_kick, GARBAGE);
    noxs_write64(&page->guest_seen, GARBAGE);
    for (unsigned i = 0; i < NOXS_DEVICE_SLOTS; i++)
        noxs_write32(&page->device_guest_state[i], (uint32_t)GARBAGE);
    tell_both();
}

/* Also those that it may not. */
void lie_page_all(void)
{
    memset(noxs_page(), 0xa5, NOXS_PAGE_SIZE);
    tell_both();
}

void lie_state(void)
{
    noxs_write64(&noxs_page()->status, noxs_pair(0, 99));
    event_send(NOXS_PORT_CONTROL);
}

void lie_state_back(void)
{
    noxs_write64(&noxs_page()->status, noxs_pair(0, NOXS_GUEST_BOOTING));
    event_send(NOXS_PORT_CONTROL);
}

/* To a request that was never made. */
void lie_ack(void)
{
    noxs_write64(&noxs_page()->ack, noxs_pair(4711, NOXS_ACK_OK));
    event_send(NOXS_PORT_CONTROL);
}

void lie_device_state(void)
{
    for (unsigned i = 0; i < NOXS_DEVICE_SLOTS; i++)
        noxs_write32(&noxs_page()->device_guest_state[i], 77);
    tell_both();
}

/* Says the same to whatever it is asked, and does nothing. */
static void answer_all(enum noxs_ack_status status)
{
    uint32_t seen = 0;
    for (;;) {
        event_clear();
        noxs_take_doorbells();
        uint32_t seq = noxs_high(noxs_read64(&noxs_page()->request));
        if (seq != seen) {
            seen = seq;
            noxs_write64(&noxs_page()->ack, noxs_pair(seq, status));
            event_send(NOXS_PORT_CONTROL);
        }
        event_poll(UKG_FOREVER);
    }
}

/* Not a lie but a will of its own. */
void lie_refuse(void)
{
    answer_all(NOXS_ACK_REFUSED);
}

/* Of what it says it has done, it does nothing. */
void lie_agree(void)
{
    answer_all(NOXS_ACK_OK);
}

void lie_unsupported(void)
{
    answer_all(NOXS_ACK_UNSUPPORTED);
}

/* Says that it exits, and stays. */
void lie_exiting(void)
{
    noxs_set_state(NOXS_GUEST_EXITING, 0);
    for (;;)
        event_poll(UKG_FOREVER);
}
