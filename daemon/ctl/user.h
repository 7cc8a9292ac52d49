/*
 * A user who has, or lately had, connections: how many messages they may still send. May be
 * included by ctl only. Root is no such user.
 *
 * Over the rate a message is not refused but read later: its sender waits for the answer anyway,
 * and one who sends without waiting fills its own socket. The rate is a user's, not a connection's,
 * so that more connections, or new ones, give no more. The end of a connection is read like a
 * message.
 */
#ifndef CHAOS_CTL_USER_H
#define CHAOS_CTL_USER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/list.h"
#include "util/loop.h"

struct ctl_server;

struct ctl_user {
    struct list node;
    struct ctl_server *server;
    uid_t uid;
    unsigned clients;
    uint64_t tokens_ns; /* time saved up; a message takes a second's part of it */
    uint64_t refilled_ns;
    struct loop_timer *timer; /* NULL until messages had to wait */
};

/* For one more connection; NULL when out of memory. */
struct ctl_user *ctl_user_get(struct ctl_server *server, uid_t uid, uint64_t now_ns);
/* For one fewer. What they have sent is remembered for as long as it matters. */
void ctl_user_put(struct ctl_user *user);
/* Whether a message may be read now. If not, their clients are told (ctl_client_resume) when. */
bool ctl_user_may_send(struct ctl_user *user, uint64_t now_ns);
/* All, when no client is left. */
void ctl_users_free(struct ctl_server *server);

#endif
