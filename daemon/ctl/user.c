#include "ctl/user.h"

#include <stdlib.h>

#include "core/limits.h"
#include "ctl/client.h"

#define SECOND_NS UINT64_C(1000000000)
/* A burst that is let through: a second's messages. */
#define SAVED_NS  SECOND_NS
/* Not for each message by itself. */
#define WAIT_NS   (10 * UINT64_C(1000000))

static void refill(struct ctl_user *user, uint64_t now_ns)
{
    user->tokens_ns += now_ns - user->refilled_ns;
    user->refilled_ns = now_ns;
    if (user->tokens_ns > SAVED_NS)
        user->tokens_ns = SAVED_NS;
}

static void user_free(struct ctl_user *user)
{
    if (user->timer != NULL)
        user->server->loop->ops->timer_destroy(user->timer);
    list_remove(&user->node);
    free(user);
}

/* Those who are gone and have saved up all they can are as if they had never been. */
static void forget_idle(struct ctl_server *server, uint64_t now_ns)
{
    LIST_FOR_EACH(node, &server->users)
    {
        struct ctl_user *user = LIST_OWNER(node, struct ctl_user, node);
        refill(user, now_ns);
        if (user->clients == 0 && user->tokens_ns == SAVED_NS)
            user_free(user);
    }
}

static struct ctl_user *find(struct ctl_server *server, uid_t uid)
{
    LIST_FOR_EACH(node, &server->users)
    {
        struct ctl_user *user = LIST_OWNER(node, struct ctl_user, node);
        if (user->uid == uid)
            return user;
    }
    return NULL;
}

struct ctl_user *ctl_user_get(struct ctl_server *server, uid_t uid, uint64_t now_ns)
{
    struct ctl_user *user = find(server, uid);

    if (user == NULL) {
        forget_idle(server, now_ns);
        user = calloc(1, sizeof(*user));
        if (user == NULL)
            return NULL;
        *user = (struct ctl_user){
            .server = server, .uid = uid, .tokens_ns = SAVED_NS, .refilled_ns = now_ns};
        list_append(&server->users, &user->node);
    }
    user->clients++;
    return user;
}

void ctl_user_put(struct ctl_user *user)
{
    user->clients--;
}

static void on_timer(void *arg)
{
    struct ctl_user *user = arg;

    LIST_FOR_EACH(node, &user->server->clients)
    {
        struct ctl_client *client = LIST_OWNER(node, struct ctl_client, node);
        if (client->user == user)
            ctl_client_resume(client);
    }
}

bool ctl_user_may_send(struct ctl_user *user, uint64_t now_ns)
{
    unsigned rate = limit_of(LIMIT_ID_USER_MESSAGES);
    uint64_t price_ns = SECOND_NS / (rate > 0 ? rate : 1);

    refill(user, now_ns);
    if (user->tokens_ns >= price_ns) {
        user->tokens_ns -= price_ns;
        return true;
    }
    if (user->timer == NULL)
        user->timer = user->server->loop->ops->timer_create(user->server->loop, on_timer, user);
    if (user->timer == NULL)
        return true;
    uint64_t missing_ns = price_ns - user->tokens_ns;
    user->server->loop->ops->timer_set(user->timer, missing_ns > WAIT_NS ? missing_ns : WAIT_NS);
    return false;
}

void ctl_users_free(struct ctl_server *server)
{
    LIST_FOR_EACH(node, &server->users)
    user_free(LIST_OWNER(node, struct ctl_user, node));
}
