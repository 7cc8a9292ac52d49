#include "hostnet/hostnet_nft.h"

#include <errno.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_BYTES 4096

/*
 * %1$s: the uplink's name, %2$s: the guests' network. Ports of the host are looked up in the maps,
 * for packets from outside and for the host's own, but never for 127.0.0.0/8: answers to it would
 * need the kernel to accept that network from guests.
 *
 * A guest that reaches another through a published port must not see its address, or the answer
 * would take the short way through the switch and be refused. From outside, guests are reached
 * through published ports only, even by a neighbour that routes their network to this host.
 */
static const char table[] = "table ip chaos {}\n"
                            "delete table ip chaos\n"
                            "table ip chaos {\n"
                            "    map tcp_ports { type inet_service : ipv4_addr . inet_service; }\n"
                            "    map udp_ports { type inet_service : ipv4_addr . inet_service; }\n"
                            "    chain published {\n"
                            "        dnat ip to tcp dport map @tcp_ports\n"
                            "        dnat ip to udp dport map @udp_ports\n"
                            "    }\n"
                            "    chain prerouting {\n"
                            "        type nat hook prerouting priority dstnat; policy accept;\n"
                            "        fib daddr type local ip daddr != 127.0.0.0/8 jump published\n"
                            "    }\n"
                            "    chain output {\n"
                            "        type nat hook output priority -100; policy accept;\n"
                            "        fib daddr type local ip daddr != 127.0.0.0/8 jump published\n"
                            "    }\n"
                            "    chain postrouting {\n"
                            "        type nat hook postrouting priority srcnat; policy accept;\n"
                            "        ip saddr %2$s oifname != \"%1$s\" masquerade\n"
                            "        ip saddr %2$s oifname \"%1$s\" ct status dnat masquerade\n"
                            "    }\n"
                            "    chain forward {\n"
                            "        type filter hook forward priority filter; policy accept;\n"
                            "        iifname \"%1$s\" accept\n"
                            "        oifname \"%1$s\" ct state established,related accept\n"
                            "        oifname \"%1$s\" ct status dnat accept\n"
                            "        oifname \"%1$s\" drop\n"
                            "    }\n"
                            "}\n";

/* The first line of what libnftables has to say. */
static void take_error(struct nft_ctx *context, char *text)
{
    const char *error = nft_ctx_get_error_buffer(context);
    if (error == NULL || error[0] == '\0')
        error = "unknown error";
    int length = (int)strcspn(error, "\n");
    snprintf(text, HOSTNET_TEXT_MAX, "nftables: %.*s", length < 120 ? length : 120, error);
}

__attribute__((format(printf, 3, 4))) static int run(struct nft_ctx *context, char *text,
                                                     const char *format, ...)
{
    char command[COMMAND_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(command))
        return -EOVERFLOW;
    errno = 0;
    if (nft_run_cmd_from_buffer(context, command) == 0)
        return 0;
    int error = errno;
    take_error(context, text);
    return error == 0 ? -EIO : -error;
}

static void network_text(const struct hostnet_uplink *uplink, char out[20])
{
    const uint8_t *octet = uplink->address.octet;
    uint32_t number =
        (uint32_t)octet[0] << 24 | (uint32_t)octet[1] << 16 | (uint32_t)octet[2] << 8 | octet[3];
    number &= uplink->prefix_len == 0 ? 0 : UINT32_MAX << (32 - uplink->prefix_len);
    snprintf(out, 20, "%u.%u.%u.%u/%u", number >> 24, number >> 16 & 255, number >> 8 & 255,
             number & 255, uplink->prefix_len);
}

int hostnet_nft_open(struct hostnet_nft *nft, const struct hostnet_uplink *uplink, char *text)
{
    char network[20];
    struct nft_ctx *context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (context == NULL) {
        snprintf(text, HOSTNET_TEXT_MAX, "nftables: cannot be set up");
        return -ENOMEM;
    }
    nft_ctx_buffer_output(context);
    nft_ctx_buffer_error(context);
    network_text(uplink, network);
    int rc = run(context, text, table, uplink->ifname, network);
    if (rc < 0)
        nft_ctx_free(context);
    else
        nft->context = context;
    return rc;
}

void hostnet_nft_close(struct hostnet_nft *nft, bool stays)
{
    char text[HOSTNET_TEXT_MAX];
    if (nft->context == NULL)
        return;
    if (!stays)
        run(nft->context, text, "delete table ip chaos\n");
    nft_ctx_free(nft->context);
    nft->context = NULL;
}

static const char *map_of(const struct hostnet_publish *rule)
{
    return rule->protocol == IPPROTO_TCP ? "tcp_ports" : "udp_ports";
}

int hostnet_nft_publish(struct hostnet_nft *nft, const struct hostnet_publish *rule, char *text)
{
    const uint8_t *octet = rule->guest.octet;
    return run(nft->context, text, "create element ip chaos %s { %u : %u.%u.%u.%u . %u }\n",
               map_of(rule), rule->host_port, octet[0], octet[1], octet[2], octet[3],
               rule->guest_port);
}

void hostnet_nft_unpublish(struct hostnet_nft *nft, const struct hostnet_publish *rule)
{
    char text[HOSTNET_TEXT_MAX];
    run(nft->context, text, "delete element ip chaos %s { %u }\n", map_of(rule), rule->host_port);
}
