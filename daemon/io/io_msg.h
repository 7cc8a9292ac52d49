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
 *             tap fd per bridged vif]
 *   DETACH                             DETACHED  (grants unmapped, fds closed)
 *   CONSOLE  [stream socket fd]        -
 *                                      FAULT     (the guest broke a protocol)
 */
#ifndef CHAOS_IO_MSG_H
#define CHAOS_IO_MSG_H

#include <assert.h>
#include <stdint.h>

#define IO_MSG_VERSION  5u
#define IO_MAX_VIFS     2u
#define IO_MAX_FDS      (2u + IO_MAX_VIFS)
#define IO_TEXT_MAX     120u
#define IO_WINDOW_PAGES 16u /* most pages one guest may have mapped */

enum io_msg_type {
    IO_MSG_HELLO = 1,
    IO_MSG_ATTACH,
    IO_MSG_ATTACHED,
    IO_MSG_DETACH,
    IO_MSG_DETACHED,
    IO_MSG_CONSOLE,
    IO_MSG_FAULT,
    IO_MSG_SERVES,
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

struct io_vif {
    uint8_t slot;    /* in the noxs device table */
    uint8_t bridged; /* 1: has a TAP fd of its own; 0: a port of the vswitch */
    uint8_t mac[6];
    uint8_t ip[4];     /* 0.0.0.0: none, then no IPv4 source check */
    uint8_t tx_window; /* window page index of the tx ring */
    uint8_t rx_window;
    uint8_t arena_window; /* first arena page */
    uint8_t arena_pages;
    uint8_t reserved[8];
};

/* fds: grant fd, evtchn fd, then one TAP fd per bridged vif in order. iod owns them. */
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

#define IO_MSG_MAX 512u /* bytes of the largest message */

static_assert(sizeof(struct io_msg_header) == 16, "header");
static_assert(sizeof(struct io_msg_attach) <= IO_MSG_MAX, "attach");

#endif
