/* Requests of chaosd, and how the guest stops. */
#include "control.h"

#include "event.h"
#include "hypercall.h"
#include "log.h"
#include "memory.h"
#include "net.h"
#include "noxs_front.h"
#include "ukg.h"

static uint32_t last_seq;
static void (*stop_hook)(enum ukg_stop stop);

void ukg_on_stop(void (*hook)(enum ukg_stop stop))
{
    stop_hook = hook;
}

static _Noreturn void stop(int code, unsigned reason)
{
    noxs_set_state(NOXS_GUEST_EXITING, code);
    hypercall_shutdown(reason);
}

_Noreturn void ukg_exit(int code)
{
    stop(code, SHUTDOWN_poweroff);
}

_Noreturn void ukg_panic(const char *reason)
{
    log_print("panic: %s\n", reason);
    log_flush();
    hypercall_shutdown(SHUTDOWN_crash);
}

static _Noreturn void stop_as_asked(enum ukg_stop what)
{
    void (*hook)(enum ukg_stop) = stop_hook;
    stop_hook = NULL;
    if (hook != NULL)
        hook(what);
    stop(0, what == UKG_STOP_REBOOT ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

static void acknowledge(uint32_t seq, enum noxs_ack_status status)
{
    noxs_write64(&noxs_page()->ack, noxs_pair(seq, status));
    event_send(NOXS_PORT_CONTROL);
}

static enum noxs_ack_status device_change(void)
{
    return net_follow() ? NOXS_ACK_OK : NOXS_ACK_REFUSED;
}

static enum noxs_ack_status set_memory(void)
{
    uint64_t pages = noxs_read64(&noxs_page()->request_argument);
    return memory_set_pages(pages) ? NOXS_ACK_OK : NOXS_ACK_REFUSED;
}

void control_check(void)
{
    if (noxs_page() == NULL)
        return;
    uint64_t request = noxs_read64(&noxs_page()->request);
    uint32_t seq = noxs_high(request);
    if (noxs_low(request) == NOXS_OP_NONE || seq == last_seq)
        return;
    last_seq = seq;
    switch (noxs_low(request)) {
    case NOXS_OP_POWEROFF:
        acknowledge(seq, NOXS_ACK_OK);
        stop_as_asked(UKG_STOP_POWEROFF);
    case NOXS_OP_REBOOT:
        acknowledge(seq, NOXS_ACK_OK);
        stop_as_asked(UKG_STOP_REBOOT);
    case NOXS_OP_DEVICE_CHANGE:
        acknowledge(seq, device_change());
        break;
    case NOXS_OP_MEMORY:
        acknowledge(seq, set_memory());
        break;
    default:
        acknowledge(seq, NOXS_ACK_UNSUPPORTED);
    }
}
