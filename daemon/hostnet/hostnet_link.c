#include "hostnet/hostnet_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MESSAGE_BYTES 512
#define ANSWER_BYTES  8192

int hostnet_link_open(struct hostnet_link *link)
{
    *link = (struct hostnet_link){.query = -1};
    link->netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (link->netlink == NULL)
        return -errno;
    link->query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = 0;
    if (link->query < 0 || mnl_socket_bind(link->netlink, 0, MNL_SOCKET_AUTOPID) < 0)
        rc = -errno;
    if (rc < 0)
        hostnet_link_close(link);
    return rc;
}

void hostnet_link_close(struct hostnet_link *link)
{
    if (link->netlink != NULL)
        mnl_socket_close(link->netlink);
    if (link->query >= 0)
        close(link->query);
    *link = (struct hostnet_link){.query = -1};
}

bool hostnet_link_name_ok(const char *ifname)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    size_t length = strlen(ifname);
    return length > 0 && length < IFNAMSIZ && strspn(ifname, allowed) == length &&
           ifname[0] != '-' && ifname[0] != '.';
}

static struct ifreq request_for(const char *ifname)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
    return request;
}

int hostnet_link_tap(const char *ifname, int *fd_out)
{
    struct ifreq request = request_for(ifname);
    /* Exclusive, or a persistent TAP would be taken over, with whatever it is connected to. */
    request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    *fd_out = fd;
    return 0;
}

int hostnet_link_index(const char *ifname, unsigned *index_out)
{
    unsigned index = if_nametoindex(ifname);
    if (index == 0)
        return -ENODEV;
    *index_out = index;
    return 0;
}

bool hostnet_link_is_bridge(struct hostnet_link *link, const char *ifname)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq request = request_for(ifname);
    request.ifr_data = (char *)&info;
    return ioctl(link->query, SIOCETHTOOL, &request) == 0 && strcmp(info.driver, "bridge") == 0;
}

/* Sends a request and waits for the kernel's verdict, which it has before send returns. */
static int ask(struct hostnet_link *link, struct nlmsghdr *header)
{
    _Alignas(NLMSG_ALIGNTO) char answer[ANSWER_BYTES];
    header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    header->nlmsg_seq = ++link->sequence;
    if (mnl_socket_sendto(link->netlink, header, header->nlmsg_len) < 0)
        return -errno;
    ssize_t size = mnl_socket_recvfrom(link->netlink, answer, sizeof(answer));
    if (size < 0)
        return -errno;
    int rc = mnl_cb_run(answer, (size_t)size, header->nlmsg_seq,
                        mnl_socket_get_portid(link->netlink), NULL, NULL);
    return rc < 0 ? -errno : 0;
}

int hostnet_link_change(struct hostnet_link *link, unsigned index,
                        const struct hostnet_link_change *change)
{
    _Alignas(NLMSG_ALIGNTO) char buffer[MESSAGE_BYTES];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_NEWLINK;
    struct ifinfomsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
    info->ifi_family = AF_UNSPEC;
    info->ifi_index = (int)index;
    if (change->up)
        info->ifi_flags = info->ifi_change = IFF_UP;
    if (change->mtu != 0)
        mnl_attr_put_u32(header, IFLA_MTU, change->mtu);
    if (change->mac != NULL)
        mnl_attr_put(header, IFLA_ADDRESS, 6, change->mac);
    if (change->bridge != 0)
        mnl_attr_put_u32(header, IFLA_MASTER, change->bridge);
    return ask(link, header);
}

static uint32_t mask_of(uint8_t prefix_len)
{
    return prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);
}

static uint32_t number_of(const struct hostnet_ip *address)
{
    uint32_t number;
    memcpy(&number, address->octet, sizeof(number));
    return ntohl(number);
}

int hostnet_link_address(struct hostnet_link *link, unsigned index,
                         const struct hostnet_ip *address, uint8_t prefix_len)
{
    _Alignas(NLMSG_ALIGNTO) char buffer[MESSAGE_BYTES];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_NEWADDR;
    header->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
    struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
    info->ifa_family = AF_INET;
    info->ifa_prefixlen = prefix_len;
    info->ifa_index = index;
    mnl_attr_put(header, IFA_LOCAL, sizeof(address->octet), address->octet);
    mnl_attr_put(header, IFA_ADDRESS, sizeof(address->octet), address->octet);
    mnl_attr_put_u32(header, IFA_BROADCAST, htonl(number_of(address) | ~mask_of(prefix_len)));
    return ask(link, header);
}

/* Whether an interface's own network and ours have addresses in common. */
static bool overlaps(const struct ifaddrs *entry, uint32_t ip, uint8_t prefix_len)
{
    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_INET ||
        entry->ifa_netmask == NULL)
        return false;
    struct sockaddr_in address, netmask;
    memcpy(&address, entry->ifa_addr, sizeof(address));
    memcpy(&netmask, entry->ifa_netmask, sizeof(netmask));
    uint32_t mask = ntohl(netmask.sin_addr.s_addr) & mask_of(prefix_len);
    return (ntohl(address.sin_addr.s_addr) & mask) == (ip & mask);
}

bool hostnet_link_overlaps(const char *ifname, const struct hostnet_ip *address, uint8_t prefix_len,
                           char other_out[16])
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return false;
    bool found = false;
    for (struct ifaddrs *entry = all; entry != NULL && !found; entry = entry->ifa_next) {
        if (strcmp(entry->ifa_name, ifname) == 0 ||
            !overlaps(entry, number_of(address), prefix_len))
            continue;
        snprintf(other_out, IFNAMSIZ, "%s", entry->ifa_name);
        found = true;
    }
    freeifaddrs(all);
    return found;
}
