#include "io/io_guest_vif.h"

#include "io/io_attach.h"
#include "noxs/access.h"
#include "util/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_host_state(struct io_guest *guest, unsigned slot, uint32_t state)
{
    noxs_write32(&guest->bell.page->device_host_state[slot], state);
}

static void unmap_own(struct io_guest *guest, unsigned index)
{
    if (guest->own_pages[index] != NULL)
        guest->io->xen->unmap(guest->own_pages[index], guest->order.vif[index].hot_pages);
    guest->own_pages[index] = NULL;
}

/* Takes the grant fd: the map holds it, so what it has taken in the kernel ends with the map. */
static int map_own(struct io_guest *guest, unsigned index, int *grant_fd, char *text)
{
    const struct io_vif *vif = &guest->order.vif[index];
    int rc = guest->io->xen->map(*grant_fd, guest->order.domid, vif->hot_gref, vif->hot_pages,
                                 &guest->own_pages[index]);
    fd_close(grant_fd);
    if (rc < 0)
        snprintf(text, IO_TEXT_MAX, "cannot map the %u pages granted from reference %u: %s",
                 vif->hot_pages, vif->hot_gref, strerror(-rc));
    return rc;
}

static int open_in(struct io_guest *guest, unsigned index, uint8_t *pages, int *tap_fd, char *text)
{
    struct vif_config config;
    io_attach_vif_config(&guest->order, index, pages, &config);
    if (tap_fd != NULL)
        config.tap_fd = *tap_fd;
    int rc = vif_open(&guest->vifs[index], &guest->vif_env, &config);
    if (rc < 0)
        snprintf(text, IO_TEXT_MAX, "interface %u: %s", index,
                 rc == -EADDRINUSE ? "its MAC or IP address is in use" : strerror(-rc));
    else if (tap_fd != NULL)
        *tap_fd = -1;
    return rc;
}

/* order.vif[index] is checked. */
static int open_vif(struct io_guest *guest, unsigned index, int *fds, char *text)
{
    const struct io_vif *vif = &guest->order.vif[index];
    bool is_hot = vif->hot_gref != 0;
    int *tap_fd = vif->bridged ? &fds[is_hot] : NULL;
    int rc = is_hot ? map_own(guest, index, &fds[0], text) : 0;
    if (rc == 0)
        rc = open_in(guest, index, is_hot ? guest->own_pages[index] : guest->window, tap_fd, text);
    if (rc < 0)
        unmap_own(guest, index);
    return rc;
}

int io_guest_open_vifs(struct io_guest *guest, const struct io_msg_attach *attach, int *fds,
                       char *text)
{
    int rc = 0;
    guest->order = *attach;
    for (unsigned i = 0, next_fd = 2; rc == 0 && i < attach->vif_count; i++) {
        rc = open_vif(guest, i, &fds[next_fd], text);
        next_fd += io_attach_vif_fds(&attach->vif[i]);
    }
    return rc;
}

static void close_vif(struct io_guest *guest, unsigned index)
{
    if (!vif_is_open(&guest->vifs[index]))
        return;
    vif_close(&guest->vifs[index]);
    unmap_own(guest, index);
}

void io_guest_close_vifs(struct io_guest *guest)
{
    for (unsigned i = 0; i < IO_MAX_VIFS; i++)
        close_vif(guest, i);
}

/* ---- while it is served ------------------------------------------------------------- */

/* As ATTACH would say it now, with one more: the same rules hold. */
static int check_with(const struct io_guest *guest, const struct io_vif *vif, unsigned fd_count,
                      char *text)
{
    struct io_msg_attach order = guest->order;
    unsigned others = 0;
    order.vif_count = 0;
    for (unsigned i = 0; i < IO_MAX_VIFS; i++) {
        if (!vif_is_open(&guest->vifs[i]))
            continue;
        order.vif[order.vif_count++] = guest->order.vif[i];
        others += io_attach_vif_fds(&guest->order.vif[i]);
    }
    if (order.vif_count == IO_MAX_VIFS) {
        snprintf(text, IO_TEXT_MAX, "it has as many interfaces as there can be");
        return -ENOSPC;
    }
    order.vif[order.vif_count++] = *vif;
    return io_attach_check(&order, 2 + others + fd_count, text);
}

static unsigned free_index(const struct io_guest *guest)
{
    unsigned index = 0;
    while (vif_is_open(&guest->vifs[index]))
        index++;
    return index;
}

int io_guest_add_vif(struct io_guest *guest, const struct io_vif *vif, int *fds, unsigned fd_count,
                     char *text)
{
    text[0] = '\0';
    if (guest->sm.state == IO_GUEST_STOPPED) {
        snprintf(text, IO_TEXT_MAX, "the guest has broken a protocol");
        return -EPIPE;
    }
    int rc = check_with(guest, vif, fd_count, text);
    if (rc < 0)
        return rc;
    unsigned index = free_index(guest);
    guest->order.vif[index] = *vif;
    guest->order.resumed = 0;
    rc = open_vif(guest, index, fds, text);
    if (rc < 0)
        return rc;
    set_host_state(guest, vif->slot, NOXS_DEV_STATE_OPEN);
    vif_announce(&guest->vifs[index]);
    return 0;
}

void io_guest_remove_vif(struct io_guest *guest, unsigned slot)
{
    for (unsigned i = 0; i < IO_MAX_VIFS; i++) {
        if (!vif_is_open(&guest->vifs[i]) || guest->vifs[i].slot != slot)
            continue;
        set_host_state(guest, slot, NOXS_DEV_STATE_CLOSED);
        close_vif(guest, i);
    }
}
