/*
 * The control socket: clients, their requests and what they are owed. May be included by ctl and
 * composition roots.
 *
 * Clients are hostile: each is bounded in requests and in unread replies, and one that does not
 * read, or sends what is no message, hurts only itself.
 */
#ifndef CHAOS_CTL_SERVER_H
#define CHAOS_CTL_SERVER_H

#include "core/core.h"
#include "util/list.h"

struct ctl_server {
    struct core *core;
    struct loop *loop;
    char *path; /* owned; unlinked at the end */
    int lock;   /* held as long as this server owns the path */
    int listener;
    struct loop_watch *watch;
    struct list clients;
    unsigned client_count;
    char *buffer; /* LIMIT_MESSAGE bytes and one, for receiving and for dumping */
};

/*
 * Take the path: fails while another server has it. The directory is made. Codes: NO_FILE,
 * PERMISSION, EXISTS, INTERNAL.
 */
int ctl_server_lock(struct ctl_server *server, const char *path, struct error *error);
/* Listen on it, for root and the group "chaos" if there is one. */
int ctl_server_listen(struct ctl_server *server, struct core *core, struct error *error);
/* Closes all connections; requests under way end unanswered. Safe on a zeroed server. */
void ctl_server_close(struct ctl_server *server);

#endif
