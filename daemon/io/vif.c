#include "io/vif.h"

#include "io/frame.h"

static bool from_guest(void *arg, const uint8_t *data, size_t size)
{
    struct vif *vif = arg;
    struct loop *loop = vif->env->loop;
    if (vif->tap.fd < 0)
        return vswitch_input(vif->env->vswitch, &vif->port, data, size, loop->ops->now_ns(loop));
    struct frame frame;
    return frame_parse(data, size, &frame) == 0 &&
           frame_source_ok(&frame, vif->port.mac, vif->port.ip) && tap_write(&vif->tap, data, size);
}

static void to_guest(void *arg, const uint8_t *data, size_t size)
{
    struct vif *vif = arg;
    if (vif->stopped)
        vif->netback.stats.rx_drops++;
    else
        netback_deliver(&vif->netback, data, size);
}

static void on_turn_over(void *arg)
{
    struct vif *vif = arg;
    doorbell_flush(vif->env->bell->batch);
}

static void notify(void *arg)
{
    struct vif *vif = arg;
    doorbell_ring(vif->env->bell, vif->slot);
}

static void fault(void *arg, const char *text)
{
    struct vif *vif = arg;
    vif->env->fault(vif->env->arg, text);
}

static const struct netback_ops netback_ops = {
    .frame = from_guest,
    .notify = notify,
    .fault = fault,
};

int vif_open(struct vif *vif, const struct vif_env *env, const struct vif_config *config)
{
    *vif = (struct vif){
        .env = env,
        .slot = config->slot,
        .port = {.mac = config->mac, .ip = config->ip, .deliver = to_guest, .arg = vif},
        .tap = TAP_NONE,
    };
    netback_init(&vif->netback, &config->netback, &netback_ops, vif);
    int rc = config->tap_fd >= 0
                 ? tap_open(&vif->tap, env->loop, config->tap_fd, to_guest, on_turn_over, vif)
                 : vswitch_add(env->vswitch, &vif->port, env->loop->ops->now_ns(env->loop));
    if (rc < 0)
        vif->env = NULL;
    return rc;
}

bool vif_is_open(const struct vif *vif)
{
    return vif->env != NULL;
}

static void announce_to_bridge(struct vif *vif)
{
    uint8_t frame[FRAME_ANNOUNCEMENT_BYTES];

    if (vif->port.ip == 0)
        return;
    frame_announce(frame, vif->port.mac, vif->port.ip);
    tap_write(&vif->tap, frame, sizeof(frame));
}

void vif_announce(struct vif *vif)
{
    struct loop *loop = vif->env->loop;

    if (vif->tap.fd >= 0) {
        announce_to_bridge(vif);
        return;
    }
    vswitch_announce(vif->env->vswitch, &vif->port, loop->ops->now_ns(loop));
    doorbell_flush(vif->env->bell->batch);
}

void vif_announce_to_host(struct vif *vif)
{
    if (vif->tap.fd >= 0)
        announce_to_bridge(vif);
    else
        vswitch_announce_to_host(vif->env->vswitch, &vif->port);
}

void vif_close(struct vif *vif)
{
    vswitch_remove(vif->env->vswitch, &vif->port);
    tap_close(&vif->tap);
    netback_fini(&vif->netback);
    vif->env = NULL;
}

void vif_stop(struct vif *vif)
{
    vif->stopped = true;
}
