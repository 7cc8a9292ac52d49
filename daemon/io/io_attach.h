/* Checks and decodes an ATTACH. May be included by io only. */
#ifndef CHAOS_IO_ATTACH_H
#define CHAOS_IO_ATTACH_H

#include "io/io_msg.h"
#include "io/vif.h"

/* Whether the numbers of an ATTACH fit together. 0, or -EINVAL with one line in text. */
int io_attach_check(const struct io_msg_attach *attach, unsigned fd_count, char *text);
/* How many fds go with an interface. */
unsigned io_attach_vif_fds(const struct io_vif *vif);
/*
 * Interface i of a checked ATTACH. pages: the window, or its own; tap_fd is left to the caller.
 */
void io_attach_vif_config(const struct io_msg_attach *attach, unsigned i, uint8_t *pages,
                          struct vif_config *config_out);

#endif
