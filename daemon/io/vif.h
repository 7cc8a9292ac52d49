/*
 * One network interface of a guest: its backend, joined to a port of the switch or to a TAP of its
 * own on a host bridge. May be included by io only.
 */
#ifndef CHAOS_VIF_H
#define CHAOS_VIF_H

#include "io/doorbell.h"
#include "io/netback.h"
#include "io/tap.h"
#include "io/vswitch.h"

/* What an interface needs of its guest; outlives it. */
struct vif_env {
    struct loop *loop;
    struct vswitch *vswitch;
    struct doorbell *bell;
    void (*fault)(void *arg, const char *text);
    void *arg;
};

struct vif_config {
    unsigned slot;
    uint64_t mac;
    uint32_t ip; /* 0: none assigned */
    int tap_fd;  /* of a bridged interface, else -1; taken on success */
    struct netback_config netback;
};

struct vif {
    const struct vif_env *env;
    unsigned slot;
    bool stopped;
    struct netback netback;
    struct vswitch_port port;
    struct tap tap;
};

/* 0 or -errno, as vswitch_add or tap_open. On success ended by vif_close. */
int vif_open(struct vif *vif, const struct vif_env *env, const struct vif_config *config);
/* Zeroed memory is not open; and neither is what was closed, or failed to open. */
bool vif_is_open(const struct vif *vif);
/* Tell others of its address, which may have been another's a moment ago. */
void vif_announce(struct vif *vif);
/* The same to who is outside only. */
void vif_announce_to_host(struct vif *vif);
void vif_close(struct vif *vif);
/* No more frames in or out: the guest broke a protocol. */
void vif_stop(struct vif *vif);

#endif
