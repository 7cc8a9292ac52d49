#include "core/iod_message.h"

#include <ctype.h>
#include <string.h>

static struct io_msg_header header(enum io_msg_type type, size_t size, uint64_t guest)
{
    return (struct io_msg_header){.type = type, .size = (uint32_t)size, .guest = guest};
}

void iod_message_hello(const struct iod_config *config, struct io_msg_hello *message_out)
{
    *message_out = (struct io_msg_hello){.header = header(IO_MSG_HELLO, sizeof(*message_out), 0),
                                         .version = IO_MSG_VERSION};
    memcpy(message_out->uplink_mac, config->uplink_mac, sizeof(message_out->uplink_mac));
    memcpy(message_out->uplink_ip, config->uplink_ip.octet, sizeof(message_out->uplink_ip));
}

static void fill_vif(struct io_vif *out, const struct guest *guest, unsigned index)
{
    const struct guest_vif *vif = &guest->vif[index];
    const struct layout_vif *place = &guest->layout.vif[index];

    out->slot = (uint8_t)(LAYOUT_NET_SLOT + index);
    out->bridged = vif->bridge[0] != '\0';
    memcpy(out->mac, vif->mac.octet, sizeof(out->mac));
    memcpy(out->ip, vif->ip.octet, sizeof(out->ip));
    out->tx_window = place->tx;
    out->rx_window = place->rx;
    out->arena_window = place->arena;
    out->arena_pages = place->arena_pages;
    if (place->hot) {
        out->hot_gref = layout_vif_gref(&guest->layout, index);
        out->hot_pages = (uint8_t)layout_vif_pages(&guest->layout, index);
    }
}

void iod_message_attach(const struct guest *guest, struct io_msg_attach *message_out)
{
    *message_out = (struct io_msg_attach){
        .header = header(IO_MSG_ATTACH, sizeof(*message_out), guest->id),
        .domid = guest->domid,
        .local_port = guest->io.local.n,
        .gref_first = NOXS_GREF_FIRST,
        .window_pages = guest->layout.window_pages,
        .console_slot = LAYOUT_CONSOLE_SLOT,
        .console_window = NOXS_WINDOW_CONSOLE,
        .resumed = guest->unpaused_ns != 0,
    };
    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest_vif_is_in_iod(&guest->vif[i]))
            fill_vif(&message_out->vif[message_out->vif_count++], guest, i);
}

void iod_message_add_vif(const struct guest *guest, unsigned index,
                         struct io_msg_add_vif *message_out)
{
    *message_out =
        (struct io_msg_add_vif){.header = header(IO_MSG_ADD_VIF, sizeof(*message_out), guest->id)};
    fill_vif(&message_out->vif, guest, index);
}

void iod_message_remove_vif(const struct guest *guest, unsigned index,
                            struct io_msg_remove_vif *message_out)
{
    *message_out = (struct io_msg_remove_vif){
        .header = header(IO_MSG_REMOVE_VIF, sizeof(*message_out), guest->id),
        .slot = LAYOUT_NET_SLOT + index};
}

void iod_message_detach(const struct guest *guest, bool keep, uint64_t forget,
                        struct io_msg_detach *message_out)
{
    *message_out =
        (struct io_msg_detach){.header = header(IO_MSG_DETACH, sizeof(*message_out), guest->id),
                               .forget = forget,
                               .keep = keep};
}

static size_t expected_size(uint32_t type)
{
    switch (type) {
    case IO_MSG_HELLO:
        return sizeof(struct io_msg_hello);
    case IO_MSG_ATTACHED:
        return sizeof(struct io_msg_attached);
    case IO_MSG_DETACHED:
        return sizeof(struct io_msg_detached);
    case IO_MSG_SERVES:
        return sizeof(struct io_msg_serves);
    case IO_MSG_FAULT:
        return sizeof(struct io_msg_fault);
    case IO_MSG_COUNTERS:
        return sizeof(struct io_msg_counters);
    case IO_MSG_VIF_DONE:
        return sizeof(struct io_msg_vif_done);
    default:
        return 0;
    }
}

static const char *check_text(char *text)
{
    if (memchr(text, '\0', IO_TEXT_MAX) == NULL)
        return "text without an end";
    for (; *text != '\0'; text++)
        if (!isprint((unsigned char)*text))
            *text = '?';
    return NULL;
}

const char *iod_message_check(union iod_message *message, size_t size)
{
    if (size < sizeof(message->header) || message->header.size != size)
        return "wrong size";
    size_t expected = expected_size(message->header.type);
    if (expected == 0)
        return "unknown message";
    if (size != expected)
        return "wrong size";
    if (message->header.type == IO_MSG_HELLO && message->hello.has_uplink > 1)
        return "wrong flag";
    if (message->header.type == IO_MSG_ATTACHED)
        return check_text(message->attached.text);
    if (message->header.type == IO_MSG_VIF_DONE)
        return check_text(message->vif_done.text);
    if (message->header.type == IO_MSG_FAULT)
        return check_text(message->fault.text);
    return NULL;
}
