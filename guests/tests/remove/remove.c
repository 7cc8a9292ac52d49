/*
 * remove: takes away what the host relies on while the host has it mapped. The command line says
 * what: a frame, its grants, or a channel. Then it idles, and whatever the host still does with
 * these things must be harmless.
 */
#include <string.h>

#include "kernel/event.h"
#include "kernel/hypercall.h"
#include "kernel/noxs_front.h"
#include "ukg.h"

#include <xen/grant_table.h>

#define EXIT_USAGE      64
#define EXIT_FAILED     1

/* A frame that nothing uses, in the 2 MiB that are mapped beside shared_info. */
#define GRANT_TABLE_GFN 0xfeff1u

static uint32_t window_first;
static uint32_t window_pages;

static long remove_frame(uint32_t gfn)
{
    struct xen_remove_from_physmap frame = {.domid = DOMID_SELF, .gpfn = gfn};
    return hypercall_memory(XENMEM_remove_from_physmap, &frame);
}

static long remove_page(void)
{
    return remove_frame(window_first + NOXS_WINDOW_PAGE);
}

static long remove_console(void)
{
    return remove_frame(window_first + NOXS_WINDOW_CONSOLE);
}

static long remove_window(void)
{
    for (uint32_t i = 0; i < window_pages; i++) {
        long rc = remove_frame(window_first + i);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Gives the window's memory back to Xen, as a balloon driver would. */
static long balloon_window(void)
{
    xen_pfn_t frames[NOXS_DEVICE_SLOTS];
    struct xen_memory_reservation reservation = {.domid = DOMID_SELF};
    uint32_t count = window_pages < NOXS_DEVICE_SLOTS ? window_pages : NOXS_DEVICE_SLOTS;
    for (uint32_t i = 0; i < count; i++)
        frames[i] = window_first + i;
    reservation.nr_extents = count;
    set_xen_guest_handle(reservation.extent_start, frames);
    return hypercall_memory(XENMEM_decrease_reservation, &reservation) == (long)count ? 0 : -1;
}

static long overwrite_grants(void)
{
    struct xen_add_to_physmap place = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_grant_table,
        .gpfn = GRANT_TABLE_GFN,
    };
    long rc = hypercall_memory(XENMEM_add_to_physmap, &place);
    if (rc == 0)
        memset((void *)((uintptr_t)GRANT_TABLE_GFN * NOXS_PAGE_SIZE), 0, NOXS_PAGE_SIZE);
    return rc;
}

static long close_port(uint32_t port)
{
    struct evtchn_close close = {.port = port};
    return hypercall_event_channel(EVTCHNOP_close, &close);
}

static long close_control(void)
{
    return close_port(NOXS_PORT_CONTROL);
}

static long close_io(void)
{
    return close_port(NOXS_PORT_IO);
}

static long reset_channels(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    return hypercall_event_channel(EVTCHNOP_reset, &reset);
}

static const struct {
    const char *mode;
    long (*take_away)(void);
} modes[] = {
    {"page", remove_page},        {"console", remove_console},
    {"window", remove_window},    {"balloon", balloon_window},
    {"grants", overwrite_grants}, {"close-control", close_control},
    {"close-io", close_io},       {"reset-channels", reset_channels},
};

int ukg_main(const struct ukg_start *start)
{
    window_pages = noxs_page()->window_pages;
    window_first = noxs_page()->ram_pages - window_pages;
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(start->cmdline, modes[i].mode) != 0)
            continue;
        /* Said before: afterwards there may be no console. */
        ukg_print("remove: %s\n", modes[i].mode);
        if (modes[i].take_away() != 0)
            return EXIT_FAILED;
        /* The kernel's own fronts would touch what is gone: only wait, and ring now and then. */
        for (;;) {
            event_send(NOXS_PORT_IO);
            event_send(NOXS_PORT_CONTROL);
            event_clear();
            event_poll(ukg_clock_monotonic() + UINT64_C(100000000));
        }
    }
    ukg_print("remove: no such thing: %s\n", start->cmdline);
    return EXIT_USAGE;
}
