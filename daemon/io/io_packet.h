/*
 * One order of io_msg.h with its file descriptors, off a SEQPACKET socket. May be included by io
 * only.
 */
#ifndef CHAOS_IO_PACKET_H
#define CHAOS_IO_PACKET_H

#include "io/io_msg.h"
#include "util/fd.h"

struct io_packet {
    union {
        struct io_msg_header header;
        struct io_msg_hello hello;
        struct io_msg_attach attach;
        struct io_msg_add_vif add_vif;
        struct io_msg_remove_vif remove_vif;
        struct io_msg_detach detach;
        struct io_msg_console console;
        struct io_msg_stats stats;
        uint8_t bytes[IO_MSG_MAX];
    } msg;
    struct fd_packet from; /* its fds belong to the holder; taken ones are set to -1 */
};

/*
 * The next order of chaosd, whole and of the size its type says. 0; -EAGAIN; -ECONNRESET at the
 * end; -EPROTO when it is malformed; or -errno. fds are held only on 0.
 */
int io_packet_receive(int socket, struct io_packet *packet_out);

#endif
