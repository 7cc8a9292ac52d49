/* Interfaces that come and go while their guest is attached to chaos-iod. */
#include <errno.h>
#include <string.h>

#include "core/guest.h"
#include "core/iod_internal.h"
#include "util/fd.h"

#define ERRNO_MAX 4095

static struct guest_vif *changing(struct guest *guest)
{
    return &guest->vif[guest->io.change_index];
}

static void changed(struct iod *iod, struct guest *guest, int status, const char *text)
{
    guest->io.change = GUEST_IO_CHANGE_NONE;
    iod->config.events->vif_changed(guest, status, text);
}

/* ---- sending ------------------------------------------------------------------------ */

int iod_vif_fds(struct iod *iod, const struct guest *guest, int *fds_out, size_t *count_out)
{
    struct hv *hv = iod->config.hv;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < guest->vif_count; i++) {
        const struct guest_vif *vif = &guest->vif[i];
        if (!guest_vif_is_in_iod(vif))
            continue;
        if (guest->layout.vif[i].hot)
            rc = hv->ops->grant_fd(hv, &fds_out[*count_out]);
        if (rc == 0 && guest->layout.vif[i].hot)
            ++*count_out;
        if (rc == 0 && vif->tap_fd >= 0)
            fds_out[(*count_out)++] = vif->tap_fd;
    }
    return rc;
}

static int send_add(struct iod *iod, const struct guest *guest, int grant_fd)
{
    unsigned index = guest->io.change_index;
    struct io_msg_add_vif message;
    int fds[IO_VIF_FDS];
    size_t count = 0;

    iod_message_add_vif(guest, index, &message);
    if (grant_fd >= 0)
        fds[count++] = grant_fd;
    if (guest->vif[index].tap_fd >= 0)
        fds[count++] = guest->vif[index].tap_fd;
    return iod_send(iod, &message, fds, count);
}

static int send_remove(struct iod *iod, const struct guest *guest)
{
    struct io_msg_remove_vif message;

    iod_message_remove_vif(guest, guest->io.change_index, &message);
    return iod_send(iod, &message, NULL, 0);
}

int iod_deliver_change(struct iod *iod, struct guest *guest)
{
    struct hv *hv = iod->config.hv;
    bool adds = guest_vif_is_in_iod(changing(guest));
    int grant_fd = -1, rc = 0;

    if (adds && guest->layout.vif[guest->io.change_index].hot)
        rc = hv->ops->grant_fd(hv, &grant_fd);
    if (rc < 0) {
        list_remove(&guest->io.outbox);
        changed(iod, guest, rc, "no grant device");
        return 0;
    }
    rc = adds ? send_add(iod, guest, grant_fd) : send_remove(iod, guest);
    fd_close(&grant_fd);
    if (rc < 0)
        return rc;
    list_remove(&guest->io.outbox);
    guest->io.change = GUEST_IO_CHANGE_SENT;
    iod_expect_answer(iod);
    return 0;
}

void iod_change_attached(struct iod *iod, struct guest *guest)
{
    if (guest->io.change == GUEST_IO_CHANGE_COVERED) {
        changed(iod, guest, 0, "");
    } else if (guest->io.change == GUEST_IO_CHANGE_WANTED && !list_linked(&guest->io.outbox)) {
        list_append(&iod->outbox, &guest->io.outbox);
        iod_flush(iod);
    }
}

void iod_change_vif(struct iod *iod, struct guest *guest, unsigned index)
{
    guest->io.change = GUEST_IO_CHANGE_WANTED;
    guest->io.change_index = index;
    if (guest->io.sm.state == GUEST_IO_ATTACHED)
        iod_change_attached(iod, guest);
}

/* ---- the answer --------------------------------------------------------------------- */

const char *iod_on_vif_done(struct iod *iod, struct guest *guest,
                            const struct io_msg_vif_done *message)
{
    bool adds = guest_vif_is_in_iod(changing(guest));

    if (guest->io.change != GUEST_IO_CHANGE_SENT ||
        message->slot != LAYOUT_NET_SLOT + guest->io.change_index)
        return "an answer to nothing";
    if (message->status > 0 || message->status < -ERRNO_MAX || (!adds && message->status != 0))
        return "a wrong status";
    iod_answered(iod);
    guest->io.change = GUEST_IO_CHANGE_NONE;
    if (guest->io.sm.state == GUEST_IO_ATTACHED)
        changed(iod, guest, message->status, message->text);
    return NULL;
}
