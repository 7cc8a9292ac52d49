/*
 * liar: a guest that breaks one rule, the one its command line names, and then idles. It uses the
 * kernel's own fronts up to there, so the host sees an honest guest turn. It names the rule on its
 * console when it begins to break it.
 */
#include "lies.h"
#include "ukg.h"

#include <string.h>

#define EXIT_USAGE 64

/* Time enough for the host to have seen that the guest is ready. */
#define HONEST_NS  UINT64_C(100000000)

static const struct {
    const char *mode;
    void (*tell)(void);
} lies[] = {
    {"page", lie_page},
    {"page-all", lie_page_all},
    {"state", lie_state},
    {"state-back", lie_state_back},
    {"ack", lie_ack},
    {"device-state", lie_device_state},
    {"refuse", lie_refuse},
    {"agree", lie_agree},
    {"unsupported", lie_unsupported},
    {"exiting", lie_exiting},
    {"tx-index", lie_tx_index},
    {"rx-index", lie_rx_index},
    {"tx-gref", lie_tx_gref},
    {"tx-offset", lie_tx_offset},
    {"tx-size", lie_tx_size},
    {"tx-flags", lie_tx_flags},
    {"rx-gref", lie_rx_gref},
    {"rx-id", lie_rx_id},
    {"console-index", lie_console_index},
    {"console-input-index", lie_console_input_index},
    {"storm-control", lie_storm_control},
    {"storm-io", lie_storm_io},
    {"storm-doorbell", lie_storm_doorbell},
    {"flood", lie_flood},
    {"flood-console", lie_flood_console},
    {"spin", lie_spin},
    {"spoof-mac", lie_spoof_mac},
    {"spoof-ip", lie_spoof_ip},
    {"spoof-arp", lie_spoof_arp},
    {"null", lie_null},
    {"overflow", lie_overflow},
    {"write-text", lie_write_text},
    {"divide", lie_divide},
    {"invalid", lie_invalid},
};

static int parse_number(const char *text)
{
    int number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (*text - '0');
    return number;
}

/* Modes that act before the application runs are in lies_early.c and do not come here. */
int ukg_main(const struct ukg_start *start)
{
    if (strncmp(start->cmdline, "exit=", 5) == 0)
        return parse_number(start->cmdline + 5);
    for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
        if (strcmp(start->cmdline, lies[i].mode) != 0)
            continue;
        ukg_yield(0, ukg_clock_monotonic() + HONEST_NS);
        ukg_print("liar: %s\n", lies[i].mode);
        lies[i].tell();
        for (;;)
            ukg_yield(0, UKG_FOREVER);
    }
    ukg_print("liar: no such lie: %s\n", start->cmdline);
    return EXIT_USAGE;
}
