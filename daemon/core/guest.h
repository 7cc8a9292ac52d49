/*
 * A guest: what chaosd knows of it and holds for it. May be included by core; ctl reads it to
 * describe guests and changes nothing. Owner: the guest table, from creation until both its life
 * and the release of what it held are over.
 */
#ifndef CHAOS_CORE_GUEST_H
#define CHAOS_CORE_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/addr.h"
#include "core/layout.h"
#include "core/spec.h"
#include "core/throttle.h"
#include "hv/hv.h"
#include "noxs/page.h"
#include "util/hash.h"
#include "util/list.h"
#include "util/loop.h"
#include "util/sm.h"

/*
 * The life of a guest, as users see it (docs/lifecycle.md), but for SHELL, which no user sees: a
 * domain built ahead of time, of which no instruction has run and which has no name yet.
 *
 *      SHELL
 *      ^   | claimed
 * built|   v     unpaused           ready
 *     CREATING ----------> BOOTING -------> RUNNING
 *        |                  |   ^            |   ^
 *        |  pause, shutdown |   |            |   | unpause; refused, deadline
 *        |                  v   |            v   |
 *        |                PAUSED or SHUTTING_DOWN
 *        |                            |
 *        |                            | from any of these four: stops, crashes
 *        |                            v
 *        |                  STOPPED or CRASHED
 *        |                            |
 *        +----- failed, destroyed ----+----> GONE   (from the four and SHELL as well)
 */
enum guest_state {
    GUEST_CREATING,
    GUEST_SHELL,
    GUEST_BOOTING,
    GUEST_RUNNING,
    GUEST_PAUSED,
    GUEST_SHUTTING_DOWN,
    GUEST_STOPPED,
    GUEST_CRASHED,
    GUEST_GONE, /* in no list; its name and addresses are free */
};

/*
 * What is held for it in dom0 and Xen:
 *
 *     HELD --release--> DETACHING --iod let go--> DYING --memory returned--> RELEASED
 */
enum guest_hold {
    GUEST_HELD,
    GUEST_DETACHING,
    GUEST_DYING, /* the domain is destroyed, Xen still takes it apart */
    GUEST_RELEASED,
};

/*
 * Its place in chaos-iod (core/iod.c moves it):
 *
 *     NONE --attach--> ATTACHING --answer--> ATTACHED --detach--> DETACHING --answer--> NONE
 *      |                 ^  ^---- iod died -----|  ^                   ^
 *      | adopted         | iod does not serve it   | iod serves it     | detach
 *      '-------------> RECORDED -------------------+-------------------'
 */
enum guest_io_state {
    GUEST_IO_NONE,
    GUEST_IO_ATTACHING,
    GUEST_IO_ATTACHED,
    GUEST_IO_DETACHING,
    GUEST_IO_RECORDED, /* of a former chaosd; iod has not said yet whether it serves it */
};

/* What iod is to be told of an interface of a guest that it serves (core/iod_vif.c). */
enum guest_io_change {
    GUEST_IO_CHANGE_NONE,
    GUEST_IO_CHANGE_WANTED,
    GUEST_IO_CHANGE_SENT,    /* and unanswered */
    GUEST_IO_CHANGE_COVERED, /* an ATTACH that was sent says it, too */
};

struct guest_io {
    struct sm sm;
    struct list outbox; /* linked while its message waits to be sent */
    bool attach_unanswered;
    enum guest_io_change change;
    unsigned change_index; /* of the interface */
    bool served;           /* by this iod, under this chaosd: what it printed is there to be kept */
    int channel_fd;        /* the event channel stays bound while this copy is open */
    struct hv_port local;
};

/*
 * An interface (core/hotnet.c moves it, but for those that a guest is created with, which are UP):
 *
 *     ABSENT --attach--> JOINING --iod has it--> OFFERED --the guest opened it--> UP
 *      ^  ^                 |                       |                             | detach
 *      |  '- iod has it not-'                       | refused, deadline           v
 *      |                                            |                           ASKED
 *      |                                            v                             |
 *      '---------- iod has let go ------------- LEAVING <--- closed, deadline ----'
 *
 * A later chaosd finds what was neither UP nor ABSENT to be LEAVING.
 */
enum guest_vif_state {
    GUEST_VIF_UP,
    GUEST_VIF_JOINING,
    GUEST_VIF_OFFERED,
    GUEST_VIF_ASKED,
    GUEST_VIF_LEAVING,
    GUEST_VIF_ABSENT,
};

struct guest_vif {
    struct sm sm;        /* enum guest_vif_state */
    uint32_t generation; /* of its entry in the device table */
    struct addr_mac mac;
    struct hostnet_ip ip; /* 0.0.0.0: none */
    struct hostnet_ip gateway;
    uint8_t prefix_len;
    bool ip_held; /* in the address pool */
    char bridge[SPEC_BRIDGE_MAX];
    int tap_fd;         /* of a bridged interface */
    unsigned published; /* how many rules are in place */
    unsigned publish_count;
    struct spec_publish *publish; /* LIMIT_PUBLISH at most */
};

/* The control words: chaosd's own copies beside the last values accepted from the guest. */
struct guest_control {
    struct noxs_page *page; /* mapped as long as the domain is held */
    struct hv_port port;    /* bound in dom0; 0: not bound */
    struct hash_node by_port;
    uint64_t request;
    uint32_t acked_seq;
    uint32_t seen_state; /* enum noxs_guest_state */
    uint32_t exit_code;
    uint64_t exiting_ns;           /* when it said so */
    struct loop_timer *exit_timer; /* from EXITING to the shutdown that must follow */
    struct throttle throttle;
    struct loop_timer *throttle_timer; /* runs while the channel is masked */
    unsigned unmask_failures;          /* in a row */
};

#define GUEST_REASON_MAX 160u
#define GUEST_NO_DOMID   UINT32_MAX
#define GUEST_NEVER_TOLD UINT32_MAX

struct core;
struct create;
struct definition;
struct dump;
struct mem_set;
struct hotnet;
struct pool_flavour;
struct store_record;

struct guest {
    struct core *core;
    uint64_t id;              /* never reused; iod knows the guest by it */
    char name[NOXS_NAME_MAX]; /* "": a shell, being built or ready */
    char *kernel;
    uint8_t uuid[16];
    uid_t owner;
    uint32_t domid;         /* GUEST_NO_DOMID until there is one */
    uint32_t abi;           /* the noxs ABI that it and we speak */
    uint64_t memory_mib;    /* that it was created with */
    uint64_t present_pages; /* of it, what it has not given back */
    uint32_t vcpus;
    enum spec_policy on_poweroff;
    enum spec_policy on_reboot;
    enum spec_policy on_crash;
    struct layout layout;
    unsigned vif_count; /* those that are ABSENT included */
    struct guest_vif vif[LIMIT_VIFS];
    uint32_t generation;   /* of the device table */
    struct hotnet *hotnet; /* while an interface comes or goes */

    struct sm life;    /* enum guest_state */
    unsigned told;     /* the state that the last event told, or GUEST_NEVER_TOLD */
    bool untold;       /* no event tells of its moves, but for its end */
    const char *cause; /* of its next move, if not the usual one */
    struct sm hold;    /* enum guest_hold */
    bool counted;      /* in the table's sums */
    char reason[GUEST_REASON_MAX];
    uint64_t unpaused_ns; /* 0: never ran */
    uint64_t ready_ns;    /* 0: not yet */

    struct guest_io io;
    struct guest_control control;
    struct create *create;         /* while its creator waits */
    struct definition *definition; /* that it was made from, or NULL */
    struct mem_set *mem_set;       /* while it is asked to change its memory */
    struct dump *dump;             /* while it is dumped */
    enum spec_policy policy;       /* that its end follows */
    uint64_t core_time_s;          /* in the name of its core file */
    struct list shutdowns;         /* struct shutdown */
    struct list waits;             /* struct wait */
    struct list release_waiters;   /* struct destroy_waiter */

    struct hash_node by_name;
    struct hash_node by_id;
    struct list all;
    struct list tombstone; /* linked while only the record of a crash is left */
    struct list trim;      /* linked while it awaits its trim */
    struct list dying;     /* linked while its domain is */
    struct list shell;     /* linked while it is a SHELL of this flavour */
    struct pool_flavour *flavour;

    bool stored;                 /* the state store has a record of it */
    bool still;                  /* it stands still for its dump */
    bool untrimmed;              /* it still has what domain_trim gives back */
    struct store_record *record; /* of a shell that is being adopted: which flavour it was of */
};

/* NULL when out of memory. Made of a checked spec; holds no addresses and no domain yet. */
struct guest *guest_create(struct core *core, const struct guest_spec *spec, uid_t owner);
/* Make a shell, which already is what the spec says of its hardware, the guest of it: all but its
   name. -ENOMEM. */
int guest_adopt(struct guest *guest, const struct guest_spec *spec, uid_t owner);
/* The guest must be released and in no table. */
void guest_destroy(struct guest *guest);

/* Make an ABSENT interface, or one that there was not yet, what the spec says; without publish. */
void guest_vif_init(struct guest *guest, unsigned index, const struct spec_vif *spec,
                    enum guest_vif_state state);
/* A copy of the spec's published ports. -ENOMEM. */
int guest_vif_publish(struct guest_vif *vif, const struct spec_vif *spec);
enum guest_vif_state guest_vif_state(const struct guest_vif *vif);
void guest_vif_move(struct guest *guest, unsigned index, enum guest_vif_state state);
/* The guest is to see it in its device table. */
bool guest_vif_is_in_table(const struct guest_vif *vif);
/* iod is to serve it. */
bool guest_vif_is_in_iod(const struct guest_vif *vif);
/* How many there are, in whatever state but ABSENT. */
unsigned guest_vifs_present(const struct guest *guest);

/* It has no name, because nobody has asked for it yet. */
bool guest_is_shell(const struct guest *guest);
/* Its name, for messages; a shell has something to be called by, too. */
const char *guest_label(const struct guest *guest);
enum guest_state guest_state(const struct guest *guest);
enum guest_hold guest_hold(const struct guest *guest);
/* As users read it, e.g. "shutting-down". */
const char *guest_state_name(const struct guest *guest);
/* Every state by its name, e.g. "gone". */
const char *guest_state_name_of(unsigned state);
/* GUEST_NEVER_TOLD: there is none of that name. */
unsigned guest_state_by_name(const char *name);
/* Also adds the event (core/events.h). */
void guest_move(struct guest *guest, enum guest_state state);
/* The same for a cause that is not the usual one; valid during the call. */
void guest_move_for(struct guest *guest, enum guest_state state, const char *cause);
void guest_move_hold(struct guest *guest, enum guest_hold hold);
/* BOOTING or RUNNING, by whether it has said ready. */
enum guest_state guest_live_state(const struct guest *guest);
/* Its vCPU was started and has not stopped for good. */
bool guest_alive(const struct guest *guest);
/* Keeps the first reason given; not printable characters become '?'. */
void guest_set_reason(struct guest *guest, const char *reason);

/*
 * What the hypervisor says is of this domain, which may be dying, and not of another that has its
 * id by now.
 */
bool guest_domain_is(const struct hv_domain_info *info, uint32_t domid, const uint8_t uuid[16]);
/* What the hypervisor is told of it. */
void guest_domain_params(const struct guest *guest, struct hv_domain_params *params_out);

#define GUEST_UUID_TEXT 37u
void guest_format_uuid(const struct guest *guest, char text[GUEST_UUID_TEXT]);
void guest_uuid_text(const uint8_t uuid[16], char text[GUEST_UUID_TEXT]);

#endif
