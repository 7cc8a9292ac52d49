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
#include "ctl/event_stream.h"
#include "util/list.h"

struct ctl_server {
    struct core *core;
    struct loop *loop;
    char *path; /* owned; unlinked at the end */
    int lock;   /* or -1; of the directory of path, with all that is in it */
    int listener;
    struct loop_watch *watch;
    struct list clients;
    struct event_streams streams;
    unsigned client_count;
    struct list users; /* struct ctl_user */
    char *buffer;      /* LIMIT_MESSAGE bytes and one, for receiving and for dumping */
};

/*
 * Take the path and the directory it is in, which is made: fails while another server has taken any
 * path there. Call this before anything in the directory, and any guest, is touched. Codes:
 * NO_FILE, PERMISSION, EXISTS, INTERNAL.
 */
int ctl_server_lock(struct ctl_server *server, const char *path, struct error *error);
/* Listen on it, for root and the group "chaos" if there is one. */
int ctl_server_listen(struct ctl_server *server, struct core *core, struct error *error);
/*
 * Closes all connections; requests under way end unanswered. The directory stays taken. Safe on a
 * zeroed server.
 */
void ctl_server_close(struct ctl_server *server);
/*
 * Lets the next server have the directory: call this when the store is closed and nothing of a
 * guest is held any more. Safe with a lock of -1.
 */
void ctl_server_unlock(struct ctl_server *server);

#endif
