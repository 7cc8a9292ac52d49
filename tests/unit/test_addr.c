/* core/addr: the pool, MACs, and addresses as text. */
#include <errno.h>
#include <string.h>

#include "core/addr.h"
#include "fixture/suite.h"

static const struct hostnet_ip network = {{10, 77, 0, 0}};

START_TEST(picks_ascend_and_rest_before_reuse)
{
    struct addr_pool pool;
    struct hostnet_ip ip;
    ck_assert_int_eq(addr_pool_init(&pool, network, 29), 0);
    ck_assert_mem_eq(pool.gateway.octet, ((uint8_t[]){10, 77, 0, 1}), 4);
    for (uint8_t i = 2; i < 7; i++) {
        ck_assert_int_eq(addr_ip_pick(&pool, &ip), 0);
        ck_assert_uint_eq(ip.octet[3], i);
    }
    ck_assert_int_eq(addr_ip_pick(&pool, &ip), -ENOSPC);
    addr_ip_free(&pool, (struct hostnet_ip){{10, 77, 0, 3}});
    ck_assert_int_eq(addr_ip_pick(&pool, &ip), 0);
    ck_assert_uint_eq(ip.octet[3], 3);
    addr_pool_fini(&pool);
}
END_TEST

START_TEST(only_guest_addresses_can_be_taken_and_once)
{
    struct addr_pool pool;
    ck_assert_int_eq(addr_pool_init(&pool, network, 24), 0);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 0}}), -EADDRNOTAVAIL);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 1}}), -EADDRNOTAVAIL);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 255}}), -EADDRNOTAVAIL);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 1, 2}}), -EADDRNOTAVAIL);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 76, 255, 2}}), -EADDRNOTAVAIL);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 254}}), 0);
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 254}}), -EADDRINUSE);
    addr_ip_free(&pool, (struct hostnet_ip){{10, 77, 0, 254}});
    ck_assert_int_eq(addr_ip_take(&pool, (struct hostnet_ip){{10, 77, 0, 254}}), 0);
    addr_pool_fini(&pool);
}
END_TEST

START_TEST(networks_that_are_none_are_refused)
{
    struct addr_pool pool;
    ck_assert_int_eq(addr_pool_init(&pool, network, 11), -EINVAL);
    ck_assert_int_eq(addr_pool_init(&pool, network, 30), -EINVAL);
    ck_assert_int_eq(addr_pool_init(&pool, (struct hostnet_ip){{10, 77, 0, 1}}, 16), -EINVAL);
}
END_TEST

START_TEST(macs_are_unique_and_under_xens_prefix)
{
    struct addr_pool pool;
    static struct addr_mac macs[500];
    ck_assert_int_eq(addr_pool_init(&pool, network, 16), 0);
    for (int i = 0; i < 500; i++) {
        ck_assert_int_eq(addr_mac_pick(&pool, &macs[i]), 0);
        ck_assert_mem_eq(macs[i].octet, ((uint8_t[]){0, 0x16, 0x3e}), 3);
        ck_assert_uint_lt(macs[i].octet[3], 0x80);
    }
    struct addr_mac again = macs[3];
    again.held = false;
    ck_assert_int_eq(addr_mac_take(&pool, &again), -EADDRINUSE);
    addr_mac_free(&pool, &again);
    ck_assert_uint_eq(pool.macs.count, 500);
    addr_mac_free(&pool, &macs[3]);
    addr_mac_free(&pool, &macs[3]);
    ck_assert_int_eq(addr_mac_take(&pool, &again), 0);
    addr_pool_fini(&pool);
}
END_TEST

START_TEST(text_is_read_and_written_back)
{
    struct hostnet_ip ip;
    uint8_t prefix_len, mac[6];
    char text[ADDR_TEXT_MAX];
    ck_assert_int_eq(addr_parse_ip("192.168.1.254", &ip, &prefix_len), 0);
    ck_assert_uint_eq(prefix_len, 0);
    addr_format_ip(ip, text);
    ck_assert_str_eq(text, "192.168.1.254");
    ck_assert_int_eq(addr_parse_ip("10.0.0.1/8", &ip, &prefix_len), 0);
    ck_assert_uint_eq(prefix_len, 8);
    ck_assert_int_eq(addr_parse_mac("00:16:3E:aB:09:ff", mac), 0);
    addr_format_mac(mac, text);
    ck_assert_str_eq(text, "00:16:3e:ab:09:ff");
}
END_TEST

START_TEST(text_that_is_no_address_is_refused)
{
    static const char *const ips[] = {
        "",           "1.2.3",       "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4/", "1.2.3.4/0",
        "1.2.3.4/33", "1.2.3.4/024", "1.2.3.4 ",  " 1.2.3.4",  "1..3.4",   "a.b.c.d",  "1.2.3.4/x"};
    static const char *const macs[] = {"",
                                       "00:16:3e:00:00",
                                       "00:16:3e:00:00:0",
                                       "00:16:3e:00:00:0g",
                                       "00:16:3e:00:00:00:00",
                                       "00-16-3e-00-00-00",
                                       "0:16:3e:00:00:00"};
    struct hostnet_ip ip;
    uint8_t byte[6];
    for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); i++)
        ck_assert_msg(addr_parse_ip(ips[i], &ip, byte) == -EINVAL, "accepted '%s'", ips[i]);
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
        ck_assert_msg(addr_parse_mac(macs[i], byte) == -EINVAL, "accepted '%s'", macs[i]);
}
END_TEST

int main(void)
{
    return SUITE_RUN("addr", NULL, NULL, picks_ascend_and_rest_before_reuse,
                     only_guest_addresses_can_be_taken_and_once, networks_that_are_none_are_refused,
                     macs_are_unique_and_under_xens_prefix, text_is_read_and_written_back,
                     text_that_is_no_address_is_refused);
}
