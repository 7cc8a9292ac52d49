/*
 * The host network port in a network namespace of its own: what it configures is asked of the
 * kernel, and frames are sent through the uplink and through a second TAP, "out0", that stands for
 * the network outside. Needs root.
 */
#include "hostnet/hostnet.h"
#include "hostnet/hostnet_link.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SKIP        77
#define FRAME_BYTES 1600
#define TCP_BYTES   54 /* Ethernet, IPv4 and TCP headers */

static const struct hostnet_uplink uplink = {
    .ifname = "chaos0",
    .address = {{10, 77, 0, 1}},
    .prefix_len = 16,
    .mtu = 1400,
    .mac = {2, 0x68, 1, 2, 3, 4},
};
static const uint8_t *const uplink_mac = uplink.mac;
static const uint8_t guest_ip[4] = {10, 77, 0, 2};
static const uint8_t guest_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t out_ip[4] = {192, 0, 2, 1};
static const uint8_t out_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t peer_ip[4] = {192, 0, 2, 9};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};

static struct hostnet *net;
static char text[HOSTNET_TEXT_MAX];
static int uplink_fd, out_fd;

static void enter_namespace(void)
{
    ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
    ck_assert_int_eq(hostnet_linux_open(&net), 0);
}

static void open_outside(void)
{
    struct hostnet_link link;
    unsigned index;
    const struct hostnet_link_change up = {.up = true, .mac = out_mac};
    struct hostnet_ip address;
    memcpy(address.octet, out_ip, 4);
    ck_assert_int_eq(hostnet_link_open(&link), 0);
    ck_assert_int_eq(hostnet_link_tap("out0", &out_fd), 0);
    ck_assert_int_eq(hostnet_link_index("out0", &index), 0);
    ck_assert_int_eq(hostnet_link_address(&link, index, &address, 24), 0);
    ck_assert_int_eq(hostnet_link_change(&link, index, &up), 0);
    hostnet_link_close(&link);
}

static void setup(void)
{
    enter_namespace();
    open_outside();
    int rc = net->ops->uplink_up(net, &uplink, &uplink_fd, text);
    ck_assert_msg(rc == 0, "%s", text);
}

static void teardown(void)
{
    net->ops->close(net, false);
    close(uplink_fd);
    close(out_fd);
}

static char sysctl(const char *path)
{
    char value = '?';
    int fd = open(path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, &value, 1), 1);
    close(fd);
    return value;
}

/* What nft lists; empty when the command fails. */
static void nft(const char *command, char *out, size_t size)
{
    struct nft_ctx *context = nft_ctx_new(NFT_CTX_DEFAULT);
    nft_ctx_buffer_output(context);
    nft_ctx_buffer_error(context);
    out[0] = '\0';
    if (nft_run_cmd_from_buffer(context, command) == 0)
        snprintf(out, size, "%s", nft_ctx_get_output_buffer(context));
    nft_ctx_free(context);
}

/* ---- frames ------------------------------------------------------------------------- */

static uint16_t checksum(const uint8_t *data, size_t size, uint32_t sum)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)data[i] << 8 | data[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

struct flow {
    const uint8_t *src_mac, *dst_mac, *src, *dst;
    uint16_t src_port, dst_port;
};

/* A SYN. */
static void send_syn(int fd, const struct flow *flow)
{
    uint8_t frame[TCP_BYTES] = {0};
    uint8_t *ip = frame + 14, *tcp = ip + 20;
    memcpy(frame, flow->dst_mac, 6);
    memcpy(frame + 6, flow->src_mac, 6);
    frame[12] = 8;
    memcpy(ip, (uint8_t[]){0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6}, 10);
    memcpy(ip + 12, flow->src, 4);
    memcpy(ip + 16, flow->dst, 4);
    uint16_t sum = checksum(ip, 20, 0);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    memcpy(tcp,
           (uint8_t[]){(uint8_t)(flow->src_port >> 8), (uint8_t)flow->src_port,
                       (uint8_t)(flow->dst_port >> 8), (uint8_t)flow->dst_port},
           4);
    tcp[12] = 0x50;
    tcp[13] = 0x02;
    tcp[14] = 0x20;
    sum = checksum(ip + 12, 28, 6 + 20);
    tcp[16] = (uint8_t)(sum >> 8);
    tcp[17] = (uint8_t)sum;
    ck_assert_int_eq(write(fd, frame, sizeof(frame)), sizeof(frame));
}

static void answer_arp(int fd, uint8_t *frame, const uint8_t mac[6])
{
    uint8_t asked[4];
    memcpy(asked, frame + 38, 4);
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, mac, 6);
    frame[21] = 2;
    memcpy(frame + 32, frame + 22, 10);
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 28, asked, 4);
    ck_assert_int_eq(write(fd, frame, 42), 42);
}

/* The next TCP segment out of a TAP, answering ARP meanwhile. False: none came. */
static bool next_tcp(int fd, const uint8_t mac[6], uint8_t frame[FRAME_BYTES])
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    while (poll(&poller, 1, 300) > 0) {
        ssize_t size = read(fd, frame, FRAME_BYTES);
        if (size >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 1)
            answer_arp(fd, frame, mac);
        else if (size >= TCP_BYTES && frame[12] == 8 && frame[13] == 0 && frame[23] == 6)
            return true;
    }
    return false;
}

static uint16_t destination_port(const uint8_t *frame)
{
    return (uint16_t)(frame[36] << 8 | frame[37]);
}

static const struct hostnet_publish web = {
    .protocol = IPPROTO_TCP,
    .host_port = 8080,
    .guest_port = 80,
    .guest = {{10, 77, 0, 2}},
};

static void publish_web(void)
{
    ck_assert_msg(net->ops->publish(net, &web, text) == 0, "%s", text);
}

static const struct flow from_peer = {
    .src_mac = peer_mac,
    .dst_mac = out_mac,
    .src = peer_ip,
    .dst = out_ip,
    .src_port = 4000,
    .dst_port = 8080,
};

/* ---- tests -------------------------------------------------------------------------- */

START_TEST(names)
{
    ck_assert(hostnet_link_name_ok("chaos0"));
    ck_assert(hostnet_link_name_ok("a.b-c_d"));
    ck_assert(!hostnet_link_name_ok(""));
    ck_assert(!hostnet_link_name_ok("."));
    ck_assert(!hostnet_link_name_ok("-x"));
    ck_assert(!hostnet_link_name_ok("a/b"));
    ck_assert(!hostnet_link_name_ok("x\"; drop"));
    ck_assert(!hostnet_link_name_ok("sixteencharacter"));
}
END_TEST

START_TEST(uplink_is_configured)
{
    char rules[4096];
    struct ifreq request = {.ifr_name = "chaos0"};
    int query = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(ioctl(query, SIOCGIFFLAGS, &request), 0);
    ck_assert(request.ifr_flags & IFF_UP);
    ck_assert_int_eq(ioctl(query, SIOCGIFMTU, &request), 0);
    ck_assert_int_eq(request.ifr_mtu, 1400);
    ck_assert_int_eq(ioctl(query, SIOCGIFADDR, &request), 0);
    struct sockaddr_in address;
    memcpy(&address, &request.ifr_addr, sizeof(address));
    ck_assert_mem_eq(&address.sin_addr, uplink.address.octet, 4);
    ck_assert_int_eq(ioctl(query, SIOCGIFHWADDR, &request), 0);
    ck_assert_mem_eq(request.ifr_hwaddr.sa_data, uplink_mac, 6);
    close(query);
    ck_assert_int_eq(sysctl("/proc/sys/net/ipv4/ip_forward"), '1');
    nft("list table ip chaos", rules, sizeof(rules));
    ck_assert_ptr_nonnull(strstr(rules, "10.77.0.0/16"));
}
END_TEST

START_TEST(close_leaves_forwarding_only)
{
    char rules[4096];
    publish_web();
    nft("add table ip other", rules, sizeof(rules));
    net->ops->close(net, false);
    nft("list ruleset", rules, sizeof(rules));
    ck_assert_str_eq(rules, "table ip other {\n}\n");
    ck_assert_int_eq(sysctl("/proc/sys/net/ipv4/ip_forward"), '1');
    ck_assert_int_eq(hostnet_linux_open(&net), 0);
}
END_TEST

START_TEST(stale_table_is_replaced)
{
    char rules[4096];
    publish_web();
    nft("add chain ip chaos leftover", rules, sizeof(rules));
    /* As after a crash: nobody has closed anything but the fds. */
    close(uplink_fd);
    struct hostnet *next;
    ck_assert_int_eq(hostnet_linux_open(&next), 0);
    ck_assert_int_eq(next->ops->uplink_up(next, &uplink, &uplink_fd, text), 0);
    nft("list table ip chaos", rules, sizeof(rules));
    ck_assert_ptr_null(strstr(rules, "leftover"));
    ck_assert_ptr_null(strstr(rules, "8080"));
    next->ops->close(next, false);
}
END_TEST

START_TEST(a_tap_that_is_served_is_adopted)
{
    char rules[4096];
    publish_web();
    struct hostnet *next;
    ck_assert_int_eq(hostnet_linux_open(&next), 0);
    int fd = -1;
    ck_assert_int_eq(next->ops->uplink_up(next, &uplink, &fd, text), -EBUSY);
    ck_assert_msg(next->ops->uplink_adopt(next, &uplink, text) == 0, "%s", text);
    nft("list table ip chaos", rules, sizeof(rules));
    ck_assert_ptr_null(strstr(rules, "8080"));
    /* Our own reservation of the port is the other's, too. */
    net->ops->unpublish(net, &web);
    ck_assert_int_eq(next->ops->publish(next, &web, text), 0);
    /* Who served it has died; what is published stays. */
    close(uplink_fd);
    ck_assert_msg(next->ops->uplink_up(next, &uplink, &uplink_fd, text) == 0, "%s", text);
    nft("list table ip chaos", rules, sizeof(rules));
    ck_assert_ptr_nonnull(strstr(rules, "8080"));
    next->ops->close(next, true);
    nft("list table ip chaos", rules, sizeof(rules));
    ck_assert_ptr_nonnull(strstr(rules, "8080"));
}
END_TEST

START_TEST(guests_are_masqueraded)
{
    uint8_t frame[FRAME_BYTES];
    const struct flow flow = {guest_mac, uplink_mac, guest_ip, peer_ip, 5000, 25};
    send_syn(uplink_fd, &flow);
    ck_assert(next_tcp(out_fd, peer_mac, frame));
    ck_assert_mem_eq(frame + 26, out_ip, 4);
    ck_assert_mem_eq(frame + 30, peer_ip, 4);
    ck_assert_int_eq(destination_port(frame), 25);
}
END_TEST

START_TEST(published_from_outside)
{
    uint8_t frame[FRAME_BYTES];
    publish_web();
    send_syn(out_fd, &from_peer);
    ck_assert(next_tcp(uplink_fd, guest_mac, frame));
    ck_assert_mem_eq(frame + 26, peer_ip, 4);
    ck_assert_mem_eq(frame + 30, guest_ip, 4);
    ck_assert_int_eq(destination_port(frame), 80);
}
END_TEST

START_TEST(unpublished_is_refused)
{
    uint8_t frame[FRAME_BYTES];
    publish_web();
    net->ops->unpublish(net, &web);
    net->ops->unpublish(net, &web);
    send_syn(out_fd, &from_peer);
    ck_assert(!next_tcp(uplink_fd, guest_mac, frame));
}
END_TEST

START_TEST(guests_are_not_reached_around)
{
    uint8_t frame[FRAME_BYTES];
    struct flow flow = from_peer;
    flow.dst = guest_ip;
    flow.dst_port = 80;
    send_syn(out_fd, &flow);
    ck_assert(!next_tcp(uplink_fd, guest_mac, frame));
}
END_TEST

START_TEST(published_from_the_host)
{
    uint8_t frame[FRAME_BYTES];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    memcpy(&address.sin_addr, out_ip, 4);
    publish_web();
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    ck_assert(next_tcp(uplink_fd, guest_mac, frame));
    ck_assert_mem_eq(frame + 30, guest_ip, 4);
    ck_assert_int_eq(destination_port(frame), 80);
    close(fd);
}
END_TEST

START_TEST(guest_to_guest_by_published_port)
{
    static const uint8_t other_ip[4] = {10, 77, 0, 3}, other_mac[6] = {2, 0, 0, 0, 0, 3};
    uint8_t frame[FRAME_BYTES];
    const struct flow flow = {other_mac, uplink_mac, other_ip, uplink.address.octet, 6000, 8080};
    publish_web();
    send_syn(uplink_fd, &flow);
    ck_assert(next_tcp(uplink_fd, guest_mac, frame));
    /* The answer must come back through the host. */
    ck_assert_mem_eq(frame + 26, uplink.address.octet, 4);
    ck_assert_mem_eq(frame + 30, guest_ip, 4);
}
END_TEST

START_TEST(ports_in_use)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(22)};
    struct hostnet_publish rule = web;
    publish_web();
    ck_assert_int_eq(net->ops->publish(net, &web, text), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(text, "8080/tcp"));
    rule.protocol = IPPROTO_UDP;
    ck_assert_int_eq(net->ops->publish(net, &rule, text), 0);
    /* A program of the host is not robbed, nor may it rob. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    rule.protocol = IPPROTO_TCP;
    rule.host_port = 22;
    ck_assert_int_eq(net->ops->publish(net, &rule, text), -EADDRINUSE);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons(8080);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    close(fd);
}
END_TEST

START_TEST(bad_rules)
{
    struct hostnet_publish rule = web;
    rule.protocol = IPPROTO_ICMP;
    ck_assert_int_eq(net->ops->publish(net, &rule, text), -EINVAL);
    rule = web;
    rule.host_port = 0;
    ck_assert_int_eq(net->ops->publish(net, &rule, text), -EINVAL);
}
END_TEST

START_TEST(second_uplink_is_refused)
{
    int fd = -1;
    ck_assert_int_eq(net->ops->uplink_up(net, &uplink, &fd, text), -EBUSY);
    ck_assert_ptr_nonnull(strstr(text, "chaos0"));
    struct hostnet_uplink other = uplink;
    memcpy(other.ifname, "chaos1", 7);
    ck_assert_int_eq(net->ops->uplink_up(net, &other, &fd, text), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(text, "chaos0"));
    memcpy(other.ifname, "a/b", 4);
    other.address = (struct hostnet_ip){{10, 78, 0, 1}};
    ck_assert_int_eq(net->ops->uplink_up(net, &other, &fd, text), -EINVAL);
    other.prefix_len = 31;
    ck_assert_int_eq(net->ops->uplink_up(net, &other, &fd, text), -EINVAL);
    ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(existing_interfaces_are_not_taken_over)
{
    int fd = -1;
    unsigned index = 0;
    int query = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(ioctl(query, SIOCBRADDBR, "br0"), 0);
    ck_assert_int_eq(hostnet_link_tap("kept", &fd), 0);
    ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, 1), 0);
    close(fd);
    ck_assert_int_eq(hostnet_link_tap("kept", &fd), -EBUSY);
    ck_assert_int_eq(hostnet_link_tap("lo", &fd), -EBUSY);
    fd = -1;
    ck_assert_int_eq(net->ops->tap_on_bridge(net, "kept", "br0", &fd, text), -EBUSY);
    ck_assert_ptr_nonnull(strstr(text, "kept exists already"));
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(hostnet_link_index("kept", &index), 0);
    close(query);
}
END_TEST

START_TEST(tap_joins_a_bridge)
{
    int fd = -1;
    unsigned index = 0;
    int query = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(ioctl(query, SIOCBRADDBR, "br0"), 0);
    ck_assert_msg(net->ops->tap_on_bridge(net, "vif1", "br0", &fd, text) == 0, "%s", text);
    struct ifreq request = {.ifr_name = "vif1"};
    ck_assert_int_eq(ioctl(query, SIOCGIFFLAGS, &request), 0);
    ck_assert(request.ifr_flags & IFF_UP);
    /* It is a port of the bridge: it cannot join once more. */
    ck_assert_int_eq(hostnet_link_index("vif1", &index), 0);
    struct ifreq join = {.ifr_name = "br0"};
    join.ifr_ifindex = (int)index;
    ck_assert_int_eq(ioctl(query, SIOCBRADDIF, &join), -1);
    ck_assert_int_eq(errno, EBUSY);
    close(query);
    close(fd);
    ck_assert_int_eq(hostnet_link_index("vif1", &index), -ENODEV);
}
END_TEST

START_TEST(bridge_must_be_one)
{
    int fd = -1;
    ck_assert_int_eq(net->ops->tap_on_bridge(net, "vif1", "none", &fd, text), -ENODEV);
    ck_assert_int_eq(net->ops->tap_on_bridge(net, "vif1", "out0", &fd, text), -ENODEV);
    ck_assert_ptr_nonnull(strstr(text, "out0"));
    ck_assert_int_eq(fd, -1);
}
END_TEST

/* Whether this machine lets us try: root, namespaces, TAPs, nftables. */
static bool possible(void)
{
    char rules[64];
    int fd;
    if (unshare(CLONE_NEWNET) < 0 || hostnet_link_tap("probe", &fd) < 0)
        return false;
    close(fd);
    nft("add table ip probe; add chain ip probe c { type nat hook output priority 0; }; "
        "list tables",
        rules, sizeof(rules));
    return strstr(rules, "probe") != NULL;
}

int main(void)
{
    Suite *suite = suite_create("hostnet");
    TCase *plain = tcase_create("plain");
    tcase_add_test(plain, names);
    suite_add_tcase(suite, plain);
    if (possible()) {
        TCase *namespaced = tcase_create("namespace");
        tcase_add_checked_fixture(namespaced, setup, teardown);
        tcase_add_test(namespaced, uplink_is_configured);
        tcase_add_test(namespaced, close_leaves_forwarding_only);
        tcase_add_test(namespaced, stale_table_is_replaced);
        tcase_add_test(namespaced, a_tap_that_is_served_is_adopted);
        tcase_add_test(namespaced, guests_are_masqueraded);
        tcase_add_test(namespaced, published_from_outside);
        tcase_add_test(namespaced, unpublished_is_refused);
        tcase_add_test(namespaced, guests_are_not_reached_around);
        tcase_add_test(namespaced, published_from_the_host);
        tcase_add_test(namespaced, guest_to_guest_by_published_port);
        tcase_add_test(namespaced, ports_in_use);
        tcase_add_test(namespaced, bad_rules);
        tcase_add_test(namespaced, second_uplink_is_refused);
        tcase_add_test(namespaced, existing_interfaces_are_not_taken_over);
        tcase_add_test(namespaced, tap_joins_a_bridge);
        tcase_add_test(namespaced, bridge_must_be_one);
        suite_add_tcase(suite, namespaced);
    } else {
        puts("skipped: needs root, network namespaces, TAP devices and nftables");
        return SKIP;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
