/* Reading and writing Ethernet frames on a TAP fd. May be included by io only. */
#ifndef CHAOS_TAP_H
#define CHAOS_TAP_H

#include "util/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_TURN_FRAMES 64u /* most frames read before others have their turn */

typedef void tap_frame_fn(void *arg, const uint8_t *data, size_t size);

struct tap {
    struct loop *loop;
    int fd; /* owned; -1: none */
    struct loop_watch *watch;
    tap_frame_fn *frame;
    void (*turn_over)(void *arg); /* after the frames of one turn */
    void *arg;
};

/* A tap without an fd. */
#define TAP_NONE ((struct tap){.fd = -1})

/* Takes fd on success. 0 or -errno. */
int tap_open(struct tap *tap, struct loop *loop, int fd, tap_frame_fn *frame,
             void (*turn_over)(void *arg), void *arg);
/* Safe on TAP_NONE. */
void tap_close(struct tap *tap);
/* False: not taken. The interface is down, gone, or has no room. */
bool tap_write(struct tap *tap, const uint8_t *data, size_t size);

#endif
