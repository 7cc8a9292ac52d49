#include "guest_read.h"

#include <stdio.h>
#include <string.h>

struct string_field {
    const char *name;
    size_t offset, size;
    enum { REQUIRED, OPTIONAL } presence;
};

#define GUEST_FIELD(field, presence)                                                               \
    {                                                                                              \
#field, offsetof(struct ukvm_guest, field), sizeof(((struct ukvm_guest *)0)->field),       \
            presence                                                                               \
    }
#define VIF_FIELD(field, presence)                                                                 \
    {                                                                                              \
#field, offsetof(struct ukvm_vif, field), sizeof(((struct ukvm_vif *)0)->field), presence  \
    }

static const struct string_field guest_fields[] = {
    GUEST_FIELD(name, REQUIRED),
    GUEST_FIELD(uuid, REQUIRED),
    GUEST_FIELD(state, REQUIRED),
};

static const struct string_field vif_fields[] = {
    VIF_FIELD(mac, REQUIRED),
    VIF_FIELD(ip, OPTIONAL),
    VIF_FIELD(gateway, OPTIONAL),
    VIF_FIELD(bridge, OPTIONAL),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Strings whose length has meaning must fit: a cut name or address would be another one. */
static bool read_strings(const json_t *object, const struct string_field *fields, size_t count,
                         void *base)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        char *to = (char *)base + fields[i].offset;
        if ((value == NULL || json_is_null(value)) && fields[i].presence == OPTIONAL)
            continue;
        if (!json_is_string(value) || json_string_length(value) >= fields[i].size)
            return false;
        memcpy(to, json_string_value(value), json_string_length(value) + 1);
    }
    return true;
}

static bool read_unsigned(const json_t *object, const char *name, uint64_t max, uint64_t *value_out)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return false;
    *value_out = (uint64_t)json_integer_value(value);
    return true;
}

bool guest_read_vif(const json_t *object, struct ukvm_vif *vif)
{
    uint64_t prefix_len = 0;

    if (!json_is_object(object) || !read_strings(object, vif_fields, COUNT(vif_fields), vif))
        return false;
    const json_t *prefix = json_object_get(object, "prefix_len");
    if (prefix != NULL && !json_is_null(prefix) &&
        !read_unsigned(object, "prefix_len", 32, &prefix_len))
        return false;
    vif->prefix_len = (uint8_t)prefix_len;
    return true;
}

static bool read_vifs(const json_t *guest_json, struct ukvm_guest *guest)
{
    const json_t *vifs = json_object_get(guest_json, "vifs");
    size_t count = json_array_size(vifs);

    if (!json_is_array(vifs) || count > UKVM_VIFS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!guest_read_vif(json_array_get(vifs, i), &guest->vifs[i]))
            return false;
    }
    guest->vif_count = (uint32_t)count;
    return true;
}

/* For people: a kernel's path keeps its end, which is what tells images apart. */
static void read_texts(const json_t *object, struct ukvm_guest *guest)
{
    const char *reason = json_string_value(json_object_get(object, "reason"));
    const char *kernel = json_string_value(json_object_get(object, "kernel"));

    if (reason != NULL)
        snprintf(guest->reason, sizeof(guest->reason), "%s", reason);
    if (kernel == NULL)
        return;
    size_t length = strlen(kernel), room = sizeof(guest->kernel) - 1;
    if (length <= room)
        memcpy(guest->kernel, kernel, length);
    else
        snprintf(guest->kernel, sizeof(guest->kernel), "...%s", kernel + length - (room - 3));
}

bool guest_read_net(const json_t *object, struct ukvm_net *net_out)
{
    static const struct string_field state = {"state", offsetof(struct ukvm_net, state),
                                              sizeof(net_out->state), REQUIRED};
    struct ukvm_net net = {0};
    uint64_t slot = 0;

    if (!json_is_object(object) || !read_strings(object, &state, 1, &net) ||
        !read_unsigned(object, "slot", UKVM_VIFS_MAX - 1, &slot) ||
        !guest_read_vif(object, &net.vif))
        return false;
    net.slot = (uint32_t)slot;
    *net_out = net;
    return true;
}

bool guest_read(const json_t *object, struct ukvm_guest *guest_out)
{
    struct ukvm_guest guest = {0};
    const json_t *id = json_object_get(object, "domid");
    uint64_t domid = 0, vcpus;

    if (!json_is_object(object) ||
        !read_strings(object, guest_fields, COUNT(guest_fields), &guest) ||
        (!json_is_null(id) && !read_unsigned(object, "domid", UINT32_MAX, &domid)) ||
        !read_unsigned(object, "vcpus", UINT32_MAX, &vcpus) ||
        !read_unsigned(object, "memory_bytes", INT64_MAX, &guest.memory_bytes) ||
        !read_vifs(object, &guest))
        return false;
    guest.domid = (uint32_t)domid;
    guest.vcpus = (uint32_t)vcpus;
    read_texts(object, &guest);
    *guest_out = guest;
    return true;
}

void guest_read_phases(const json_t *timing, struct ukvm_create_options *options)
{
    size_t count = json_array_size(timing);

    options->phase_count = 0;
    for (size_t i = 0; i < count && i < UKVM_PHASES_MAX; i++) {
        const json_t *row = json_array_get(timing, i);
        const char *name = json_string_value(json_object_get(row, "phase"));
        struct ukvm_phase *phase = &options->phases[options->phase_count];
        if (name == NULL)
            continue;
        snprintf(phase->name, sizeof(phase->name), "%s", name);
        phase->us = json_number_value(json_object_get(row, "us"));
        options->phase_count++;
    }
}
