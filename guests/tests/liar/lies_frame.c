/* Frames: in another's name, or too many. */
#include "lies.h"

#include <string.h>

#include "ukg.h"

#define HEADER_BYTES 14u
#define FRAME_BYTES  60u
#define ROUND_FRAMES 10u

static struct ukg_net_info self(void)
{
    struct ukg_net_info info;
    if (ukg_net_info(0, &info) != UKG_OK)
        ukg_panic("liar: this lie needs a network device");
    return info;
}

static void put_ethernet(uint8_t *frame, const uint8_t source[6], uint16_t type)
{
    memset(frame, 0, FRAME_BYTES);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, source, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
}

/* A broadcast IPv4 packet of a protocol that is set aside for experiments. */
static void put_ipv4(uint8_t *frame, const uint8_t source_mac[6], const uint8_t source[4])
{
    uint8_t *ip = frame + HEADER_BYTES;
    uint32_t sum = 0;
    put_ethernet(frame, source_mac, 0x0800);
    ip[0] = 0x45;
    ip[3] = FRAME_BYTES - HEADER_BYTES;
    ip[8] = 64;
    ip[9] = 253;
    memcpy(ip + 12, source, 4);
    memset(ip + 16, 0xff, 4);
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

static void send(const uint8_t *frame)
{
    while (ukg_net_write(0, frame, FRAME_BYTES) == UKG_AGAIN)
        ukg_net_wait_room(0, UKG_FOREVER);
}

static void send_round(const uint8_t *frame)
{
    for (unsigned i = 0; i < ROUND_FRAMES; i++)
        send(frame);
    ukg_print("liar: sent %u frames\n", ROUND_FRAMES);
}

void lie_spoof_mac(void)
{
    struct ukg_net_info info = self();
    uint8_t frame[FRAME_BYTES];
    info.mac[5] ^= 0x55;
    put_ipv4(frame, info.mac, info.ip);
    send_round(frame);
}

void lie_spoof_ip(void)
{
    struct ukg_net_info info = self();
    uint8_t frame[FRAME_BYTES];
    info.ip[3] ^= 0x55;
    put_ipv4(frame, info.mac, info.ip);
    send_round(frame);
}

/* Announces itself as the gateway. */
void lie_spoof_arp(void)
{
    static const uint8_t fixed[] = {0, 1, 8, 0, 6, 4, 0, 2};
    struct ukg_net_info info = self();
    uint8_t frame[FRAME_BYTES];
    uint8_t *arp = frame + HEADER_BYTES;
    put_ethernet(frame, info.mac, 0x0806);
    memcpy(arp, fixed, sizeof fixed);
    memcpy(arp + 8, info.mac, 6);
    memcpy(arp + 14, info.gateway, 4);
    memset(arp + 18, 0xff, 6);
    memcpy(arp + 24, info.gateway, 4);
    send_round(frame);
}

/* Honest frames, as fast as the rings take them. */
void lie_flood(void)
{
    struct ukg_net_info info = self();
    uint8_t frame[FRAME_BYTES];
    put_ipv4(frame, info.mac, info.ip);
    for (;;) {
        for (unsigned i = 0; i < 1000; i++)
            send(frame);
        ukg_yield(0, 0);
    }
}
