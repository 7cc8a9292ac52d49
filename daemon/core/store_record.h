/*
 * What the state store holds of a guest or a shell: one fixed-layout record, by the guest's id. May
 * be included by core only. The store is a file of root's, but may be another version's, or
 * damaged: a record is checked before it is used, and one that is wrong is worth nothing.
 */
#ifndef CHAOS_CORE_STORE_RECORD_H
#define CHAOS_CORE_STORE_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/image_cache.h"
#include "core/spec.h"

/* Of the layout, and of what the words mean. */
#define STORE_VERSION    0x63680002u
#define STORE_REASON_MAX 160u

/*
 * No state is written when a guest boots or becomes ready: whether it has run Xen knows, and its
 * own word it says again.
 *
 *     (built) --> SHELL --claimed--> GUEST <--> PAUSED
 *                    (created) --------^  |       |
 *                                         v       v
 *                                      STOPPED or CRASHED (a record of its end)
 */
enum store_state {
    STORE_SHELL = 1,
    STORE_GUEST,   /* created, or about to be unpaused for the first time */
    STORE_PAUSED,  /* by a user */
    STORE_STOPPED, /* and kept as it is */
    STORE_CRASHED, /* and kept as it is, unless released */
};

enum store_flag {
    STORE_LOADED = 1 << 0,   /* a shell with an image */
    STORE_LEARNED = 1 << 1,  /* a shell of a learned flavour */
    STORE_TRIM = 1 << 2,     /* not trimmed yet */
    STORE_RELEASED = 1 << 3, /* all it held is given back, but for this record */
    STORE_STILL = 1 << 4,    /* stopped for a dump, and to be let run on */
    STORE_FLAGS = 31,
};

struct store_publish {
    uint16_t host_port;
    uint16_t guest_port;
    uint8_t protocol;
    uint8_t zero;
};

/* What was neither of the other two when chaosd ended is undone by the next. */
enum store_presence {
    STORE_VIF_UP = 0,
    STORE_VIF_MOVING, /* attached or detached just now; one at a time */
    STORE_VIF_ABSENT, /* all other words are zero, but for hot */
    STORE_PRESENCES,
};

struct store_vif {
    uint8_t mac[6];
    uint8_t prefix_len;
    uint8_t ip_held; /* in the address pool */
    uint8_t ip[4];
    uint8_t gateway[4];
    char bridge[SPEC_BRIDGE_MAX];
    uint16_t publish_count;
    uint8_t presence; /* enum store_presence */
    uint8_t hot;      /* 1: it has no place in the window */
    uint32_t generation;
    struct store_publish publish[LIMIT_PUBLISH];
};

/* struct image_key; of the image that a loaded shell holds. */
struct store_key {
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t mtime[2]; /* s, ns */
    int64_t ctime[2];
    uint32_t owner;
    uint32_t zero;
};

struct store_record {
    uint32_t version;
    uint32_t size;
    uint64_t id; /* by which chaos-iod knows it, too */
    uint8_t uuid[16];
    uint64_t memory_mib;
    uint64_t request; /* the last one made to the guest */
    uint32_t domid;
    uint32_t owner;
    uint32_t abi;
    uint32_t vcpus;
    uint64_t definition; /* that it is of; 0: of none */
    uint8_t state;       /* enum store_state */
    uint8_t flags;       /* enum store_flag */
    uint8_t vif_count;
    uint8_t on_poweroff; /* enum spec_policy */
    uint8_t on_reboot;
    uint8_t on_crash;
    uint8_t zero[2];
    uint32_t generation; /* of the device table */
    uint32_t more_zero;
    struct store_key key;
    struct store_vif vif[LIMIT_VIFS];
    char name[LIMIT_NAME + 1];          /* "": a shell */
    char kernel[LIMIT_KERNEL_PATH + 1]; /* of a shell: the path of its flavour's image */
    char reason[STORE_REASON_MAX];
};

static_assert(sizeof(struct store_vif) == 136, "no padding but zero");
static_assert(sizeof(struct store_key) == 64, "no padding but zero");
static_assert(offsetof(struct store_record, key) == 88, "no padding but zero");
static_assert(sizeof(struct store_record) == 904, "no padding but zero");

/* data: size bytes at any alignment. NULL with the record, or what is wrong with them. */
const char *store_record_read(uint64_t id, const void *data, size_t size,
                              struct store_record *record_out);
/* How many interfaces the guest was created with. */
unsigned store_record_window_vifs(const struct store_record *record);
/* What a record that was read says of its guest. */
void store_record_spec(const struct store_record *record, struct guest_spec *spec_out);

void store_key_write(const struct image_key *key, struct store_key *out);
void store_key_read(const struct store_key *key, struct image_key *out);

#endif
