/*
 * chaosd's orders as chaos-iod reads them: the input is one packet, after a byte that says how many
 * file descriptors come with it. What is taken for well formed goes through the check of ATTACH.
 */
#include "io/io_attach.h"
#include "io/io_packet.h"
#include "util/fd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int pair[2] = {-1, -1};

static void need(int rc)
{
    if (rc < 0)
        abort();
}

static void check_attach(const struct io_packet *packet)
{
    char text[IO_TEXT_MAX];
    struct vif_config config;
    const struct io_msg_attach *attach = &packet->msg.attach;
    if (io_attach_check(attach, (unsigned)packet->from.fd_count, text) < 0)
        return;
    uint8_t *window = malloc((size_t)attach->window_pages * IO_PAGE_SIZE);
    for (unsigned i = 0; i < attach->vif_count; i++) {
        uint8_t *own = malloc((size_t)attach->vif[i].hot_pages * IO_PAGE_SIZE + 1);
        io_attach_vif_config(attach, i, attach->vif[i].hot_gref != 0 ? own : window, &config);
        /* All of it must lie in the window, or in its own pages. */
        const struct net_arena *arena = &config.netback.arena;
        memset(arena->base, 0, (size_t)arena->pages * IO_PAGE_SIZE);
        memset(config.netback.tx_page, 0, IO_PAGE_SIZE);
        memset(config.netback.rx_page, 0, IO_PAGE_SIZE);
        free(own);
    }
    free(window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[FD_PASS_MAX];
    struct io_packet packet;
    if (size == 0)
        return 0;
    if (pair[0] < 0)
        need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair));
    size_t count = data[0] % (FD_PASS_MAX + 1);
    for (size_t i = 0; i < count; i++)
        need(fds[i] = dup(STDERR_FILENO));
    /* A packet of no bytes would be the end of the connection. */
    if (size > 1)
        need(fd_send(pair[0], data + 1, size - 1, fds, count));
    fd_close_all(fds, count);
    if (io_packet_receive(pair[1], &packet) == 0) {
        if (packet.msg.header.type == IO_MSG_ATTACH)
            check_attach(&packet);
        fd_close_all(packet.from.fds, packet.from.fd_count);
    }
    return 0;
}
