/* Frames of a guest, whole: parsed, then held to an owner. */
#include "io/frame.h"

#include <stdint.h>
#include <stdlib.h>

#define OWNER_MAC UINT64_C(0x020000000002)
#define OWNER_IP  0x0a4d0002u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is said in a guest's name passes for it. */
static void announce(const uint8_t *data)
{
    uint8_t bytes[FRAME_ANNOUNCEMENT_BYTES];
    struct frame frame;
    uint64_t mac = frame_mac(data) & ~(UINT64_C(1) << 40);
    uint32_t ip = frame_ip(data + 6);
    frame_announce(bytes, mac, ip);
    if (frame_parse(bytes, sizeof(bytes), &frame) < 0 || frame.type != FRAME_TYPE_ARP ||
        frame.arp_target_ip != ip || (ip != 0 && !frame_source_ok(&frame, mac, ip)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame;
    if (size >= 10)
        announce(data);
    if (frame_parse(data, size, &frame) < 0)
        return 0;
    /* What passes for the owner of an address says so in every place. */
    if (frame_source_ok(&frame, OWNER_MAC, OWNER_IP)) {
        if (frame_mac(data + 6) != OWNER_MAC)
            abort();
        if (frame.type == FRAME_TYPE_IPV4 && frame_ip(data + 26) != OWNER_IP)
            abort();
        if (frame.type == FRAME_TYPE_ARP && frame_mac(data + 22) != OWNER_MAC)
            abort();
    }
    frame_source_ok(&frame, frame.src, 0);
    return 0;
}
