/* The host network port on Linux: TUNSETIFF, rtnetlink, nftables. */
#include "hostnet/hostnet.h"
#include "hostnet/hostnet_link.h"
#include "hostnet/hostnet_nft.h"
#include "util/list.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORWARD_SYSCTL "/proc/sys/net/ipv4/ip_forward"

/* A published port. The bound socket keeps the host's own programs from taking it. */
struct published {
    struct list node;
    struct hostnet_publish rule;
    int reservation;
};

struct hostnet_linux {
    struct hostnet hostnet;
    struct hostnet_link link;
    struct hostnet_nft nft;
    struct list published;
};

static struct hostnet_linux *from_hostnet(struct hostnet *net)
{
    return (struct hostnet_linux *)net;
}

__attribute__((format(printf, 3, 4))) static int failed(char *text, int rc, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, HOSTNET_TEXT_MAX, format, arguments);
    va_end(arguments);
    return rc;
}

/* ---- /proc/sys ---------------------------------------------------------------------- */

static int write_sysctl(const char *path, char value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = write(fd, &value, 1) == 1 ? 0 : -errno;
    close(fd);
    return rc;
}

static int read_sysctl(const char *path, char *value_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = read(fd, value_out, 1) == 1 ? 0 : -errno;
    close(fd);
    return rc;
}

/*
 * Stays on when we end: others may have come to rely on it, and cannot be asked. docs/network.md
 */
static int forwarding_on(char *text)
{
    char value = '0';
    int rc = read_sysctl(FORWARD_SYSCTL, &value);
    if (rc == 0 && value == '0')
        rc = write_sysctl(FORWARD_SYSCTL, '1');
    if (rc < 0)
        return failed(text, rc, "cannot turn on IPv4 forwarding in %s: %s", FORWARD_SYSCTL,
                      strerror(-rc));
    return 0;
}

/* The kernel would talk to guests by itself, of router and multicast matters. IPv6 may be absent.
 */
static void silence_ipv6(const char *ifname)
{
    char path[80];
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
    write_sysctl(path, '1');
}

/* ---- TAPs --------------------------------------------------------------------------- */

static int make_tap(const char *ifname, int *fd_out, char *text)
{
    if (!hostnet_link_name_ok(ifname))
        return failed(text, -EINVAL, "'%.40s' is not a name for a network interface", ifname);
    int rc = hostnet_link_tap(ifname, fd_out);
    if (rc == -EBUSY)
        return failed(text, rc,
                      "network interface %s exists already: end the program that holds it, "
                      "delete it with 'ip link', or choose another name",
                      ifname);
    if (rc == -ENOENT)
        return failed(text, rc, "/dev/net/tun does not exist: load the kernel module tun");
    if (rc < 0)
        return failed(text, rc, "cannot create network interface %s: %s", ifname, strerror(-rc));
    silence_ipv6(ifname);
    return 0;
}

static int configure_uplink(struct hostnet_linux *net, const struct hostnet_uplink *uplink,
                            char *text)
{
    struct hostnet_link_change change = {.up = true, .mtu = uplink->mtu, .mac = uplink->mac};
    unsigned index = 0;
    int rc = hostnet_link_index(uplink->ifname, &index);
    if (rc == 0)
        rc = hostnet_link_address(&net->link, index, &uplink->address, uplink->prefix_len);
    if (rc == 0)
        rc = hostnet_link_change(&net->link, index, &change);
    if (rc < 0)
        return failed(text, rc, "cannot configure network interface %s: %s", uplink->ifname,
                      strerror(-rc));
    return 0;
}

static int check_uplink(const struct hostnet_uplink *uplink, char *text)
{
    char other[16];
    if (uplink->prefix_len < 1 || uplink->prefix_len > 30)
        return failed(text, -EINVAL, "a network of guests cannot have the prefix length %u",
                      uplink->prefix_len);
    if (hostnet_link_overlaps(uplink->ifname, &uplink->address, uplink->prefix_len, other))
        return failed(text, -EADDRINUSE,
                      "the guests' network overlaps that of %s: choose another network", other);
    return 0;
}

/* The TAP is there. NAT may be there, too, with ports that are published, if this is a later TAP.
 */
static int connect_uplink(struct hostnet_linux *net, const struct hostnet_uplink *uplink,
                          char *text)
{
    bool had_nat = net->nft.context != NULL;
    int rc = configure_uplink(net, uplink, text);
    if (rc == 0 && !had_nat)
        rc = hostnet_nft_open(&net->nft, uplink, text);
    if (rc == 0)
        rc = forwarding_on(text);
    if (rc < 0 && !had_nat)
        hostnet_nft_close(&net->nft, false);
    return rc;
}

static int uplink_up(struct hostnet *hostnet, const struct hostnet_uplink *uplink, int *fd_out,
                     char *text)
{
    int fd = -1;
    int rc = check_uplink(uplink, text);
    if (rc == 0)
        rc = make_tap(uplink->ifname, &fd, text);
    if (rc == 0)
        rc = connect_uplink(from_hostnet(hostnet), uplink, text);
    if (rc == 0)
        *fd_out = fd;
    else if (fd >= 0)
        close(fd);
    return rc;
}

static int uplink_adopt(struct hostnet *hostnet, const struct hostnet_uplink *uplink, char *text)
{
    int rc = check_uplink(uplink, text);
    return rc < 0 ? rc : connect_uplink(from_hostnet(hostnet), uplink, text);
}

static int join_bridge(struct hostnet_linux *net, const char *ifname, const char *bridge)
{
    struct hostnet_link_change change = {.up = true};
    unsigned index = 0;
    int rc = hostnet_link_index(bridge, &change.bridge);
    if (rc == 0)
        rc = hostnet_link_index(ifname, &index);
    if (rc == 0)
        rc = hostnet_link_change(&net->link, index, &change);
    return rc;
}

static int tap_on_bridge(struct hostnet *hostnet, const char *ifname, const char *bridge,
                         int *fd_out, char *text)
{
    struct hostnet_linux *net = from_hostnet(hostnet);
    int fd = -1;
    if (!hostnet_link_name_ok(bridge) || !hostnet_link_is_bridge(&net->link, bridge))
        return failed(text, -ENODEV, "there is no bridge %.40s on this host: create it first",
                      bridge);
    int rc = make_tap(ifname, &fd, text);
    if (rc < 0)
        return rc;
    rc = join_bridge(net, ifname, bridge);
    if (rc < 0) {
        close(fd);
        return failed(text, rc, "cannot add %s to bridge %s: %s", ifname, bridge, strerror(-rc));
    }
    *fd_out = fd;
    return 0;
}

/* ---- published ports ---------------------------------------------------------------- */

static struct published *find_published(struct hostnet_linux *net,
                                        const struct hostnet_publish *rule)
{
    LIST_FOR_EACH(node, &net->published)
    {
        struct published *published = LIST_OWNER(node, struct published, node);
        if (published->rule.protocol == rule->protocol &&
            published->rule.host_port == rule->host_port)
            return published;
    }
    return NULL;
}

static const char *protocol_name(const struct hostnet_publish *rule)
{
    return rule->protocol == IPPROTO_TCP ? "tcp" : "udp";
}

static int check_rule(struct hostnet_linux *net, const struct hostnet_publish *rule, char *text)
{
    if (rule->protocol != IPPROTO_TCP && rule->protocol != IPPROTO_UDP)
        return failed(text, -EINVAL, "only tcp and udp ports can be published");
    if (rule->host_port == 0 || rule->guest_port == 0)
        return failed(text, -EINVAL, "port 0 cannot be published");
    if (net->nft.context == NULL)
        return failed(text, -ENETDOWN, "no port can be published without an uplink");
    if (find_published(net, rule) != NULL)
        return failed(text, -EADDRINUSE,
                      "port %u/%s is published for another guest: choose another host port",
                      rule->host_port, protocol_name(rule));
    return 0;
}

/* Bound and never read: who connects to it without being forwarded is refused by the kernel. */
static int reserve_port(const struct hostnet_publish *rule, int *fd_out, char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(rule->host_port)};
    int type = rule->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        *fd_out = fd;
        return 0;
    }
    int rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc == -EADDRINUSE)
        return failed(text, rc,
                      "port %u/%s is in use by a program of this host: choose another host port",
                      rule->host_port, protocol_name(rule));
    return failed(text, rc, "cannot reserve port %u/%s: %s", rule->host_port, protocol_name(rule),
                  strerror(-rc));
}

static void forget(struct published *published)
{
    list_remove(&published->node);
    if (published->reservation >= 0)
        close(published->reservation);
    free(published);
}

static int publish(struct hostnet *hostnet, const struct hostnet_publish *rule, char *text)
{
    struct hostnet_linux *net = from_hostnet(hostnet);
    int rc = check_rule(net, rule, text);
    if (rc < 0)
        return rc;
    struct published *published = calloc(1, sizeof(*published));
    if (published == NULL)
        return failed(text, -ENOMEM, "out of memory");
    published->rule = *rule;
    published->reservation = -1;
    rc = reserve_port(rule, &published->reservation, text);
    if (rc == 0)
        rc = hostnet_nft_publish(&net->nft, rule, text);
    if (rc < 0) {
        forget(published);
        return rc;
    }
    list_append(&net->published, &published->node);
    return 0;
}

static void unpublish(struct hostnet *hostnet, const struct hostnet_publish *rule)
{
    struct hostnet_linux *net = from_hostnet(hostnet);
    struct published *published = find_published(net, rule);
    if (published == NULL)
        return;
    hostnet_nft_unpublish(&net->nft, rule);
    forget(published);
}

/* ------------------------------------------------------------------------------------- */

static void close_hostnet(struct hostnet *hostnet, bool rules_stay)
{
    struct hostnet_linux *net = from_hostnet(hostnet);
    LIST_FOR_EACH(node, &net->published)
    {
        forget(LIST_OWNER(node, struct published, node));
    }
    hostnet_nft_close(&net->nft, rules_stay);
    hostnet_link_close(&net->link);
    free(net);
}

static const struct hostnet_ops linux_ops = {
    .uplink_up = uplink_up,
    .uplink_adopt = uplink_adopt,
    .tap_on_bridge = tap_on_bridge,
    .publish = publish,
    .unpublish = unpublish,
    .close = close_hostnet,
};

int hostnet_linux_open(struct hostnet **net_out)
{
    struct hostnet_linux *net = calloc(1, sizeof(*net));
    if (net == NULL)
        return -ENOMEM;
    net->hostnet.ops = &linux_ops;
    list_init(&net->published);
    int rc = hostnet_link_open(&net->link);
    if (rc < 0) {
        free(net);
        return rc;
    }
    *net_out = &net->hostnet;
    return 0;
}
