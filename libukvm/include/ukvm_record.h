/*
 * Fixed-layout records that create may travel in instead of JSON, which takes more instructions to
 * write and read than chaosd does to start a guest from a loaded shell: docs/protocol.md. Between
 * two processes of one host, so in its byte order. For libukvm and chaosd; not installed.
 */
#ifndef UKVM_RECORD_H
#define UKVM_RECORD_H

#include <assert.h>
#include <stdint.h>

/* No JSON text starts with this byte. */
#define UKVM_RECORD_MAGIC       0x31524baau
#define UKVM_RECORD_NAME_BYTES  64u
#define UKVM_RECORD_TEXT_BYTES  256u
#define UKVM_RECORD_CMDLINE_MAX 1024u /* bytes, with its NUL */
#define UKVM_RECORD_VIFS        2u

struct ukvm_record {
    uint32_t magic;
    uint32_t size; /* of the whole packet, bytes */
    int64_t id;    /* echoed in the reply */
};

/* What is zero takes its default. fd 0: the kernel image. */
struct ukvm_record_create {
    struct ukvm_record head;
    uint32_t timeout_ms;
    uint32_t memory_mib;
    uint32_t vcpus;
    uint8_t vif_count;                   /* each without mac, ip, bridge and publish */
    uint8_t no_wait;                     /* 1: return once it runs */
    uint8_t path;                        /* enum ukvm_path */
    uint8_t preserve;                    /* bits: 0 on_poweroff, 1 on_reboot, 2 on_crash */
    char name[UKVM_RECORD_NAME_BYTES];   /* NUL-terminated, as all texts */
    char kernel[UKVM_RECORD_TEXT_BYTES]; /* for display */
    uint32_t cmdline_bytes;              /* that follow, with the NUL */
    uint32_t count;                      /* 0: one guest; else NAME-1 to NAME-count */
};

struct ukvm_record_vif {
    uint8_t mac[6];
    uint8_t ip[4]; /* 0.0.0.0: none */
    uint8_t gateway[4];
    uint8_t prefix_len;
    uint8_t reserved;
};

/* The answer to a create that succeeded; an error is answered in JSON. */
struct ukvm_record_guest {
    struct ukvm_record head;
    uint64_t memory_bytes;
    uint32_t domid;
    uint32_t vcpus;
    uint8_t uuid[16];
    char state[16];
    struct ukvm_record_vif vifs[UKVM_RECORD_VIFS];
    uint32_t vif_count;
    uint32_t number; /* of a guest of many: from 1 on; else 0 */
    char path[64];   /* "" unless one was asked for */
    char name[UKVM_RECORD_NAME_BYTES];
    char kernel[UKVM_RECORD_TEXT_BYTES];
};

static_assert(sizeof(struct ukvm_record) == 16, "header");
static_assert(sizeof(struct ukvm_record_create) == 360, "create");
static_assert(sizeof(struct ukvm_record_guest) == 488, "guest");

#endif
