#include "io/io_packet.h"

#include <errno.h>
#include <stdbool.h>

/* The orders iod takes. How many fds ATTACH and ADD_VIF need depends on what is in them. */
static const struct order {
    uint32_t type;
    size_t size;
    unsigned min_fds;
    unsigned max_fds;
} orders[] = {
    {IO_MSG_HELLO, sizeof(struct io_msg_hello), 0, 1},
    {IO_MSG_ATTACH, sizeof(struct io_msg_attach), 2, IO_MAX_FDS},
    {IO_MSG_ADD_VIF, sizeof(struct io_msg_add_vif), 0, IO_VIF_FDS},
    {IO_MSG_REMOVE_VIF, sizeof(struct io_msg_remove_vif), 0, 0},
    {IO_MSG_DETACH, sizeof(struct io_msg_detach), 0, 0},
    {IO_MSG_CONSOLE, sizeof(struct io_msg_console), 1, 1},
    {IO_MSG_STATS, sizeof(struct io_msg_stats), 0, 0},
};

static bool well_formed(const struct io_packet *packet)
{
    const struct io_msg_header *header = &packet->msg.header;
    if (packet->from.size < sizeof(*header) || header->size != packet->from.size)
        return false;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        const struct order *order = &orders[i];
        if (order->type == header->type)
            return order->size == packet->from.size && packet->from.fd_count >= order->min_fds &&
                   packet->from.fd_count <= order->max_fds;
    }
    return false;
}

int io_packet_receive(int socket, struct io_packet *packet_out)
{
    struct io_packet packet = {0};
    int rc = fd_receive(socket, packet.msg.bytes, sizeof(packet.msg.bytes), &packet.from);
    if (rc < 0)
        return rc;
    if (packet.from.size > 0 && !packet.from.truncated && well_formed(&packet)) {
        *packet_out = packet;
        return 0;
    }
    fd_close_all(packet.from.fds, packet.from.fd_count);
    return packet.from.size == 0 ? -ECONNRESET : -EPROTO;
}
