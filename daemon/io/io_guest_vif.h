/* The interfaces of a guest, which may come and go while it runs. May be included by io only. */
#ifndef CHAOS_IO_GUEST_VIF_H
#define CHAOS_IO_GUEST_VIF_H

#include "io/io_guest.h"

/* Those of a checked ATTACH. fds: the whole order's; what is taken becomes -1. As io_guest_attach.
 */
int io_guest_open_vifs(struct io_guest *guest, const struct io_msg_attach *attach, int *fds,
                       char *text);
void io_guest_close_vifs(struct io_guest *guest);

/*
 * One more, whose rings hold zeroes. fds: the vif's; what is taken becomes -1. 0, or -errno with
 * one line in text (IO_TEXT_MAX bytes).
 */
int io_guest_add_vif(struct io_guest *guest, const struct io_vif *vif, int *fds, unsigned fd_count,
                     char *text);
/* Its pages are unmapped when it returns. Does nothing if there is none in that slot. */
void io_guest_remove_vif(struct io_guest *guest, unsigned slot);

#endif
