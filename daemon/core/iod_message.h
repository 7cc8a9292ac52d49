/* Builds and checks the messages of io/io_msg.h. May be included by core/iod.c only. */
#ifndef CHAOS_CORE_IOD_MESSAGE_H
#define CHAOS_CORE_IOD_MESSAGE_H

#include <stddef.h>

#include "core/guest.h"
#include "core/iod.h"
#include "io/io_msg.h"

void iod_message_hello(const struct iod_config *config, struct io_msg_hello *message_out);
/* Also the TAP fds that go with it, after the grant and event channel fds. */
void iod_message_attach(const struct guest *guest, struct io_msg_attach *message_out,
                        int taps_out[IO_MAX_VIFS], size_t *tap_count_out);
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
    uint8_t bytes[IO_MSG_MAX];
};

/*
 * Whether iod may say this: known type, its size, terminated text. Returns NULL, or what is wrong.
 * Texts are made printable.
 */
const char *iod_message_check(union iod_message *message, size_t size);

#endif
