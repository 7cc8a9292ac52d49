/*
 * Any packet on the control socket, through the real path of a request on a core of fakes: it is
 * answered, now or when its guest ends, with one reply of the protocol; and nothing is left of it.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/guest_table.h"
#include "ctl/client.h"
#include "ctl/record.h"
#include "ctl/request.h"
#include "ctl/server.h"
#include "fixture/core_rig.h"
#include "util/fd_closer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWNER 1000u

static struct rig rig;
static struct ctl_server server;
static struct ctl_client *client;
static int peer; /* the client's own end */
static int passed_fd;

static void require(int condition)
{
    if (!condition)
        abort();
}

static void start(void)
{
    char path[64];

    rig_init(&rig);
    /* Read-only: a dump must not be written over the image. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", rig.image_fd);
    passed_fd = open(path, O_RDONLY | O_CLOEXEC);
    require(passed_fd >= 0);
    rig.owner = OWNER;
    /* Guests are small: filling their memory is most of the work. The host keeps the other half. */
    hv_fake_set_free_bytes(rig.hv, (UINT64_C(8) + LIMIT_HOST_RESERVE_MIB) << 20);
    server = (struct ctl_server){.core = &rig.core, .loop = rig.loop, .lock = -1, .listener = -1};
    list_init(&server.clients);
    list_init(&server.users);
    server.buffer = malloc(LIMIT_MESSAGE + 1);
    require(server.buffer != NULL);
    require(event_streams_init(&server.streams, &rig.core) == 0);
}

static void connect_client(uid_t uid)
{
    int ends[2];

    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    peer = ends[1];
    ctl_client_create(&server, ends[0], uid, getpid());
    require(server.client_count == 1);
    client = LIST_OWNER(server.clients.next, struct ctl_client, node);
}

/* Whether it ends its request: the guests of a batch have answers of their own before. */
static bool check_record(const char *data, const struct fd_packet *packet)
{
    struct ukvm_record_guest record;

    require(packet->size == sizeof(record) && packet->fd_count == 0);
    memcpy(&record, data, sizeof(record));
    return record.number == 0;
}

/* Returns how many requests they end. */
static unsigned check_replies(void)
{
    static char text[LIMIT_MESSAGE + 1];
    struct fd_packet packet;
    unsigned count = 0;

    while (fd_receive(peer, text, sizeof(text), &packet) == 0 && packet.size > 0) {
        if (record_is(text, packet.size)) {
            count += check_record(text, &packet);
            continue;
        }
        json_t *reply = json_loadb(text, packet.size, 0, NULL);
        const json_t *error = json_object_get(reply, "error");
        const char *message = json_string_value(json_object_get(error, "message"));
        require(!packet.truncated && packet.fd_count <= 1);
        fd_close_all(packet.fds, packet.fd_count);
        require(json_is_object(json_object_get(reply, "ok")) != (message != NULL));
        require(message == NULL || message[0] != '\0');
        count += json_object_get(reply, "number") == NULL;
        json_decref(reply);
    }
    return count;
}

static void serve(const uint8_t *data, size_t size, size_t fds, int truncated)
{
    struct fd_packet packet = {.size = size, .fd_count = fds, .truncated = truncated};

    for (size_t i = 0; i < fds; i++)
        packet.fds[i] = dup(passed_fd);
    ctl_request_serve(client, (const char *)data, &packet, core_now_ns(&rig.core));
}

/* All but the one that is there from the start, if it still is as it was: making one is dear. */
static void destroy_all(void)
{
    LIST_FOR_EACH(node, &rig.core.guests.all)
    {
        struct guest *guest = LIST_OWNER(node, struct guest, all);
        bool is_kept = strcmp(guest->name, "a") == 0 && guest_state(guest) == GUEST_RUNNING &&
                       list_empty(&guest->waits) && guest->mem_set == NULL;
        if (guest_state(guest) != GUEST_GONE && !is_kept)
            destroy_guest(guest, NULL);
    }
    rig.core.pool.setting.learn = 0;
    LIST_FOR_EACH(node, &rig.core.pool.flavours)
    pool_drop(&rig.core.pool, LIST_OWNER(node, struct pool_flavour, all));
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
}

/* With one descriptor more than fits, too: nothing but the packet's frame is looked at then. */
static void serve_all(const uint8_t *data, size_t size)
{
    unsigned served = 4;

    serve(data, size, 0, 0);
    rig_run(&rig);
    serve(data, size, 1, 0);
    serve(data, size, FD_PASS_MAX + 1, 1);
    serve(data, LIMIT_MESSAGE + 1, 0, 0);
    rig_run(&rig);
    served -= check_replies();
    require(client->request_count == served);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uid_t users[] = {0, OWNER, OWNER + 1};

    if (size > LIMIT_MESSAGE)
        return 0;
    if (server.buffer == NULL)
        start();
    require(rig_find(&rig, "a") != NULL || rig_boot_named(&rig, "a") != NULL);
    connect_client(users[size % 3]);
    serve_all(data, size);
    /* Who goes away leaves the request to itself. */
    bool leaves = size % 2 == 0;
    unsigned waiting = client->request_count;
    if (leaves)
        ctl_client_destroy(client);
    destroy_all();
    if (!leaves) {
        require(check_replies() == waiting);
        ctl_client_destroy(client);
    }
    fd_close(&peer);
    require(server.client_count == 0 && list_empty(&rig.core.creates));
    require(rig.core.guests.named <= 1);
    require(hv_fake_leaks(rig.hv).domains == rig.core.guests.named);
    return 0;
}
