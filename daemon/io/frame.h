/*
 * What the switch needs to know of an Ethernet frame, and who may send it. Works on a private copy
 * of the frame only. May be included by io only.
 */
#ifndef CHAOS_FRAME_H
#define CHAOS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MIN_BYTES 14u   /* an Ethernet header */
#define FRAME_MAX_BYTES 1514u /* header and 1,500 bytes of payload; no VLAN tag, no checksum */

#define FRAME_TYPE_IPV4 0x0800u
#define FRAME_TYPE_ARP  0x0806u

/* MAC addresses are numbers of 48 bits here, IPv4 addresses of 32, first octet highest. */
struct frame {
    uint64_t dst;
    uint64_t src;
    uint16_t type;
    bool group;       /* dst is broadcast or multicast */
    uint32_t ip_src;  /* IPv4 only */
    bool arp_request; /* else a reply; ARP only */
    uint64_t arp_sender;
    uint32_t arp_sender_ip;
    uint32_t arp_target_ip;
};

static inline uint64_t frame_mac(const uint8_t octets[6])
{
    uint64_t mac = 0;
    for (int i = 0; i < 6; i++)
        mac = mac << 8 | octets[i];
    return mac;
}

static inline uint32_t frame_ip(const uint8_t octets[4])
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
           octets[3];
}

/* 0, or -EINVAL for a frame whose headers are cut short or are not what their type says. */
int frame_parse(const uint8_t *data, size_t size, struct frame *frame_out);

/*
 * Whether the owner of mac and ip may send the frame. Without an address (ip 0) only MAC addresses
 * are held; with one, nothing but IPv4 and ARP passes, since nothing else can be held to it.
 */
bool frame_source_ok(const struct frame *frame, uint64_t mac, uint32_t ip);

#define FRAME_ANNOUNCEMENT_BYTES 60u
/* ARP that says whose an address is (RFC 5227), to all. */
void frame_announce(uint8_t frame_out[FRAME_ANNOUNCEMENT_BYTES], uint64_t mac, uint32_t ip);

#endif
