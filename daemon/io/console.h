/*
 * The console of one guest: its ring, what it printed last, and the clients that follow it. A
 * client that reads slowly loses output, and nobody else does. May be included by io only.
 */
#ifndef CHAOS_CONSOLE_H
#define CHAOS_CONSOLE_H

#include "io/console_history.h"
#include "io/console_ring.h"
#include "util/list.h"
#include "util/loop.h"

#include <stdbool.h>

#define CONSOLE_CLIENTS_MAX 8u
/* How long clients may still read the last words of a guest that was detached. */
#define CONSOLE_LINGER_NS   UINT64_C(10000000000)

struct console;
struct console_client;

/* What a client asks for: to follow what comes, and then also to write input. */
struct console_want {
    bool follow;
    bool input;
    uint64_t age_ns; /* of the oldest output; 0: all that is kept */
};

/* What a console asks of its guest. Both may be called from any of the functions below. */
struct console_ops {
    void (*notify)(void *arg); /* the ring changed: ring the doorbell */
    void (*fault)(void *arg, const char *text);
};

struct console {
    struct loop *loop;
    const struct console_ops *ops; /* NULL once detached */
    void *arg;
    struct console_ring ring;
    struct console_history history;
    struct list clients;
    unsigned client_count;
    struct console_client *writer; /* whose input the guest gets, or NULL */
    ssize_t room;                  /* for input, as last seen */
    struct loop_timer *linger;
    struct list node; /* among the lingering */
    uint64_t kept;    /* of a guest that is gone: its id, as long as the history is kept, else 0 */
};

/* 0 or -ENOMEM. Ended by console_detach. */
int console_create(struct loop *loop, void *ring_page, bool resumed, const struct console_ops *ops,
                   void *arg, struct console **console_out);
/* Moves output and input. Returns whether there was any. */
bool console_serve(struct console *console, uint64_t now_ns);
/*
 * Give a client the kept output, and what it wants besides. One at a time can write, until it
 * hangs up or ends its side of the stream: of others the stream takes no input. That one of those
 * has hung up is noticed when the guest prints or the next client comes. Takes fd, a stream socket.
 * 0, or -errno with fd closed.
 */
int console_add_client(struct console *console, int fd, const struct console_want *want);
/*
 * Takes the last output and leaves the ring alone from then on; what was kept can still be read.
 * Safe inside the callbacks of ops. NULL is allowed.
 */
void console_stop(struct console *console);
/*
 * The ring page goes away: takes the last output from it, unless the guest broke the ring. The
 * console stays in lingering, with its history if there is one and keep is the guest's id, not 0.
 * Otherwise it frees itself when its clients have read all. After CONSOLE_LINGER_NS they have in
 * any case. NULL is allowed.
 */
void console_detach(struct console *console, struct list *lingering, uint64_t keep);
/* The one that is kept under this id, or NULL. Clients can be added to it, to read. */
struct console *console_find(const struct list *lingering, uint64_t id);
/* Keeps it no more. */
void console_forget(struct console *console);
void console_forget_all(struct list *lingering);
/* Ends all lingering consoles now. */
void console_end_lingering(struct list *lingering);

#endif
