/* Events without interrupts. */
#include "event.h"

#include "hypercall.h"
#include "noxs_front.h"
#include "shared_info.h"
#include "ukg.h"

#define PORT_BITS ((xen_ulong_t)1 << NOXS_PORT_CONTROL | (xen_ulong_t)1 << NOXS_PORT_IO)

void event_clear(void)
{
    xen_ulong_t *pending = &shared_info()->evtchn_pending[0];
    /* The exchange is also the full barrier between the clear and the caller's look for work. */
    if (__atomic_load_n(pending, __ATOMIC_SEQ_CST) & PORT_BITS)
        __atomic_fetch_and(pending, ~PORT_BITS, __ATOMIC_SEQ_CST);
}

void event_poll(uint64_t deadline_ns)
{
    static evtchn_port_t ports[] = {NOXS_PORT_CONTROL, NOXS_PORT_IO};
    struct sched_poll poll = {
        .nr_ports = noxs_page() != NULL ? sizeof ports / sizeof *ports : 0,
        .timeout = deadline_ns == UKG_FOREVER ? 0 : deadline_ns,
    };
    set_xen_guest_handle(poll.ports, ports);
    hypercall_sched(SCHEDOP_poll, &poll);
}

void event_send(uint32_t port)
{
    struct evtchn_send send = {.port = port};
    hypercall_event_channel(EVTCHNOP_send, &send);
}
