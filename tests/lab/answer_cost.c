/*
 * What an answer over TCP costs, for use in the lab under --icount:
 *
 *     answer_cost IP PORT COUNT DOMID
 *
 * Connects COUNT times, reads to the end, and prints three numbers for one answer, in ns: CPU time
 * of dom0, CPU time of the domain that answers, and time by the clock. What other domains compute
 * meanwhile is in the last only; what they make dom0 do is in the first.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <xenctrl.h>

struct times {
    uint64_t dom0_ns;
    uint64_t guest_ns;
    uint64_t clock_ns;
};

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static uint64_t cpu_ns(xc_interface *xen, uint32_t domid)
{
    xc_domaininfo_t info;
    need(xc_domain_getinfolist(xen, domid, 1, &info) == 1 && info.domain == domid, "domain info");
    return info.cpu_time;
}

static struct times now(xc_interface *xen, uint32_t domid)
{
    struct timespec clock;
    struct times times = {.dom0_ns = cpu_ns(xen, 0), .guest_ns = cpu_ns(xen, domid)};
    clock_gettime(CLOCK_MONOTONIC, &clock);
    times.clock_ns = (uint64_t)clock.tv_sec * 1000000000u + (uint64_t)clock.tv_nsec;
    return times;
}

static void ask(const struct sockaddr_in *address)
{
    const struct timeval limit = {.tv_sec = 10};
    char answer[64];
    ssize_t size, total = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    need(connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0, "connect");
    while ((size = recv(fd, answer, sizeof(answer), 0)) > 0)
        total += size;
    need(size == 0 && total > 0, "answer");
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: answer_cost IP PORT COUNT DOMID\n", stderr);
        return EXIT_FAILURE;
    }
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(argv[2])),
    };
    unsigned count = (unsigned)atoi(argv[3]);
    uint32_t domid = (uint32_t)atoi(argv[4]);
    xc_interface *xen = xc_interface_open(NULL, NULL, 0);
    need(inet_pton(AF_INET, argv[1], &address.sin_addr) == 1 && count > 0, "arguments");
    need(xen != NULL, "xc_interface_open");
    ask(&address);
    struct times before = now(xen, domid);
    for (unsigned i = 0; i < count; i++)
        ask(&address);
    struct times after = now(xen, domid);
    printf("%llu %llu %llu\n", (unsigned long long)(after.dom0_ns - before.dom0_ns) / count,
           (unsigned long long)(after.guest_ns - before.guest_ns) / count,
           (unsigned long long)(after.clock_ns - before.clock_ns) / count);
    xc_interface_close(xen);
    return EXIT_SUCCESS;
}
