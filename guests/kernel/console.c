/* The console device. */
#include "console.h"

#include <string.h>

#include "console_ring.h"
#include "event.h"
#include "log.h"
#include "noxs_front.h"
#include "ukg.h"

/*
 * How long a full ring may hold up a writer. A reader on the host that works takes far less; if
 * none does, the guest pays this once and then drops output until the ring moves again.
 */
#define PATIENCE_NS UINT64_C(5000000)

static struct xencons_interface *ring;
static unsigned ring_slot;
static bool stalled; /* the last wait for room was in vain */

void console_open(unsigned slot)
{
    const struct noxs_device *device = &noxs_page()->device[slot];
    struct xencons_interface *frame = noxs_frame(device->ring_gfn[0], 1);
    if (ring != NULL || frame == NULL)
        return;
    ring = frame;
    ring_slot = slot;
    noxs_open_slot(slot);
}

bool console_is_open(void)
{
    return ring != NULL;
}

bool console_readable(void)
{
    return ring != NULL && console_ring_input(ring) > 0;
}

static void kick(void)
{
    noxs_ring_doorbell((uint64_t)1 << ring_slot);
}

/* The host may say nothing of what it took (docs/noxs-page.md). */
#define LOOK_NS UINT64_C(100000)

/* Waits until at most `most` bytes of output are left. */
static bool wait_for_output(size_t most, uint64_t deadline_ns)
{
    kick();
    for (;;) {
        event_clear();
        noxs_take_doorbells();
        if (console_ring_output(ring) <= most)
            return true;
        uint64_t now_ns = ukg_clock_monotonic();
        if (now_ns >= deadline_ns)
            return false;
        uint64_t look_ns = now_ns + LOOK_NS;
        event_poll(look_ns < deadline_ns ? look_ns : deadline_ns);
    }
}

void console_drain(uint64_t deadline_ns)
{
    if (ring != NULL)
        wait_for_output(0, deadline_ns);
}

void ukg_console_write(const char *text, size_t size_bytes)
{
    if (ring == NULL)
        return;
    while (size_bytes > 0) {
        size_t count = console_ring_write(ring, text, size_bytes);
        text += count;
        size_bytes -= count;
        if (count > 0) {
            stalled = false;
            continue;
        }
        /* Half a ring at a time, or a full ring would mean one event for every few bytes. */
        if (stalled ||
            !wait_for_output(sizeof ring->out / 2, ukg_clock_monotonic() + PATIENCE_NS)) {
            stalled = true;
            break;
        }
    }
    kick();
}

size_t ukg_console_read(char *buffer, size_t size_bytes)
{
    if (!console_readable())
        return 0;
    size_t count = console_ring_read(ring, buffer, size_bytes);
    kick(); /* there is room for more */
    return count;
}

void ukg_print(const char *format, ...)
{
    char text[UKG_PRINT_MAX];
    va_list arguments;
    va_start(arguments, format);
    ukg_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    ukg_console_write(text, strlen(text));
}
