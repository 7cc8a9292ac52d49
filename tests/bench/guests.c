#include "guests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLL_US       2000
#define FILL_LIMIT_US 60e6
#define PING_MS       1000

void guests_open(struct guests *guests)
{
    char message[UKVM_MESSAGE_MAX];

    if (guests->ukvm == NULL && ukvm_open(NULL, &guests->ukvm, message) != 0)
        bench_fail("open", message);
}

void guests_close(struct guests *guests)
{
    ukvm_close(guests->ukvm);
    guests->ukvm = NULL;
}

/* ---- create and destroy ------------------------------------------------------------- */

const char *guests_name(size_t number)
{
    static char names[4][32];
    static unsigned next;
    char *name = names[next++ % 4];

    snprintf(name, sizeof(names[0]), "bench-%zu", number);
    return name;
}

struct ukvm_config *guests_config(const struct guests *guests, size_t number)
{
    char message[UKVM_MESSAGE_MAX], line[64];
    struct ukvm_config *config;

    if (ukvm_config_load(guests->image, &config, message) != 0)
        bench_fail("configuration", message);
    snprintf(line, sizeof(line), "name='%s'", guests_name(number));
    int rc = ukvm_config_set(config, line, message);
    snprintf(line, sizeof(line), "memory=%u", guests->memory_mib);
    if (rc == 0 && guests->memory_mib > 0)
        rc = ukvm_config_set(config, line, message);
    if (rc != 0)
        bench_fail("configuration", message);
    return config;
}

void guests_create(struct guests *guests, struct ukvm_config *config,
                   struct ukvm_create_options *options, struct ukvm_guest *guest_out)
{
    static const char *const taken[] = {"", "cold", "shell", "loaded"};
    const char *wanted = taken[options->path];

    if (ukvm_create(guests->ukvm, config, options, guest_out) != 0)
        bench_fail("create", ukvm_error_message(guests->ukvm));
    if (strncmp(options->path_taken, wanted, strlen(wanted)) != 0)
        bench_fail("another path was taken", options->path_taken);
}

void guests_destroy(struct guests *guests, const char *name)
{
    if (ukvm_destroy(guests->ukvm, name, true) != 0)
        bench_fail("destroy", ukvm_error_message(guests->ukvm));
}

unsigned guests_sizes(char *list, unsigned sizes_out[GUESTS_SIZES])
{
    unsigned count = 0;

    for (char *mib = strsep(&list, ","); mib != NULL; mib = strsep(&list, ",")) {
        if (count == GUESTS_SIZES)
            bench_fail("--memory", "too many sizes");
        sizes_out[count++] = (unsigned)bench_number("--memory", mib, 1, 4096);
    }
    return count;
}

unsigned guests_default_sizes(const char *image, unsigned sizes_out[GUESTS_SIZES])
{
    sizes_out[0] = image != NULL ? 0 : 1;
    sizes_out[1] = 2;
    return image != NULL ? 1 : 2;
}

/* ---- the pool ----------------------------------------------------------------------- */

void guests_pool(struct guests *guests, bool loaded, unsigned target)
{
    struct ukvm_create_options cold = {.size = sizeof(cold), .path = UKVM_PATH_COLD};
    struct ukvm_guest *like = &guests->like;
    char line[512];

    if (target > 0) {
        struct ukvm_config *config = guests_config(guests, 0);
        guests_create(guests, config, &cold, like);
        guests_destroy(guests, like->name);
        ukvm_config_free(config);
    }
    snprintf(line, sizeof(line), "memory=%u nics=%u target=%u low=%u%s%s",
             (unsigned)(like->memory_bytes >> 20), like->vif_count, target, target,
             loaded ? " image=" : "", loaded ? like->kernel : "");
    if (ukvm_pool_set(guests->ukvm, line) != 0)
        bench_fail("pool", ukvm_error_message(guests->ukvm));
    guests_pool_wait(guests);
}

static bool is_full(const json_t *pool)
{
    size_t i;
    const json_t *flavour;

    json_array_foreach(json_object_get(pool, "flavours"), i, flavour)
    {
        if (json_integer_value(json_object_get(flavour, "ready")) <
            json_integer_value(json_object_get(flavour, "target")))
            return false;
    }
    return true;
}

static bool ask_full(struct guests *guests)
{
    char *text;

    if (ukvm_pool_json(guests->ukvm, &text) != 0)
        bench_fail("pool", ukvm_error_message(guests->ukvm));
    json_t *pool = json_loads(text, 0, NULL);
    bool full = is_full(pool);
    json_decref(pool);
    free(text);
    return full;
}

bool guests_pool_wait(struct guests *guests)
{
    double since_us = bench_now_us();

    if (ask_full(guests))
        return true;
    while (!ask_full(guests)) {
        if (bench_now_us() - since_us > FILL_LIMIT_US)
            bench_fail("pool", "it does not fill up (see 'chaos pool')");
        usleep(POLL_US);
    }
    return false;
}

double guests_free_bytes(struct guests *guests)
{
    char *text;

    if (ukvm_version_json(guests->ukvm, &text) != 0)
        bench_fail("version", ukvm_error_message(guests->ukvm));
    json_t *version = json_loads(text, 0, NULL);
    double bytes = json_number_value(json_object_get(version, "free_bytes"));
    json_decref(version);
    free(text);
    return bytes;
}

/* ---- answers ------------------------------------------------------------------------ */

static struct sockaddr_in address_of(const struct ukvm_guest *guest, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (guest->vif_count == 0 || inet_pton(AF_INET, guest->vifs[0].ip, &address.sin_addr) != 1)
        bench_fail(guest->name, "has no address");
    return address;
}

void guests_await_answer(const struct ukvm_guest *guest)
{
    struct sockaddr_in address = address_of(guest, 13);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte, what[UKVM_NAME_MAX + 32];

    snprintf(what, sizeof(what), "connect to %s at %s", guest->name, guest->vifs[0].ip);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        bench_fail(what, strerror(errno));
    if (read(fd, &byte, 1) != 1)
        bench_fail(guest->name, "closed the connection without an answer");
    close(fd);
}

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

/* Replies to others' pings come on the same socket. */
static bool await_reply(int fd, in_addr_t from)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    struct sockaddr_in peer = {.sin_family = AF_INET};
    char packet[256] = "";

    while (poll(&readable, 1, PING_MS) == 1) {
        socklen_t size = sizeof(peer);
        ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&peer, &size);
        size_t skip = got > 0 ? (size_t)(packet[0] & 0xf) * 4 : 0;
        if (got > (ssize_t)skip && peer.sin_addr.s_addr == from && packet[skip] == ICMP_ECHOREPLY)
            return true;
    }
    return false;
}

bool guests_ping(const struct ukvm_guest *guest)
{
    struct sockaddr_in address = address_of(guest, 0);
    struct icmphdr echo = {.type = ICMP_ECHO, .un.echo.sequence = 1};
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

    if (fd < 0)
        bench_fail("ping", strerror(errno));
    echo.checksum = checksum(&echo);
    bool ok = sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&address, sizeof(address)) ==
                  sizeof(echo) &&
              await_reply(fd, address.sin_addr.s_addr);
    close(fd);
    return ok;
}
