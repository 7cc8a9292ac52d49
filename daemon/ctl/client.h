/* One connection to the control socket. May be included by ctl only. */
#ifndef CHAOS_CTL_CLIENT_H
#define CHAOS_CTL_CLIENT_H

#include <jansson.h>
#include <sys/types.h>

#include "ctl/server.h"
#include "ctl/user.h"

struct ctl_client {
    struct ctl_server *server;
    struct list node;
    int fd;
    uid_t uid;
    pid_t pid;
    struct ctl_user *user; /* NULL: root */
    bool waits;            /* for the user's rate of messages: it is not read from */
    struct loop_watch *watch;
    struct list replies; /* that the socket would not take yet */
    size_t reply_bytes;
    struct list requests; /* struct ctl_request, under way */
    unsigned request_count;
};

/* Owns fd from now on, also when it fails. */
void ctl_client_create(struct ctl_server *server, int fd, uid_t uid, pid_t pid);
void ctl_client_destroy(struct ctl_client *client);
/* Its user may send again. */
void ctl_client_resume(struct ctl_client *client);
/*
 * Send a message (stolen; NULL: out of memory) with a descriptor (borrowed; -1: none). A client
 * that has let too many pile up is hung up on, later: it stays valid during the call.
 */
void ctl_client_send(struct ctl_client *client, json_t *message, int fd);
/* The same for bytes, without a descriptor. */
void ctl_client_send_bytes(struct ctl_client *client, const void *data, size_t size);

#endif
