/*
 * The noxs page, ABI v1: how a guest finds its devices without XenStore.
 *
 * May be included by anyone, host or guest: freestanding C11, no dependencies.
 * docs/noxs-page.md is the specification; tests/unit/test_noxs_page.c holds its
 * table against these offsets. All fields little-endian (x86 only), naturally
 * aligned. Each 64-byte line has exactly one writer: chaosd, iod or guest.
 */
#ifndef NOXS_PAGE_H
#define NOXS_PAGE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define NOXS_PAGE_SIZE       4096u
#define NOXS_MAGIC           0x73786f6eu /* "noxs" */
#define NOXS_ABI_VERSION     1u
#define NOXS_ABI_MIN         1u

/* ELF note that declares a noxs image: owner "noxs", type 1, payload uint32_t {min, max}. */
#define NOXS_NOTE_OWNER      "noxs"
#define NOXS_NOTE_ABI        1u

/*
 * Constants of the boot contract: nothing is negotiated at boot.
 *
 *   gfn 0 .. ram_pages-window_pages-2   usable RAM
 *   gfn ram_pages-window_pages-1        hvm_start_info, its memory map and command line
 *   gfn ram_pages-window_pages+i        window page i, granted to dom0 as reference FIRST+i
 *                                       i = 0: this page; i = 1: console ring; then device pages
 *   NOXS_SHARED_INFO_GFN                shared_info, mapped by the toolstack, outside RAM
 *   NOXS_HOT_GFN+slot*NOXS_HOT_PAGES    outside RAM: rings and arena of a device that came after
 *                                       creation, granted as NOXS_HOT_GREF+slot*NOXS_HOT_PAGES
 */
#define NOXS_GREF_FIRST      8u
#define NOXS_PORT_CONTROL    1u /* guest side of the event channel to chaosd */
#define NOXS_PORT_IO         2u /* guest side of the event channel to chaos-iod */
#define NOXS_SHARED_INFO_GFN 0xfeffeu
#define NOXS_HOT_GFN         0xfef00u /* in the same 2 MiB as shared_info */
#define NOXS_HOT_GREF        32u
#define NOXS_HOT_PAGES       8u /* a slot */
#define NOXS_WINDOW_PAGE     0u
#define NOXS_WINDOW_CONSOLE  1u

#define NOXS_DEVICE_SLOTS    16u
#define NOXS_NAME_MAX        64u /* bytes including the terminating NUL */

/* request.op: what chaosd asks of the guest. */
enum noxs_op {
    NOXS_OP_NONE = 0,
    NOXS_OP_POWEROFF = 1,
    NOXS_OP_REBOOT = 2,
    NOXS_OP_SUSPEND = 3,
    NOXS_OP_FORK = 4,
    NOXS_OP_DEVICE_CHANGE = 5,
    NOXS_OP_MEMORY = 6, /* argument: pages of RAM to have from now on */
};

/* ack.status: the guest's answer to a request. */
enum noxs_ack_status {
    NOXS_ACK_OK = 0,
    NOXS_ACK_UNSUPPORTED = 1, /* op unknown or not implemented by this guest */
    NOXS_ACK_REFUSED = 2,     /* understood, not done */
};

/* status.state: where the guest says it is. */
enum noxs_guest_state {
    NOXS_GUEST_BOOTING = 0,
    NOXS_GUEST_READY = 1,   /* the application's main was entered */
    NOXS_GUEST_EXITING = 2, /* the exit code is valid; SCHEDOP_shutdown follows */
};

enum noxs_device_type {
    NOXS_DEV_NONE = 0, /* empty slot */
    NOXS_DEV_CONSOLE = 1,
    NOXS_DEV_NET = 2,
    NOXS_DEV_BLOCK = 3,
};

/* Device state words, one per side and slot. */
enum noxs_device_state {
    NOXS_DEV_STATE_NONE = 0,
    NOXS_DEV_STATE_OPEN = 1,
    NOXS_DEV_STATE_CLOSING = 2,
    NOXS_DEV_STATE_CLOSED = 3,
};

/* Configuration of a net device. Addresses are in network byte order. */
struct noxs_net_config {
    uint8_t mac[6];
    uint8_t prefix_len; /* of ip, 0..32; 0 with ip 0.0.0.0 means: no address assigned */
    uint8_t reserved0;
    uint8_t ip[4];
    uint8_t gateway[4]; /* 0.0.0.0: none */
    uint16_t mtu;       /* bytes of IP packet */
    uint16_t reserved1;
    uint32_t reserved2[7];
};

/* Configuration of a block device. */
struct noxs_block_config {
    uint64_t sectors;     /* of sector_size bytes */
    uint32_t sector_size; /* bytes: 512 or 4096 */
    uint32_t read_only;   /* 0 or 1 */
    uint32_t reserved[8];
};

/* One device table entry. Writer: chaosd. */
struct noxs_device {
    uint8_t type;   /* enum noxs_device_type */
    uint8_t index;  /* among devices of this type, from 0 */
    uint16_t flags; /* none defined: 0 */
    uint32_t generation;
    uint32_t ring_gfn[2];  /* console: {ring, 0}; net: {tx, rx}; block: {ring, 0} */
    uint32_t ring_gref[2]; /* the same frames as grant references */
    uint32_t arena_gfn;    /* first of arena_pages consecutive frames, or 0 */
    uint32_t arena_gref;   /* first of arena_pages consecutive references */
    uint32_t arena_pages;
    uint32_t reserved[3];
    union {
        struct noxs_net_config net;
        struct noxs_block_config block;
        uint8_t raw[48];
    } config;
};

struct noxs_page {
    /* 0x000: header. Writer: chaosd. */
    uint32_t magic;
    uint16_t abi_version;
    uint16_t device_slots;
    uint64_t host_features;
    uint32_t generation; /* raised after each change of the device table */
    uint32_t domid;
    uint8_t uuid[16];
    uint32_t ram_pages;
    uint32_t window_pages;
    char name[NOXS_NAME_MAX]; /* NUL-terminated */
    uint8_t reserved0[16];

    /* 0x080: control request. Writer: chaosd. One aligned 64-bit store. */
    uint64_t request;          /* seq << 32 | enum noxs_op */
    uint64_t request_argument; /* of operations that have one; stored before request */
    uint8_t reserved1[48];

    /* 0x0c0: the guest's words. Writer: guest. */
    uint64_t guest_features;
    uint64_t ack;    /* seq << 32 | enum noxs_ack_status */
    uint64_t status; /* exit code << 32 | enum noxs_guest_state */
    uint8_t reserved2[40];

    /*
     * 0x100, 0x140: doorbells on the I/O channel, bit n = device slot n. A bit is pending
     * while kick differs from the other side's seen: kick ^ seen.
     */
    uint64_t guest_kick; /* writer: guest. Work for iod */
    uint64_t guest_seen; /* writer: guest. Copy of iod_kick */
    uint8_t reserved3[48];
    uint64_t iod_kick; /* writer: iod. Work for the guest */
    uint64_t iod_seen; /* writer: iod. Copy of guest_kick */
    uint8_t reserved4[48];

    uint8_t reserved5[640];

    /* 0x400: device table. Writer: chaosd. */
    struct noxs_device device[NOXS_DEVICE_SLOTS];

    /* 0xa00: device states. */
    uint32_t device_guest_state[NOXS_DEVICE_SLOTS]; /* writer: guest */
    uint32_t device_host_state[NOXS_DEVICE_SLOTS];  /* writer: iod */

    uint8_t reserved6[1408];
};

static_assert(sizeof(struct noxs_net_config) == 48, "net config size");
static_assert(sizeof(struct noxs_block_config) == 48, "block config size");
static_assert(sizeof(struct noxs_device) == 96, "device entry size");
static_assert(offsetof(struct noxs_device, ring_gfn) == 8, "ring_gfn");
static_assert(offsetof(struct noxs_device, arena_gfn) == 24, "arena_gfn");
static_assert(offsetof(struct noxs_device, config) == 48, "config");
static_assert(offsetof(struct noxs_page, generation) == 0x010, "generation");
static_assert(offsetof(struct noxs_page, name) == 0x030, "name");
static_assert(offsetof(struct noxs_page, request) == 0x080, "request");
static_assert(offsetof(struct noxs_page, request_argument) == 0x088, "request_argument");
static_assert(offsetof(struct noxs_page, guest_features) == 0x0c0, "guest_features");
static_assert(offsetof(struct noxs_page, ack) == 0x0c8, "ack");
static_assert(offsetof(struct noxs_page, status) == 0x0d0, "status");
static_assert(offsetof(struct noxs_page, guest_kick) == 0x100, "guest_kick");
static_assert(offsetof(struct noxs_page, iod_kick) == 0x140, "iod_kick");
static_assert(offsetof(struct noxs_page, device) == 0x400, "device");
static_assert(offsetof(struct noxs_page, device_guest_state) == 0xa00, "device_guest_state");
static_assert(offsetof(struct noxs_page, device_host_state) == 0xa40, "device_host_state");
static_assert(sizeof(struct noxs_page) == NOXS_PAGE_SIZE, "page size");

#endif
