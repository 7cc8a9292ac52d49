#include "io/uplink.h"

#include <unistd.h>

static uint64_t now_ns(const struct uplink *uplink)
{
    struct loop *loop = uplink->tap.loop;
    return loop->ops->now_ns(loop);
}

static void on_frame(void *arg, const uint8_t *data, size_t size)
{
    struct uplink *uplink = arg;
    vswitch_input_uplink(uplink->vswitch, data, size, now_ns(uplink));
}

static void on_turn_over(void *arg)
{
    struct uplink *uplink = arg;
    doorbell_flush(uplink->bells);
}

static void deliver(void *arg, const uint8_t *data, size_t size)
{
    struct uplink *uplink = arg;
    /* The host is slow or the TAP is down: Ethernet may lose frames. */
    tap_write(&uplink->tap, data, size);
}

void uplink_init(struct uplink *uplink, struct vswitch *vswitch, struct doorbell_batch *bells)
{
    *uplink = (struct uplink){.tap = TAP_NONE, .vswitch = vswitch, .bells = bells};
}

void uplink_fini(struct uplink *uplink)
{
    vswitch_set_uplink(uplink->vswitch, NULL, NULL, 0, 0);
    tap_close(&uplink->tap);
}

int uplink_set(struct uplink *uplink, struct loop *loop, int fd, uint64_t mac, uint32_t ip)
{
    if (fd >= 0) {
        struct tap old = uplink->tap;
        int rc = tap_open(&uplink->tap, loop, fd, on_frame, on_turn_over, uplink);
        if (rc < 0) {
            uplink->tap = old;
            close(fd);
            return rc;
        }
        tap_close(&old);
    }
    if (uplink->tap.fd >= 0)
        vswitch_set_uplink(uplink->vswitch, deliver, uplink, mac, ip);
    return 0;
}

bool uplink_is_set(const struct uplink *uplink)
{
    return uplink->tap.fd >= 0;
}
