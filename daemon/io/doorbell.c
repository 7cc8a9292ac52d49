#include "io/doorbell.h"

#include "noxs/access.h"

#include <errno.h>
#include <unistd.h>

#define PORTS_PER_READ 16

void doorbell_init(struct doorbell *bell, struct doorbell_batch *batch,
                   const struct io_xen_ops *xen, struct noxs_page *page, int fd, uint32_t port)
{
    *bell = (struct doorbell){
        .xen = xen,
        .page = page,
        .batch = batch,
        .fd = fd,
        .port = port,
        /* A predecessor's. What a guest wrote there instead loses that guest's wake-ups only. */
        .kick = noxs_read64(&page->iod_kick),
        .seen = noxs_read64(&page->iod_seen),
    };
}

void doorbell_fini(struct doorbell *bell)
{
    if (!bell->queued)
        return;
    struct doorbell **link = &bell->batch->first;
    while (*link != bell)
        link = &(*link)->next;
    *link = bell->next;
    bell->queued = false;
}

int doorbell_read(struct doorbell *bell)
{
    uint32_t ports[PORTS_PER_READ];
    ssize_t size = read(bell->fd, ports, sizeof(ports));
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    int found = 0;
    for (size_t i = 0; i < (size_t)size / sizeof(ports[0]); i++)
        if (ports[i] == bell->port)
            found = 1;
    return found;
}

int doorbell_unmask(struct doorbell *bell)
{
    ssize_t size = write(bell->fd, &bell->port, sizeof(bell->port));
    return size < 0 ? -errno : 0;
}

uint64_t doorbell_take(struct doorbell *bell)
{
    return noxs_doorbell_take(&bell->seen, &bell->page->iod_seen, &bell->page->guest_kick);
}

void doorbell_ring(struct doorbell *bell, unsigned slot)
{
    bell->ring_slots |= UINT64_C(1) << slot;
    if (bell->queued)
        return;
    bell->queued = true;
    bell->next = bell->batch->first;
    bell->batch->first = bell;
}

static bool ring(struct doorbell *bell, uint64_t slots)
{
    return noxs_doorbell_ring(&bell->kick, &bell->page->iod_kick, &bell->page->guest_seen, slots);
}

void doorbell_resume(struct doorbell *bell)
{
    ring(bell, UINT64_MAX);
    bell->xen->notify(bell->fd, bell->port);
}

void doorbell_flush(struct doorbell_batch *batch)
{
    while (batch->first != NULL) {
        struct doorbell *bell = batch->first;
        batch->first = bell->next;
        bell->queued = false;
        uint64_t slots = bell->ring_slots;
        bell->ring_slots = 0;
        /* A port that cannot be notified belongs to a guest that is gone: chaosd will say so. */
        if (ring(bell, slots))
            bell->xen->notify(bell->fd, bell->port);
    }
}
