#include "io/netback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct netback_queued {
    struct netback_queued *next;
    size_t size;
    uint8_t data[];
};

void netback_init(struct netback *netback, const struct netback_config *config,
                  const struct netback_ops *ops, void *arg)
{
    *netback = (struct netback){.ops = ops, .arg = arg};
    netback->queue_end = &netback->queue;
    net_tx_ring_init(&netback->tx, config->tx_page, &config->arena, config->resumed);
    net_rx_ring_init(&netback->rx, config->rx_page, &config->arena, config->resumed);
}

static void pop(struct netback *netback)
{
    struct netback_queued *first = netback->queue;
    netback->queue = first->next;
    if (netback->queue == NULL)
        netback->queue_end = &netback->queue;
    netback->queued--;
    free(first);
}

void netback_fini(struct netback *netback)
{
    while (netback->queue != NULL)
        pop(netback);
}

/* Returns what net_rx_ring_put does. */
static int put(struct netback *netback, const uint8_t *data, size_t size)
{
    bool notify = false;
    int rc = net_rx_ring_put(&netback->rx, data, size, &notify);
    if (rc > 0) {
        netback->stats.rx_packets++;
        netback->stats.rx_bytes += size;
        if (notify)
            netback->ops->notify(netback->arg);
    } else if (rc < 0) {
        netback->ops->fault(netback->arg, netback->rx.fault);
    }
    return rc;
}

static void enqueue(struct netback *netback, const uint8_t *data, size_t size)
{
    struct netback_queued *entry = NULL;
    if (netback->queued < NETBACK_QUEUE_FRAMES)
        entry = malloc(sizeof(*entry) + size);
    if (entry == NULL) {
        netback->stats.rx_drops++;
        return;
    }
    entry->next = NULL;
    entry->size = size;
    memcpy(entry->data, data, size);
    *netback->queue_end = entry;
    netback->queue_end = &entry->next;
    netback->queued++;
}

void netback_deliver(struct netback *netback, const uint8_t *data, size_t size)
{
    if (netback->rx.fault != NULL || size > FRAME_MAX_BYTES) {
        netback->stats.rx_drops++;
        return;
    }
    /* Frames that wait go first. */
    if (netback->queue != NULL || put(netback, data, size) == 0)
        enqueue(netback, data, size);
}

static bool serve_rx(struct netback *netback)
{
    int rc = net_rx_ring_look(&netback->rx);
    if (rc < 0) {
        netback->ops->fault(netback->arg, netback->rx.fault);
        return false;
    }
    while (netback->queue != NULL && put(netback, netback->queue->data, netback->queue->size) > 0)
        pop(netback);
    return rc > 0;
}

static enum io_throttle_work pass_on(struct netback *netback, const uint8_t *frame, ssize_t size)
{
    if (size < 0 || !netback->ops->frame(netback->arg, frame, (size_t)size)) {
        netback->stats.tx_drops++;
        return IO_THROTTLE_REFUSED;
    }
    netback->stats.tx_packets++;
    netback->stats.tx_bytes += (uint64_t)size;
    return IO_THROTTLE_WORKED;
}

/* Takes one request. Idle: there was none. */
static enum io_throttle_work take(struct netback *netback)
{
    uint8_t frame[FRAME_MAX_BYTES];
    ssize_t size = net_tx_ring_next(&netback->tx, frame);
    if (size == -EPROTO)
        netback->ops->fault(netback->arg, netback->tx.fault);
    return size == 0 || size == -EPROTO ? IO_THROTTLE_IDLE : pass_on(netback, frame, size);
}

static enum io_throttle_work serve_tx(struct netback *netback, bool *more_out)
{
    enum io_throttle_work work = IO_THROTTLE_IDLE, one = IO_THROTTLE_WORKED;
    for (unsigned i = 0; i < NETBACK_TURN_FRAMES && one != IO_THROTTLE_IDLE; i++) {
        one = take(netback);
        work = one > work ? one : work;
    }
    if (netback->tx.fault != NULL)
        return work;
    bool notify = false;
    if (net_tx_ring_publish(&netback->tx, &notify))
        *more_out = true;
    if (notify)
        netback->ops->notify(netback->arg);
    return work;
}

enum io_throttle_work netback_serve(struct netback *netback, bool *more_out)
{
    bool received = serve_rx(netback);
    enum io_throttle_work sent = IO_THROTTLE_IDLE;
    if (netback->rx.fault == NULL)
        sent = serve_tx(netback, more_out);
    return received ? IO_THROTTLE_WORKED : sent;
}
