/* What iod.c (the connection) and iod_guest.c (who is attached) share. Included by these two. */
#ifndef CHAOS_CORE_IOD_INTERNAL_H
#define CHAOS_CORE_IOD_INTERNAL_H

#include "core/iod.h"
#include "core/iod_message.h"

uint64_t iod_now_ns(const struct iod *iod);
/* The process is useless: end it, and start another. */
void iod_lost(struct iod *iod, const char *why);
/* An answer is owed, or came: an iod that lets us wait is lost. */
void iod_expect_answer(struct iod *iod);
void iod_answered(struct iod *iod);
void iod_wait_writable(struct iod *iod);
/* message: one of io_msg.h, whose header says how long it is. 0 or -errno of the socket. */
int iod_send(struct iod *iod, const void *message, const int *fds, size_t count);

/* Send what waits in the outbox, as far as the socket takes it. */
void iod_flush(struct iod *iod);
/* iod_vif.c: send the change of a guest that is attached. Returns -errno of the socket. */
int iod_deliver_change(struct iod *iod, struct guest *guest);
/* A grant fd for each hot interface and a TAP for each bridged one go with an ATTACH. -errno. */
int iod_vif_fds(struct iod *iod, const struct guest *guest, int *fds_out, size_t *count_out);
/* The guest is attached: what is wanted is sent, what its ATTACH has said is done. */
void iod_change_attached(struct iod *iod, struct guest *guest);
/* Returns NULL, or what is wrong with the message. */
const char *iod_on_vif_done(struct iod *iod, struct guest *guest,
                            const struct io_msg_vif_done *message);

/* Attach those whom iod does not serve, though a former chaosd had them attached. */
void iod_attach_missing(struct iod *iod);
/* Returns NULL, or what is wrong with the message. */
const char *iod_serves(struct iod *iod, uint64_t id);
/* Returns NULL, or what is wrong with the message. */
const char *iod_counters(struct iod *iod, const struct io_msg_counters *message);
/* Nobody will answer. */
void iod_stats_forget(struct iod *iod);
/* After a loss: who was attached must be again, who was leaving has left. */
void iod_requeue_guests(struct iod *iod);
/* Returns NULL, or what is wrong with the message. */
const char *iod_guest_message(struct iod *iod, const union iod_message *message);

#endif
