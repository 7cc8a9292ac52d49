/*
 * recovery: how long guests are without their network when a daemon is killed.
 *
 * usage: recovery [--guests N] [--kill chaosd,iod,both] [--runs R] [--image CFG] [--json]
 *
 * N guests that answer pings (daytime). Then, R times for each of --kill: SIGKILL, a pause in which
 * nothing is started when chaosd is gone, and chaosd is started; chaos-iod alone chaosd replaces by
 * itself. Timed from the start of chaosd, or the end of chaos-iod: until the first guest answers a
 * ping (phase "first"), until all have, asked one after the other ("all"), and until chaosd answers
 * ("serves"). All of them must be the same guests and run.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "daemons.h"
#include "guests.h"

#define PROBE_MS    1 /* between pings to a guest that does not answer */
#define PROBES_MAX  30000
#define UPLINK      "chaos0"
#define PAUSE_US    200000
#define HEALTHY_US  61000000 /* then a chaos-iod that dies is started again without delay */
#define GUESTS_MOST 10000

struct run {
    size_t count;
    unsigned runs;
    bool json;
    struct guests guests;
    struct ukvm_guest *each;
    struct bench_series first, all, serves;
};

/* ---- pings -------------------------------------------------------------------------- */

static uint16_t checksum(const struct icmphdr *header)
{
    uint16_t words[sizeof(*header) / 2];
    uint32_t sum = 0;

    memcpy(words, header, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

static bool is_reply(int fd, in_addr_t from)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};
    char packet[256] = "";
    socklen_t size = sizeof(peer);
    ssize_t got =
        recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&peer, &size);
    size_t skip = got > 0 ? (size_t)(packet[0] & 0xf) * 4 : 0;

    return got > (ssize_t)skip && peer.sin_addr.s_addr == from && packet[skip] == ICMP_ECHOREPLY;
}

/* Returns when the guest has answered one of many pings. */
static void await_ping(int fd, const struct ukvm_guest *guest)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct icmphdr echo = {.type = ICMP_ECHO, .un.echo.sequence = 1};
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    inet_pton(AF_INET, guest->vifs[0].ip, &to.sin_addr);
    echo.checksum = checksum(&echo);
    for (int i = 0; i < PROBES_MAX; i++) {
        /* Through the uplink alone, which may be another by now or not be there: other networks of
           the host answer for anybody. */
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, UPLINK, sizeof(UPLINK)) < 0 ||
            sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
            usleep(PROBE_MS * 1000);
        while (poll(&readable, 1, PROBE_MS) == 1)
            if (is_reply(fd, to.sin_addr.s_addr))
                return;
    }
    bench_fail(guest->name, "does not answer any more");
}

/* ---- a kill ------------------------------------------------------------------------- */

static void check_all(struct run *run)
{
    struct ukvm_guest now;

    for (size_t i = 0; i < run->count; i++) {
        if (ukvm_info(run->guests.ukvm, run->each[i].name, &now) != 0)
            bench_fail(run->each[i].name, ukvm_error_message(run->guests.ukvm));
        if (strcmp(now.state, "running") != 0 || now.domid != run->each[i].domid)
            bench_fail(now.name, "is another, or does not run");
    }
}

static void run_one(struct run *run, enum daemons which)
{
    bool restarts = (which & DAEMONS_CHAOSD) != 0;
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), process = -1;

    if (fd < 0)
        bench_fail("ping", "no raw socket");
    guests_close(&run->guests);
    if (!restarts)
        usleep(HEALTHY_US);
    daemons_kill(which);
    if (restarts)
        usleep(PAUSE_US);
    double start_us = bench_now_us();
    if (restarts)
        process = daemons_launch();
    for (size_t i = 0; i < run->count; i++) {
        await_ping(fd, &run->each[i]);
        if (i == 0)
            bench_add(&run->first, bench_now_us() - start_us);
    }
    bench_add(&run->all, bench_now_us() - start_us);
    close(fd);
    if (restarts)
        daemons_await(process);
    guests_open(&run->guests);
    check_all(run);
}

/* How long chaosd is away, with nobody who asks. */
static void run_serves(struct run *run, enum daemons which)
{
    guests_close(&run->guests);
    daemons_kill(which);
    usleep(PAUSE_US);
    double start_us = bench_now_us();
    daemons_await(daemons_launch());
    guests_open(&run->guests);
    bench_add(&run->serves, bench_now_us() - start_us);
    check_all(run);
}

static void run_kind(struct run *run, enum daemons which)
{
    struct bench_line line = {.bench = "recovery",
                              .mode = daemons_name(which),
                              .memory_mib = (unsigned)(run->each[0].memory_bytes >> 20),
                              .guests = run->count};

    for (unsigned i = 0; i < run->runs; i++) {
        run_one(run, which);
        if (which & DAEMONS_CHAOSD)
            run_serves(run, which);
    }
    line.phase = "first";
    bench_print(&line, &run->first, run->json);
    line.phase = "all";
    bench_print(&line, &run->all, run->json);
    line.phase = "serves";
    bench_print(&line, &run->serves, run->json);
    bench_clear(&run->first);
    bench_clear(&run->all);
    bench_clear(&run->serves);
}

/* ------------------------------------------------------------------------------------- */

static void create_all(struct run *run)
{
    struct ukvm_create_options options = {.size = sizeof(options)};

    run->each = calloc(run->count, sizeof(*run->each));
    if (run->each == NULL)
        bench_fail("guests", "out of memory");
    for (size_t i = 0; i < run->count; i++) {
        struct ukvm_config *config = guests_config(&run->guests, i);
        guests_create(&run->guests, config, &options, &run->each[i]);
        ukvm_config_free(config);
    }
}

static void parse(struct run *run, int argc, char **argv, char **kills_out)
{
    static const struct option options[] = {
        {"guests", required_argument, NULL, 'g'}, {"kill", required_argument, NULL, 'k'},
        {"runs", required_argument, NULL, 'r'},   {"image", required_argument, NULL, 'i'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'g')
            run->count = bench_number("--guests", optarg, 1, GUESTS_MOST);
        else if (option == 'r')
            run->runs = (unsigned)bench_number("--runs", optarg, 1, 1000);
        else if (option == 'k')
            *kills_out = optarg;
        else if (option == 'i')
            run->guests.image = optarg;
        else if (option == 'j')
            run->json = true;
        else
            exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct run run = {.count = 100, .runs = 5, .guests.image = DAYTIME_CFG};
    static char default_kills[] = "chaosd,iod,both";
    char *list = default_kills;
    enum daemons which;

    parse(&run, argc, argv, &list);
    guests_open(&run.guests);
    create_all(&run);
    for (char *kind = strsep(&list, ","); kind != NULL; kind = strsep(&list, ",")) {
        if (!daemons_parse(kind, &which))
            bench_fail(kind, "no such daemon");
        run_kind(&run, which);
    }
    for (size_t i = 0; i < run.count; i++)
        guests_destroy(&run.guests, run.each[i].name);
    bench_series_fini(&run.first);
    bench_series_fini(&run.all);
    bench_series_fini(&run.serves);
    free(run.each);
    guests_close(&run.guests);
    return 0;
}
