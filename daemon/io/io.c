#include "io/io.h"

#include "io/io_guest.h"

void io_init(struct io *io, struct loop *loop, const struct io_xen_ops *xen)
{
    *io = (struct io){.loop = loop, .xen = xen};
    list_init(&io->guests);
    list_init(&io->lingering);
    vswitch_init(&io->vswitch, loop->ops->now_ns(loop));
    uplink_init(&io->uplink, &io->vswitch, &io->bells);
}

void io_fini(struct io *io)
{
    LIST_FOR_EACH(node, &io->guests)
    {
        io_guest_detach(LIST_OWNER(node, struct io_guest, node), false);
    }
    console_end_lingering(&io->lingering);
    uplink_fini(&io->uplink);
    vswitch_fini(&io->vswitch);
    hash_fini(&io->by_id);
}

struct io_guest *io_find(struct io *io, uint64_t id)
{
    struct hash_node *node = hash_find(&io->by_id, id);
    return node == NULL ? NULL : HASH_OWNER(node, struct io_guest, by_id);
}
