/*
 * Messages between chaosd and chaos-iod: fixed-layout records on a SEQPACKET unix
 * socket (/run/chaos/iod.sock, iod listens), fds by SCM_RIGHTS. The only header of io
 * that core may include. Both ends are built from one tree: a version mismatch at HELLO
 * makes chaosd replace the iod. An iod outlives its chaosd, and tells the next one whom it serves.
 * iod is less trusted than chaosd: chaosd validates what it receives; a bad message from iod gets
 * it restarted.
 *
 *   chaosd -> iod                      iod -> chaosd
 *   HELLO    [uplink tap fd]           SERVES    (one for each guest that it serves already)
 *                                      HELLO     (no more of them)
 *   ATTACH   [grant fd, evtchn fd,     ATTACHED  {status}
 *             fds of each vif]
 *   ADD_VIF  [fds of the vif]          VIF_DONE  {status}
 *   REMOVE_VIF                         VIF_DONE  (its grants unmapped, its fds closed)
 *   DETACH                             DETACHED  (grants unmapped, fds closed)
 *   CONSOLE  [stream socket fd]        -
 *   STATS                              COUNTERS  (of the same guests)
 *                                      FAULT     (the guest broke a protocol)
 */
#ifndef CHAOS_IO_MSG_H
#define CHAOS_IO_MSG_H

#include <assert.h>
#include <stdint.h>

#define IO_MSG_VERSION  6u
#define IO_MAX_VIFS     2u
#define IO_VIF_FDS      2u /* most fds of a vif: a grant fd if it is hot, a TAP fd if bridged */
#define IO_MAX_FDS      (2u + IO_VIF_FDS * IO_MAX_VIFS)
#define IO_TEXT_MAX     120u
#define IO_WINDOW_PAGES 16u /* most pages one guest may have mapped */
#define IO_STATS_GUESTS 32u /* most guests in one STATS */
#define IO_HOT_PAGES    8u  /* most pages that one of its interfaces may have outside the window */

enum io_msg_type {
    IO_MSG_HELLO = 1,
    IO_MSG_ATTACH,
    IO_MSG_ATTACHED,
    IO_MSG_DETACH,
    IO_MSG_DETACHED,
    IO_MSG_CONSOLE,
    IO_MSG_FAULT,
    IO_MSG_SERVES,
    IO_MSG_STATS,
    IO_MSG_COUNTERS,
    IO_MSG_ADD_VIF,
    IO_MSG_REMOVE_VIF,
    IO_MSG_VIF_DONE,
    IO_MSG_TYPE_END, /* the number after the last: new types go before it */
};

struct io_msg_header {
    uint32_t type;  /* enum io_msg_type */
    uint32_t size;  /* of the whole message, bytes */
    uint64_t guest; /* chaosd's guest id, never reused; 0 in HELLO */
};

/*
 * chaosd -> iod, and iod's answer. fds from chaosd: uplink TAP, or none: then iod keeps the one
 * that it has, and says in its answer whether it has one.
 */
struct io_msg_hello {
    struct io_msg_header header;
    uint32_t version;
    uint8_t uplink_mac[6]; /* of the host's end of the uplink */
    uint8_t has_uplink;    /* from iod: 0 or 1 */
    uint8_t reserved;
    uint8_t uplink_ip[4]; /* the guests' gateway; network byte order */
};

/*
 * One that the guest was not created with has pages of its own instead of some of the window: a
 * grant fd comes along to map them, and is closed at once, for the map holds it.
 */
struct io_vif {
    uint8_t slot;    /* in the noxs device table */
    uint8_t bridged; /* 1: has a TAP fd of its own; 0: a port of the vswitch */
    uint8_t mac[6];
    uint8_t ip[4];     /* 0.0.0.0: none, then no IPv4 source check */
    uint8_t tx_window; /* window page index of the tx ring; of its own pages if it is hot */
    uint8_t rx_window;
    uint8_t arena_window; /* first arena page */
    uint8_t arena_pages;
    uint32_t hot_gref; /* the first of its own pages; 0: it is in the window */
    uint8_t hot_pages; /* to map, contiguous; at most IO_HOT_PAGES */
    uint8_t reserved[3];
};

/* fds: grant fd, evtchn fd, then those of each vif in order. iod owns them. */
struct io_msg_attach {
    struct io_msg_header header;
    uint32_t domid;
    uint32_t local_port;   /* bound on the evtchn fd */
    uint32_t gref_first;   /* window page i is gref_first + i */
    uint32_t window_pages; /* to map, contiguous; at most IO_WINDOW_PAGES */
    uint32_t vif_count;    /* at most IO_MAX_VIFS */
    uint8_t console_slot;
    uint8_t console_window;
    uint8_t resumed; /* 1: the guest already ran; continue from the rings as they are */
    uint8_t reserved;
    struct io_vif vif[IO_MAX_VIFS];
};

/* Of a guest that is attached, and whose rings of this interface hold zeroes. fds: the vif's. */
struct io_msg_add_vif {
    struct io_msg_header header;
    struct io_vif vif;
};

/* Done also if there is none in that slot. */
struct io_msg_remove_vif {
    struct io_msg_header header;
    uint32_t slot;
    uint32_t reserved;
};

struct io_msg_vif_done {
    struct io_msg_header header;
    int32_t status; /* 0 or, of ADD_VIF, -errno */
    uint32_t slot;
    char text[IO_TEXT_MAX]; /* what failed; NUL-terminated */
};

struct io_msg_attached {
    struct io_msg_header header;
    int32_t status;         /* 0 or -errno */
    char text[IO_TEXT_MAX]; /* what failed; NUL-terminated */
};

/*
 * What iod keeps of a guest that is gone is its console's history, until it is told to forget it
 * with the end of another, or a chaosd greets that does not know of it.
 */
struct io_msg_detach {
    struct io_msg_header header;
    uint64_t forget; /* the guest whose history is kept no more; 0: none */
    uint32_t keep;   /* 1: keep the history of this one */
    uint32_t reserved;
};

struct io_msg_detached {
    struct io_msg_header header;
};

/*
 * fd: a stream socket. iod writes the kept output, then follows; what it reads is input. Only one
 * at a time has the input: iod shuts its side of other streams for reading.
 */
struct io_msg_console {
    struct io_msg_header header;
    uint32_t follow;   /* 0: the kept output only, then close */
    uint32_t input;    /* 1: wants the input, if it follows and nobody else has it */
    uint64_t since_ms; /* age of the oldest output wanted; 0: all that is kept */
};

/* header.guest is served, since an ATTACH by a former chaosd. */
struct io_msg_serves {
    struct io_msg_header header;
};

struct io_msg_fault {
    struct io_msg_header header;
    char text[IO_TEXT_MAX]; /* e.g. "net tx: producer index out of range"; NUL-terminated */
};

/* header.guest: a number that the answer repeats. */
struct io_msg_stats {
    struct io_msg_header header;
    uint32_t count; /* at most IO_STATS_GUESTS */
    uint32_t reserved;
    uint64_t guests[IO_STATS_GUESTS]; /* ids; those from count on are 0 */
};

/* Since iod has served the interface; rx is towards the guest. */
struct io_counters {
    uint64_t rx_frames;
    uint64_t rx_bytes;
    uint64_t rx_drops;
    uint64_t tx_frames;
    uint64_t tx_bytes;
    uint64_t tx_drops;
};

struct io_guest_counters {
    uint64_t guest;     /* the id that was asked for */
    uint32_t vif_count; /* 0 as well if iod does not serve it */
    uint32_t reserved;
    struct io_counters vif[IO_MAX_VIFS];
};

/* The answers are in the order of the questions, and the guests in the order of the question. */
struct io_msg_counters {
    struct io_msg_header header;
    uint32_t count;
    uint32_t reserved;
    struct io_guest_counters guests[IO_STATS_GUESTS];
};

#define IO_MSG_MAX 512u /* bytes of the largest message to iod */

static_assert(sizeof(struct io_msg_header) == 16, "header");
static_assert(sizeof(struct io_msg_attach) <= IO_MSG_MAX, "attach");
static_assert(sizeof(struct io_msg_stats) <= IO_MSG_MAX, "stats");

#endif
