/*
 * Network interfaces that come to a running guest, and go. May be included by core and ctl.
 *
 * An attach, in the order it happens: addresses and a TAP are taken; frames outside RAM get rings
 * and buffers (page.h says where); chaos-iod maps them; the device table gets an entry, and the
 * guest is asked to look; it says that it has opened the interface. A detach goes the other way,
 * and does not depend on the guest: one that does not let go in time is left with rings that nobody
 * serves. The frames stay the guest's, for the next attach.
 *
 * The record of the guest says all the while that this interface is moving: a later chaosd takes it
 * away, whichever way it was going.
 */
#ifndef CHAOS_CORE_HOTNET_H
#define CHAOS_CORE_HOTNET_H

#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"
#include "core/spec.h"

struct guest;

/* Of a detach: why the guest had to be left out of it, or "". Valid during the call. */
struct hotnet_result {
    const struct guest *guest;
    unsigned index; /* of the interface; of a detach, ABSENT by now */
    const char *forced;
};

/* error NULL: done. Then result is what there is, else NULL. */
typedef void hotnet_done_fn(void *arg, const struct error *error,
                            const struct hotnet_result *result);

/* What both take. done is called once, unless they fail. */
struct hotnet_request {
    uid_t caller;
    uint64_t timeout_ns; /* for the guest to answer */
    hotnet_done_fn *done;
    void *arg;
};

/*
 * Codes: BAD_STATE, LIMIT, CONFIG, PERMISSION, ADDRESS_IN_USE, NO_MEMORY, INTERNAL; and to done
 * also TIMEOUT, NOT_SUPPORTED, GUEST_FAILED, NO_DAEMON. On every error nothing is left of it.
 */
int hotnet_attach(struct guest *guest, const struct spec_vif *spec,
                  const struct hotnet_request *request, struct error *error);
/* Codes: BAD_STATE, NO_MEMORY; and to done GUEST_FAILED, NO_DAEMON. */
int hotnet_detach(struct guest *guest, unsigned index, const struct hotnet_request *request,
                  struct error *error);
/* The index of the interface with this MAC. Code: BAD_STATE. */
int hotnet_find(const struct guest *guest, const uint8_t mac[6], unsigned *index_out,
                struct error *error);

/* ---- for core ----------------------------------------------------------------------- */

/* The guest has answered the request with this sequence number. */
void hotnet_acked(struct guest *guest, uint32_t seq, uint32_t status);
/* chaos-iod has answered. */
void hotnet_on_iod(struct guest *guest, int status, const char *text);
/* The guest has stopped or crashed, or is destroyed: what it held goes with it. */
void hotnet_ended(struct guest *guest);
/* Nobody will wait for it any more. */
void hotnet_abandon(struct guest *guest);
/* Its memory only. */
void hotnet_forget(struct guest *guest);
/* Take away what a former chaosd was moving. */
void hotnet_resume(struct guest *guest);

#endif
