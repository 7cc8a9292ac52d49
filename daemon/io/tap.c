#include "io/tap.h"

#include "io/frame.h"
#include "util/fd.h"

#include <errno.h>
#include <unistd.h>

static void on_readable(void *arg, int fd, unsigned ready)
{
    struct tap *tap = arg;
    (void)ready;
    /* One byte more than a frame may have, so that longer ones are seen and not cut. */
    uint8_t frame[FRAME_MAX_BYTES + 1];
    for (unsigned i = 0; i < TAP_TURN_FRAMES; i++) {
        ssize_t size = read(fd, frame, sizeof(frame));
        if (size < 0 && errno == EINTR)
            continue;
        if (size == 0 || (size < 0 && errno != EAGAIN))
            /* The interface was removed. A watch on it would fire for ever. */
            tap->loop->ops->watch_set(tap->watch, 0);
        if (size <= 0)
            break;
        if ((size_t)size <= FRAME_MAX_BYTES)
            tap->frame(tap->arg, frame, (size_t)size);
    }
    tap->turn_over(tap->arg);
}

int tap_open(struct tap *tap, struct loop *loop, int fd, tap_frame_fn *frame,
             void (*turn_over)(void *arg), void *arg)
{
    int rc = fd_nonblock(fd);
    if (rc < 0)
        return rc;
    *tap = (struct tap){
        .loop = loop,
        .fd = -1,
        .frame = frame,
        .turn_over = turn_over,
        .arg = arg,
    };
    tap->watch = loop->ops->watch_create(loop, fd, LOOP_READ, on_readable, tap);
    if (tap->watch == NULL)
        return -ENOMEM;
    tap->fd = fd;
    return 0;
}

void tap_close(struct tap *tap)
{
    if (tap->fd < 0)
        return;
    tap->loop->ops->watch_destroy(tap->watch);
    close(tap->fd);
    *tap = TAP_NONE;
}

bool tap_write(struct tap *tap, const uint8_t *data, size_t size)
{
    return tap->fd >= 0 && write(tap->fd, data, size) == (ssize_t)size;
}
