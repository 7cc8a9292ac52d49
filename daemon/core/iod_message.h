/* Builds and checks the messages of io/io_msg.h. May be included by core/iod.c only. */
#ifndef CHAOS_CORE_IOD_MESSAGE_H
#define CHAOS_CORE_IOD_MESSAGE_H

#include <stddef.h>

#include "core/guest.h"
#include "core/iod.h"
#include "io/io_msg.h"

void iod_message_hello(const struct iod_config *config, struct io_msg_hello *message_out);
void iod_message_attach(const struct guest *guest, struct io_msg_attach *message_out);
void iod_message_add_vif(const struct guest *guest, unsigned index,
                         struct io_msg_add_vif *message_out);
void iod_message_remove_vif(const struct guest *guest, unsigned index,
                            struct io_msg_remove_vif *message_out);
/* forget: whose console iod is to keep no more, or 0. */
void iod_message_detach(const struct guest *guest, bool keep, uint64_t forget,
                        struct io_msg_detach *message_out);

/* A message from iod. */
union iod_message {
    struct io_msg_header header;
    struct io_msg_hello hello;
    struct io_msg_attached attached;
    struct io_msg_detached detached;
    struct io_msg_fault fault;
    struct io_msg_serves serves;
    struct io_msg_counters counters;
    struct io_msg_vif_done vif_done;
    uint8_t bytes[IO_MSG_MAX];
};

/*
 * Whether iod may say this: known type, its size, terminated text. Returns NULL, or what is wrong.
 * Texts are made printable.
 */
const char *iod_message_check(union iod_message *message, size_t size);

#endif
