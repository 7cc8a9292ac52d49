/* Giving the CPU away: the one place where the outside world is looked at. */
#include "console.h"
#include "control.h"
#include "event.h"
#include "net.h"
#include "noxs_front.h"
#include "ukg.h"

static uint64_t ready_set(uint64_t wanted)
{
    uint64_t ready = net_ready(wanted);
    if ((wanted & UKG_READY_CONSOLE) && console_readable())
        ready |= UKG_READY_CONSOLE;
    if ((wanted & UKG_READY_NET_CHANGE) && net_has_changed())
        ready |= UKG_READY_NET_CHANGE;
    return ready;
}

uint64_t ukg_yield(uint64_t wanted, uint64_t deadline_ns)
{
    for (;;) {
        /* This order loses no event: see event.h. */
        event_clear();
        control_check();
        noxs_take_doorbells();
        uint64_t ready = ready_set(wanted);
        if (ready != 0)
            return ready;
        if (deadline_ns != UKG_FOREVER && ukg_clock_monotonic() >= deadline_ns)
            return 0;
        event_poll(deadline_ns);
    }
}
