#include "io/frame.h"

#include <errno.h>
#include <string.h>

#define IPV4_OFFSET    14u
#define IPV4_MIN_BYTES 20u
#define IPV4_SRC       12u
#define ARP_OFFSET     14u
#ifndef CHAOS_PLANTED_BUG_FRAME
#define ARP_BYTES 28u
#else
#define ARP_BYTES 20u
#endif
#define GROUP_BIT (UINT64_C(1) << 40) /* of the first octet */

static int parse_ipv4(const uint8_t *data, size_t size, struct frame *frame)
{
    if (size < IPV4_OFFSET + IPV4_MIN_BYTES || data[IPV4_OFFSET] >> 4 != 4)
        return -EINVAL;
    frame->ip_src = frame_ip(data + IPV4_OFFSET + IPV4_SRC);
    return 0;
}

static int parse_arp(const uint8_t *data, size_t size, struct frame *frame)
{
    /* Ethernet, IPv4, address lengths, operation. */
    static const uint8_t head[7] = {0, 1, 8, 0, 6, 4, 0};
    if (size < ARP_OFFSET + ARP_BYTES)
        return -EINVAL;
    const uint8_t *arp = data + ARP_OFFSET;
    for (size_t i = 0; i < sizeof(head); i++)
        if (arp[i] != head[i])
            return -EINVAL;
    if (arp[7] != 1 && arp[7] != 2)
        return -EINVAL;
    frame->arp_request = arp[7] == 1;
    frame->arp_sender = frame_mac(arp + 8);
    frame->arp_sender_ip = frame_ip(arp + 14);
    frame->arp_target_ip = frame_ip(arp + 24);
    return 0;
}

int frame_parse(const uint8_t *data, size_t size, struct frame *frame_out)
{
    if (size < FRAME_MIN_BYTES || size > FRAME_MAX_BYTES)
        return -EINVAL;
    struct frame frame = {
        .dst = frame_mac(data),
        .src = frame_mac(data + 6),
        .type = (uint16_t)(data[12] << 8 | data[13]),
    };
    frame.group = (frame.dst & GROUP_BIT) != 0;
    int rc = 0;
    if (frame.type == FRAME_TYPE_IPV4)
        rc = parse_ipv4(data, size, &frame);
    else if (frame.type == FRAME_TYPE_ARP)
        rc = parse_arp(data, size, &frame);
    if (rc == 0)
        *frame_out = frame;
    return rc;
}

bool frame_source_ok(const struct frame *frame, uint64_t mac, uint32_t ip)
{
    if (frame->src != mac)
        return false;
    if (frame->type == FRAME_TYPE_ARP) {
        if (frame->arp_sender != mac)
            return false;
        /* 0.0.0.0 asks whether an address is free (RFC 5227). */
        return ip == 0 || frame->arp_sender_ip == ip || frame->arp_sender_ip == 0;
    }
    if (ip == 0)
        return true;
    return frame->type == FRAME_TYPE_IPV4 && frame->ip_src == ip;
}

static void put_mac(uint8_t *to, uint64_t mac)
{
    for (unsigned i = 0; i < 6; i++)
        to[i] = (uint8_t)(mac >> 8 * (5 - i));
}

static void put_ip(uint8_t *to, uint32_t ip)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(ip >> 8 * (3 - i));
}

void frame_announce(uint8_t frame_out[FRAME_ANNOUNCEMENT_BYTES], uint64_t mac, uint32_t ip)
{
    /* Ethernet's type; then Ethernet and IPv4 by their lengths; a request. */
    static const uint8_t kind[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};

    memset(frame_out, 0, FRAME_ANNOUNCEMENT_BYTES);
    memset(frame_out, 0xff, 6);
    put_mac(frame_out + 6, mac);
    memcpy(frame_out + 12, kind, sizeof(kind));
    put_mac(frame_out + 22, mac);
    put_ip(frame_out + 28, ip);
    put_ip(frame_out + 38, ip);
}
