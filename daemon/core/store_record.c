#include "core/store_record.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define DOMID_MAX 0x7fefu /* Xen's DOMID_FIRST_RESERVED - 1 */

static bool is_text(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    for (; end != NULL && text < end; text++)
        if (iscntrl((unsigned char)*text))
            return false;
    return end != NULL;
}

static void read_vif(const struct store_vif *vif, struct spec_vif *out)
{
    static const uint8_t none[4];

    /* One that is absent has none. */
    out->has_mac = vif->presence != STORE_VIF_ABSENT;
    out->has_ip = memcmp(vif->ip, none, sizeof(none)) != 0;
    out->prefix_len = vif->prefix_len;
    memcpy(out->mac, vif->mac, sizeof(out->mac));
    memcpy(out->ip.octet, vif->ip, sizeof(vif->ip));
    memcpy(out->bridge, vif->bridge, sizeof(out->bridge));
    out->publish_count = vif->publish_count;
    for (unsigned i = 0; i < vif->publish_count; i++)
        out->publish[i] = (struct spec_publish){.protocol = vif->publish[i].protocol,
                                                .host_port = vif->publish[i].host_port,
                                                .guest_port = vif->publish[i].guest_port};
}

void store_record_spec(const struct store_record *record, struct guest_spec *spec_out)
{
    spec_init(spec_out);
    memcpy(spec_out->name, record->name, sizeof(spec_out->name));
    memcpy(spec_out->kernel, record->kernel, sizeof(spec_out->kernel));
    spec_out->memory_mib = record->memory_mib;
    spec_out->vcpus = record->vcpus;
    spec_out->vif_count = record->vif_count;
    spec_out->on_poweroff = (enum spec_policy)record->on_poweroff;
    spec_out->on_reboot = (enum spec_policy)record->on_reboot;
    spec_out->on_crash = (enum spec_policy)record->on_crash;
    for (unsigned i = 0; i < record->vif_count; i++)
        read_vif(&record->vif[i], &spec_out->vif[i]);
}

unsigned store_record_window_vifs(const struct store_record *record)
{
    unsigned count = 0;

    while (count < record->vif_count && record->vif[count].hot == 0)
        count++;
    return count;
}

static bool is_zero(const void *data, size_t size)
{
    const uint8_t *byte = data;

    for (size_t i = 0; i < size; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

/* Who has not had it from creation on is hot; and so are those after it. */
static const char *check_presence(const struct store_record *record)
{
    unsigned moving = 0;

    for (unsigned i = 0; i < record->vif_count; i++) {
        const struct store_vif *vif = &record->vif[i];
        if (vif->presence >= STORE_PRESENCES || vif->hot > 1)
            return "an interface";
        if (i > 0 && vif->hot < record->vif[i - 1].hot)
            return "an interface";
        if (vif->presence == STORE_VIF_ABSENT &&
            (!is_zero(vif->mac, sizeof(vif->mac)) || !is_zero(vif->ip, sizeof(vif->ip)) ||
             vif->ip_held != 0 || vif->bridge[0] != '\0' || vif->publish_count != 0))
            return "an interface";
        if (record->state == STORE_SHELL && (vif->presence != STORE_VIF_UP || vif->hot != 0))
            return "an interface";
        moving += vif->presence == STORE_VIF_MOVING;
    }
    return moving > 1 ? "an interface" : NULL;
}

static const char *check_vif(const struct store_vif *vif)
{
    if (vif->ip_held > 1 || !is_text(vif->bridge, sizeof(vif->bridge)) ||
        (vif->ip_held == 1 && vif->bridge[0] != '\0'))
        return "an interface";
    if (vif->publish_count > LIMIT_PUBLISH)
        return "the number of published ports";
    for (unsigned i = 0; i < vif->publish_count; i++)
        if (vif->publish[i].protocol != IPPROTO_TCP && vif->publish[i].protocol != IPPROTO_UDP)
            return "a published port";
    return NULL;
}

static const char *check_state(const struct store_record *record)
{
    bool is_shell = record->state == STORE_SHELL;
    bool has_ended = record->state == STORE_STOPPED || record->state == STORE_CRASHED;

    if (record->state < STORE_SHELL || record->state > STORE_CRASHED ||
        (record->flags & ~(unsigned)STORE_FLAGS) != 0)
        return "the state";
    if ((record->flags & STORE_RELEASED) != 0 && !has_ended)
        return "the state";
    if (is_shell && (record->flags & STORE_STILL) != 0)
        return "the state";
    if (is_shell != (record->name[0] == '\0'))
        return "the name";
    if (has_ended != (record->reason[0] != '\0'))
        return "the reason";
    return NULL;
}

static const char *check_words(const struct store_record *record)
{
    const char *wrong = NULL;

    if (record->domid == 0 || record->domid > DOMID_MAX)
        return "the domain id";
#ifndef CHAOS_PLANTED_BUG_STORE
    if (record->vif_count > LIMIT_VIFS)
        return "the number of interfaces";
#endif
    if (record->on_poweroff >= SPEC_POLICY_COUNT || record->on_reboot >= SPEC_POLICY_COUNT ||
        record->on_crash >= SPEC_POLICY_COUNT)
        return "a policy";
    if (!is_text(record->name, sizeof(record->name)) ||
        !is_text(record->kernel, sizeof(record->kernel)) ||
        !is_text(record->reason, sizeof(record->reason)))
        return "a text";
    for (unsigned i = 0; wrong == NULL && i < record->vif_count; i++)
        wrong = check_vif(&record->vif[i]);
    if (wrong == NULL)
        wrong = check_presence(record);
    return wrong != NULL ? wrong : check_state(record);
}

/* By the rules that its create had to follow. */
static const char *check_spec(const struct store_record *record)
{
    struct guest_spec spec;
    struct error error;

    store_record_spec(record, &spec);
    if (record->state == STORE_SHELL)
        snprintf(spec.name, sizeof(spec.name), "shell");
    return spec_check(&spec, &error) < 0 ? "what it says of its guest" : NULL;
}

const char *store_record_read(uint64_t id, const void *data, size_t size,
                              struct store_record *record_out)
{
    struct store_record record;
    uint32_t version = 0;

    if (size >= sizeof(version))
        memcpy(&version, data, sizeof(version));
    if (version != STORE_VERSION)
        return "the version";
    if (size != sizeof(record))
        return "the size";
    memcpy(&record, data, sizeof(record));
    if (record.size != sizeof(record) || record.id != id || id == 0)
        return "the header";
    const char *wrong = check_words(&record);
    if (wrong == NULL)
        wrong = check_spec(&record);
    if (wrong == NULL)
        *record_out = record;
    return wrong;
}

void store_key_write(const struct image_key *key, struct store_key *out)
{
    *out = (struct store_key){.device = key->device,
                              .inode = key->inode,
                              .size = key->size,
                              .mtime = {key->mtime.tv_sec, key->mtime.tv_nsec},
                              .ctime = {key->ctime.tv_sec, key->ctime.tv_nsec},
                              .owner = key->owner};
}

void store_key_read(const struct store_key *key, struct image_key *out)
{
    *out = (struct image_key){.device = key->device,
                              .inode = key->inode,
                              .size = key->size,
                              .mtime = {.tv_sec = key->mtime[0], .tv_nsec = key->mtime[1]},
                              .ctime = {.tv_sec = key->ctime[0], .tv_nsec = key->ctime[1]},
                              .owner = key->owner};
}
