/* The switch: who gets which frame, and whose frames are not let in. */
#include "fixture/io_front.h"
#include "io/frame.h"
#include "io/vswitch.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define S       UINT64_C(1000000000)
#define GATEWAY 0u
#define ALL     255u

/* Ports 2 and 3 have addresses, 4 has none. */
static struct vswitch vswitch;
static struct vswitch_port ports[5];
static unsigned got[5], uplink_got;
static uint8_t frame[IO_FRONT_FRAME];

static void to_port(void *arg, const uint8_t *data, size_t size)
{
    ck_assert_mem_eq(data, frame, size);
    ++*(unsigned *)arg;
}

static uint64_t mac_of(unsigned number)
{
    return UINT64_C(0x020000000000) + number;
}

static uint32_t ip_of(unsigned number)
{
    return 0x0a4d0000u + number;
}

static void setup(void)
{
    vswitch_init(&vswitch, S);
    vswitch_set_uplink(&vswitch, to_port, &uplink_got, mac_of(GATEWAY), ip_of(1));
    memset(got, 0, sizeof(got));
    uplink_got = 0;
    for (unsigned i = 2; i < 5; i++) {
        ports[i] = (struct vswitch_port){
            .mac = mac_of(i),
            .ip = i == 4 ? 0 : ip_of(i),
            .deliver = to_port,
            .arg = &got[i],
        };
        ck_assert_int_eq(vswitch_add(&vswitch, &ports[i], S), 0);
    }
}

static void teardown(void)
{
    for (unsigned i = 2; i < 5; i++)
        vswitch_remove(&vswitch, &ports[i]);
    vswitch_fini(&vswitch);
}

/* Checks who got the frame since the last call. */
static void expect(unsigned two, unsigned three, unsigned four, unsigned uplink)
{
    ck_assert_uint_eq(got[2], two);
    ck_assert_uint_eq(got[3], three);
    ck_assert_uint_eq(got[4], four);
    ck_assert_uint_eq(uplink_got, uplink);
    memset(got, 0, sizeof(got));
    uplink_got = 0;
}

static bool from_guest(unsigned number)
{
    return vswitch_input(&vswitch, &ports[number], frame, sizeof(frame), S);
}

static void from_uplink(void)
{
    vswitch_input_uplink(&vswitch, frame, sizeof(frame), S);
}

START_TEST(unicast)
{
    io_front_ipv4(frame, 3, 2);
    ck_assert(from_guest(2));
    expect(0, 1, 0, 0);
    io_front_ipv4(frame, GATEWAY, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 1);
    /* Unknown: to the uplink, never to other guests. */
    io_front_ipv4(frame, 77, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 1);
    io_front_ipv4(frame, 2, 2);
    ck_assert(!from_guest(2));
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(unicast_from_the_uplink)
{
    io_front_ipv4(frame, 3, GATEWAY);
    from_uplink();
    expect(0, 1, 0, 0);
    io_front_ipv4(frame, 77, GATEWAY);
    from_uplink();
    expect(0, 0, 0, 0);
    vswitch_input_uplink(&vswitch, frame, 13, S);
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(arp_goes_where_the_answer_is)
{
    io_front_arp(frame, 3, 2);
    ck_assert(from_guest(2));
    expect(0, 1, 0, 0);
    io_front_arp(frame, GATEWAY, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 1);
    /* Nobody is known to have it: only a guest without a known address might. */
    io_front_arp(frame, 77, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 1, 1);
    io_front_arp(frame, 2, GATEWAY);
    from_uplink();
    expect(1, 0, 0, 0);
    io_front_arp(frame, 77, GATEWAY);
    from_uplink();
    expect(0, 0, 1, 0);
    /* A guest that asks whether its own address is free. */
    io_front_arp(frame, 2, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(broadcast)
{
    io_front_ipv4(frame, ALL, 2);
    ck_assert(from_guest(2));
    expect(0, 1, 1, 1);
    io_front_ipv4(frame, ALL, GATEWAY);
    from_uplink();
    expect(1, 1, 1, 0);
}
END_TEST

START_TEST(flood_is_bounded_per_sender)
{
    unsigned passed = 0;
    io_front_ipv4(frame, ALL, 2);
    for (unsigned i = 0; i < 1000; i++)
        passed += from_guest(2);
    ck_assert_uint_gt(passed, 10);
    ck_assert_uint_le(passed * 3, VSWITCH_FLOOD_BURST + 3);
    expect(0, passed, passed, passed);
    /* Others are not held to it, nor is its unicast. */
    io_front_ipv4(frame, ALL, 3);
    ck_assert(from_guest(3));
    io_front_ipv4(frame, 3, 2);
    ck_assert(from_guest(2));
    /* It comes back with time. */
    io_front_ipv4(frame, ALL, 2);
    ck_assert(!from_guest(2));
    ck_assert(vswitch_input(&vswitch, &ports[2], frame, sizeof(frame), 2 * S));
}
END_TEST

START_TEST(spoofed_mac)
{
    io_front_ipv4(frame, 3, 2);
    frame[11] = 3;
    ck_assert(!from_guest(2));
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(spoofed_ipv4)
{
    io_front_ipv4(frame, 3, 2);
    frame[29] = 99;
    ck_assert(!from_guest(2));
    io_front_ipv4(frame, 3, 2);
    memset(frame + 26, 0, 4);
    ck_assert(!from_guest(2));
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(spoofed_arp)
{
    io_front_arp(frame, 3, 2);
    frame[31] = 1; /* "I am the gateway" */
    ck_assert(!from_guest(2));
    io_front_arp(frame, 3, 2);
    frame[27] = 9; /* the sender in ARP is not that of the frame */
    ck_assert(!from_guest(2));
    expect(0, 0, 0, 0);
    /* A probe has no sender address. */
    io_front_arp(frame, 3, 2);
    memset(frame + 28, 0, 4);
    ck_assert(from_guest(2));
    expect(0, 1, 0, 0);
}
END_TEST

START_TEST(other_protocols_need_a_port_without_address)
{
    io_front_ipv4(frame, 3, 2);
    frame[12] = 0x86; /* IPv6 */
    frame[13] = 0xdd;
    ck_assert(!from_guest(2));
    io_front_ipv4(frame, 3, 4);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    ck_assert(from_guest(4));
    expect(0, 1, 0, 0);
}
END_TEST

START_TEST(addressless_port_cannot_borrow)
{
    io_front_ipv4(frame, GATEWAY, 4);
    ck_assert(from_guest(4)); /* 10.77.0.4 is nobody's */
    frame[29] = 3;
    ck_assert(!from_guest(4));
    frame[29] = 1;
    ck_assert(!from_guest(4));
    io_front_arp(frame, 3, 4);
    frame[31] = 2;
    ck_assert(!from_guest(4));
    expect(0, 0, 0, 1);
}
END_TEST

START_TEST(malformed_frames)
{
    io_front_ipv4(frame, 3, 2);
    ck_assert(!vswitch_input(&vswitch, &ports[2], frame, 13, S));
    ck_assert(!vswitch_input(&vswitch, &ports[2], frame, 33, S));
    frame[14] = 0x65;
    ck_assert(!from_guest(2));
    io_front_arp(frame, 3, 2);
    ck_assert(!vswitch_input(&vswitch, &ports[2], frame, 41, S));
    for (unsigned at = 14; at < 22; at++) {
        io_front_arp(frame, 3, 2);
        frame[at] ^= 0x40;
        ck_assert(!from_guest(2));
    }
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(addresses_are_unique)
{
    struct vswitch_port port = {.mac = mac_of(2), .ip = ip_of(9)};
    ck_assert_int_eq(vswitch_add(&vswitch, &port, S), -EADDRINUSE);
    port = (struct vswitch_port){.mac = mac_of(9), .ip = ip_of(2)};
    ck_assert_int_eq(vswitch_add(&vswitch, &port, S), -EADDRINUSE);
    port = (struct vswitch_port){.mac = mac_of(9), .ip = ip_of(1)};
    ck_assert_int_eq(vswitch_add(&vswitch, &port, S), -EADDRINUSE);
    port = (struct vswitch_port){.mac = mac_of(GATEWAY), .ip = ip_of(9)};
    ck_assert_int_eq(vswitch_add(&vswitch, &port, S), -EADDRINUSE);
    vswitch_remove(&vswitch, &port);
    port = (struct vswitch_port){.mac = mac_of(9), .deliver = to_port, .arg = &got[0]};
    ck_assert_int_eq(vswitch_add(&vswitch, &port, S), 0);
    vswitch_remove(&vswitch, &port);
    vswitch_remove(&vswitch, &port);
}
END_TEST

/* The uplink came with this MAC when the guest already had it. */
START_TEST(frames_for_the_host_reach_it)
{
    vswitch_set_uplink(&vswitch, to_port, &uplink_got, mac_of(3), ip_of(1));
    io_front_ipv4(frame, 3, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 1);
    io_front_ipv4(frame, 3, GATEWAY);
    from_uplink();
    expect(0, 0, 0, 0);
}
END_TEST

START_TEST(removed_port_is_gone)
{
    vswitch_remove(&vswitch, &ports[3]);
    io_front_ipv4(frame, 3, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 0, 1);
    io_front_ipv4(frame, ALL, 2);
    ck_assert(from_guest(2));
    expect(0, 0, 1, 1);
    vswitch_set_uplink(&vswitch, NULL, NULL, 0, 0);
    ck_assert(from_guest(2));
    expect(0, 0, 1, 0);
}
END_TEST

START_TEST(ten_thousand_ports)
{
    struct vswitch_port *many = calloc(10000, sizeof(*many));
    for (unsigned i = 0; i < 10000; i++) {
        many[i] = (struct vswitch_port){
            .mac = mac_of(i + 100), .ip = ip_of(i + 100), .deliver = to_port, .arg = &got[0]};
        ck_assert_int_eq(vswitch_add(&vswitch, &many[i], S), 0);
    }
    io_front_ipv4(frame, ALL, 2);
    ck_assert(from_guest(2));
    ck_assert_uint_eq(got[0], 10000);
    ck_assert(!from_guest(2));
    for (unsigned i = 0; i < 10000; i++)
        vswitch_remove(&vswitch, &many[i]);
    free(many);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vswitch");
    TCase *tests = tcase_create("vswitch");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, unicast);
    tcase_add_test(tests, unicast_from_the_uplink);
    tcase_add_test(tests, arp_goes_where_the_answer_is);
    tcase_add_test(tests, broadcast);
    tcase_add_test(tests, flood_is_bounded_per_sender);
    tcase_add_test(tests, spoofed_mac);
    tcase_add_test(tests, spoofed_ipv4);
    tcase_add_test(tests, spoofed_arp);
    tcase_add_test(tests, other_protocols_need_a_port_without_address);
    tcase_add_test(tests, addressless_port_cannot_borrow);
    tcase_add_test(tests, malformed_frames);
    tcase_add_test(tests, addresses_are_unique);
    tcase_add_test(tests, frames_for_the_host_reach_it);
    tcase_add_test(tests, removed_port_is_gone);
    tcase_add_test(tests, ten_thousand_ports);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
