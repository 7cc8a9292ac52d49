/* Addresses as text: the half of addr.h that needs no pool. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "core/addr.h"

/* One decimal number of up to three digits, without a leading zero. Advances *text. */
static int parse_number(const char **text, unsigned max, uint8_t *number_out)
{
    const char *c = *text;
    unsigned value = 0, digits = 0;

    for (; isdigit((unsigned char)*c) && digits < 3; c++, digits++)
        value = value * 10 + (unsigned)(*c - '0');
    if (digits == 0 || value > max || (digits > 1 && **text == '0'))
        return -EINVAL;
    *text = c;
    *number_out = (uint8_t)value;
    return 0;
}

int addr_parse_ip(const char *text, struct hostnet_ip *ip_out, uint8_t *prefix_len_out)
{
    struct hostnet_ip ip;
    uint8_t prefix_len = 0;

    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return -EINVAL;
        if (parse_number(&text, 255, &ip.octet[i]) < 0)
            return -EINVAL;
    }
    if (*text == '/') {
        text++;
        if (parse_number(&text, 32, &prefix_len) < 0 || prefix_len == 0)
            return -EINVAL;
    }
    if (*text != '\0')
        return -EINVAL;
    *ip_out = ip;
    *prefix_len_out = prefix_len;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int addr_parse_mac(const char *text, uint8_t mac_out[6])
{
    uint8_t mac[6];

    for (int i = 0; i < 6; i++) {
        if (i > 0 && *text++ != ':')
            return -EINVAL;
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return -EINVAL;
        mac[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0')
        return -EINVAL;
    for (int i = 0; i < 6; i++)
        mac_out[i] = mac[i];
    return 0;
}

void addr_format_ip(struct hostnet_ip ip, char text[ADDR_TEXT_MAX])
{
    snprintf(text, ADDR_TEXT_MAX, "%u.%u.%u.%u", ip.octet[0], ip.octet[1], ip.octet[2],
             ip.octet[3]);
}

void addr_format_mac(const uint8_t mac[6], char text[ADDR_TEXT_MAX])
{
    snprintf(text, ADDR_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
}
