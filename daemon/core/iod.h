/*
 * The client of chaos-iod: attaches and detaches guests, restarts a dead or misbehaving iod and
 * attaches all guests again. An iod that a former chaosd has left is taken over with its guests.
 * May be included by core and composition roots.
 *
 * iod is less trusted than chaosd: whatever it says is checked, and a wrong word ends it.
 */
#ifndef CHAOS_CORE_IOD_H
#define CHAOS_CORE_IOD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dead.h"
#include "core/error.h"
#include "hostnet/hostnet.h"
#include "hv/hv.h"
#include "util/list.h"
#include "util/loop.h"
#include "util/sm.h"

struct guest;

/* A chaos-iod process; core/iod_process.c is the real one. int functions: 0 or -errno. */
struct iod_link;
struct iod_link_ops {
    /* A connected SEQPACKET socket, the caller's. -ENOENT, -ECONNREFUSED: nobody listens. */
    int (*connect)(struct iod_link *link, int *fd_out);
    /* Start the program; it listens soon after. */
    int (*start)(struct iod_link *link);
    /* End the process last connected to or started, at once. */
    void (*kill)(struct iod_link *link);
};
struct iod_link {
    const struct iod_link_ops *ops;
};

/* What iod.c tells core; guest is never NULL. text is printable. */
struct iod_events {
    /* The first greeting succeeded (text NULL), or why it never will. */
    void (*started)(void *arg, const char *text);
    /* Another iod is about to be started: there must be an uplink for it. NULL, or why there is
     * none. */
    const char *(*starting)(void *arg);
    /* The iod of a former chaosd serves somebody that we do not know, by this id. -errno. */
    int (*stray)(void *arg, uint64_t id);
    /* status 0 or -errno with text; again after each restart of iod. */
    void (*attached)(struct guest *guest, int status, const char *text);
    void (*detached)(struct guest *guest);
    /* Of iod_change_vif: status 0 or, of one that was to come, -errno with text. */
    void (*vif_changed)(struct guest *guest, int status, const char *text);
    /* The guest broke a protocol that iod speaks with it. */
    void (*fault)(struct guest *guest, const char *text);
};

/*
 *     DOWN --iod_start--> STARTING --connected--> GREETING --HELLO--> UP
 *                          ^    |                  |   ^ |           |
 *                          |    |                  |   '-' SERVES    |
 *           the delay over |    +------- lost -----+-----------------+
 *                          |                       v
 *                          +-------------------- WAITING
 *
 * Lost: no answer in time, connection closed, a message that cannot be.
 */
enum iod_state {
    IOD_DOWN,
    IOD_STARTING,
    IOD_GREETING,
    IOD_UP,
    IOD_WAITING,
};

struct guest_table;

struct iod_config {
    struct loop *loop;
    struct hv *hv; /* for grant fds */
    struct iod_link *link;
    struct guest_table *guests;
    const struct iod_events *events;
    void *arg;     /* of events->started */
    int uplink_fd; /* borrowed; -1: none, or a former chaosd's iod has it */
    uint8_t uplink_mac[6];
    struct hostnet_ip uplink_ip;
};

struct iod {
    struct iod_config config;
    struct sm sm; /* enum iod_state */
    int found;    /* -1, or connected to the iod of a former chaosd */
    int socket;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct dead dead;   /* whose consoles it keeps */
    struct list outbox; /* guests whose message waits, in order */
    struct list stats;  /* struct iod_question, in order */
    unsigned stats_count;
    uint64_t stats_last; /* number of the last one */
    unsigned unanswered; /* messages iod owes an answer */
    unsigned failures;   /* in a row */
    uint64_t deadline_ns;
    unsigned strays;
    bool ever_up;
};

int iod_init(struct iod *iod, const struct iod_config *config);
/* Closes the connection; the process is not ended. */
void iod_fini(struct iod *iod);
/* Whether a former chaosd has left one; iod_start takes it over. */
bool iod_find(struct iod *iod);
void iod_start(struct iod *iod);
/* The guest was attached by a former chaosd. Before iod_start. */
void iod_recorded(struct iod *iod, struct guest *guest);

/* Ends in events->attached. */
void iod_attach(struct iod *iod, struct guest *guest);
/* Ends in events->detached, which may be called before this returns. */
void iod_detach(struct iod *iod, struct guest *guest);

/*
 * An interface of a guest has come or must go, as guest_vif_is_in_iod says: iod is told, by a
 * message of its own or by the next ATTACH. One change at a time. Ends in events->vif_changed,
 * which may be called before this returns, or with the guest.
 */
void iod_change_vif(struct iod *iod, struct guest *guest, unsigned index);

/* What is wanted of a console. */
struct iod_console_want {
    bool follow;
    bool input;        /* if nobody else has it */
    uint64_t since_ms; /* age of the oldest output; 0: all that is kept */
};
/* Hand iod a stream socket (borrowed) for the console of a guest, or of one in iod->dead. */
int iod_console(struct iod *iod, uint64_t guest_id, int fd, const struct iod_console_want *want,
                struct error *error);

struct io_guest_counters;
/* counters: in the order of the ids, valid during the call. NULL: nobody knows, because iod is
   being started again, or has too much to do. */
typedef void iod_on_counters(void *arg, const struct io_guest_counters *counters);
/*
 * What iod has counted for guests; at most IO_STATS_GUESTS ids. Does not block; done is called
 * once, perhaps before this returns.
 */
void iod_stats(struct iod *iod, const uint64_t *ids, unsigned count, iod_on_counters *done,
               void *arg);

#endif
