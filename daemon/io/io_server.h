/*
 * Takes chaosd's orders from a listening socket. chaosd may die and come back: guests are served
 * meanwhile, and what it must know waits. May be included by io and by iod.c.
 */
#ifndef CHAOS_IO_SERVER_H
#define CHAOS_IO_SERVER_H

#include "io/io.h"
#include "io/io_msg.h"

#include <stdbool.h>
#include <sys/types.h>

#define IO_SERVER_TURN_ORDERS 16u /* most orders taken before guests have their turn */

struct io_reply;

struct io_server {
    struct io *io;
    struct loop *loop;
    int listener; /* borrowed */
    uid_t peer;   /* who may connect */
    struct loop_watch *listener_watch;
    int connection; /* -1: none */
    struct loop_watch *connection_watch;
    bool greeted; /* a HELLO of our version came on this connection */
    /* Answers that did not fit the socket, oldest first. While there are any, no order is taken. */
    struct io_reply *replies;
    struct io_reply **replies_end;
};

/* Serves io on listener, a SEQPACKET unix socket, for a peer of that uid. 0 or -ENOMEM. */
int io_server_init(struct io_server *server, struct io *io, int listener, uid_t peer);
void io_server_fini(struct io_server *server);

/* A SEQPACKET socket at path for the caller's uid only; replaces a dead one. The fd or -errno;
 * -EADDRINUSE when somebody serves it. */
int io_server_listen(const char *path);

#endif
