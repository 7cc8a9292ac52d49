#include "record.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

/* ---- requests ----------------------------------------------------------------------- */

static bool copy_text(const json_t *value, char *to, size_t size)
{
    size_t length = json_string_length(value);

    if (length >= size)
        return false;
    if (length > 0)
        memcpy(to, json_string_value(value), length);
    return true;
}

/* Interfaces of which nothing is said. */
static bool count_vifs(const json_t *vifs, struct ukvm_record_create *record)
{
    size_t count = json_array_size(vifs);

    if (count > UKVM_RECORD_VIFS)
        return false;
    for (size_t i = 0; i < count; i++)
        if (json_object_size(json_array_get(vifs, i)) != 0)
            return false;
    record->vif_count = (uint8_t)count;
    return true;
}

static bool read_number(const json_t *value, uint32_t *number_out)
{
    json_int_t number = json_integer_value(value);

    /* Zero means the default in a record, and an error in a configuration. */
    if (number <= 0 || number > UINT32_MAX)
        return false;
    *number_out = (uint32_t)number;
    return true;
}

static bool read_policy(const json_t *value, unsigned bit, struct ukvm_record_create *record)
{
    const char *text = json_string_value(value);

    if (text == NULL || (strcmp(text, "destroy") != 0 && strcmp(text, "preserve") != 0))
        return false;
    if (text[0] == 'p')
        record->preserve |= (uint8_t)(1u << bit);
    return true;
}

/* False: a key that a record has no place for. cmdline: what follows the record. */
static bool read_key(const char *key, const json_t *value, struct ukvm_record_create *record,
                     char *cmdline)
{
    if (strcmp(key, "name") == 0)
        return copy_text(value, record->name, sizeof(record->name));
    if (strcmp(key, "kernel") == 0)
        return copy_text(value, record->kernel, sizeof(record->kernel));
    if (strcmp(key, "memory") == 0)
        return read_number(value, &record->memory_mib);
    if (strcmp(key, "vcpus") == 0)
        return read_number(value, &record->vcpus);
    if (strcmp(key, "vif") == 0)
        return count_vifs(value, record);
    if (strcmp(key, "on_poweroff") == 0)
        return read_policy(value, 0, record);
    if (strcmp(key, "on_reboot") == 0)
        return read_policy(value, 1, record);
    if (strcmp(key, "on_crash") == 0)
        return read_policy(value, 2, record);
    if (strcmp(key, "cmdline") != 0)
        return false;
    record->cmdline_bytes = (uint32_t)json_string_length(value) + 1;
    memset(cmdline, 0, UKVM_RECORD_CMDLINE_MAX);
    return copy_text(value, cmdline, UKVM_RECORD_CMDLINE_MAX);
}

size_t record_write_create(const json_t *config, const struct ukvm_create_options *options,
                           uint32_t count, json_int_t id, char *packet)
{
    struct ukvm_record_create record = {
        .head = {.magic = UKVM_RECORD_MAGIC, .id = id},
        .timeout_ms = options->timeout_ms,
        .no_wait = options->no_wait,
        .path = (uint8_t)options->path,
        .count = count,
    };
    const char *key;
    json_t *value;

    if (options->phases != NULL)
        return 0;
    json_object_foreach(
        (json_t *)(uintptr_t)config, key,
        value) if (!read_key(key, value, &record, packet + sizeof(record))) return 0;
    record.head.size = (uint32_t)sizeof(record) + record.cmdline_bytes;
    memcpy(packet, &record, sizeof(record));
    return record.head.size;
}

/* ---- replies ------------------------------------------------------------------------ */

bool record_is(const char *packet, size_t length)
{
    uint32_t magic;

    if (length < sizeof(magic))
        return false;
    memcpy(&magic, packet, sizeof(magic));
    return magic == UKVM_RECORD_MAGIC;
}

static void format_uuid(const uint8_t uuid[16], char *text)
{
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 0xf];
    }
    *text = '\0';
}

static void format_mac(const uint8_t mac[6], char *text)
{
    for (int i = 0; i < 6; i++) {
        *text++ = digits[mac[i] >> 4];
        *text++ = digits[mac[i] & 0xf];
        *text++ = i < 5 ? ':' : '\0';
    }
}

static void format_ip(const uint8_t ip[4], char *text)
{
    if ((ip[0] | ip[1] | ip[2] | ip[3]) == 0)
        return;
    for (int i = 0; i < 4; i++) {
        if (ip[i] >= 100)
            *text++ = digits[ip[i] / 100];
        if (ip[i] >= 10)
            *text++ = digits[ip[i] / 10 % 10];
        *text++ = digits[ip[i] % 10];
        *text++ = i < 3 ? '.' : '\0';
    }
}

static void fill_vif(const struct ukvm_record_vif *from, struct ukvm_vif *vif)
{
    format_mac(from->mac, vif->mac);
    format_ip(from->ip, vif->ip);
    format_ip(from->gateway, vif->gateway);
    vif->prefix_len = from->prefix_len;
}

static bool terminated(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

uint32_t record_number(const char *packet, size_t length)
{
    struct ukvm_record_guest record;

    if (length != sizeof(record))
        return 0;
    memcpy(&record, packet, sizeof(record));
    return record.number;
}

bool record_read_guest(const char *packet, size_t length, json_int_t id, uint32_t number,
                       struct ukvm_guest *guest_out, struct ukvm_create_options *options)
{
    struct ukvm_record_guest record;

    if (length != sizeof(record))
        return false;
    memcpy(&record, packet, sizeof(record));
    if (record.head.size != length || record.head.id != id || record.number != number ||
        record.vif_count > UKVM_VIFS_MAX || !terminated(record.state, sizeof(record.state)) ||
        !terminated(record.path, sizeof(record.path)) ||
        !terminated(record.name, sizeof(record.name)) ||
        !terminated(record.kernel, sizeof(record.kernel)))
        return false;
    *guest_out = (struct ukvm_guest){.domid = record.domid,
                                     .memory_bytes = record.memory_bytes,
                                     .vcpus = record.vcpus,
                                     .vif_count = record.vif_count};
    memcpy(guest_out->name, record.name, sizeof(guest_out->name));
    memcpy(guest_out->state, record.state, sizeof(guest_out->state));
    memcpy(guest_out->kernel, record.kernel, sizeof(guest_out->kernel));
    memcpy(options->path_taken, record.path, sizeof(options->path_taken));
    format_uuid(record.uuid, guest_out->uuid);
    for (uint32_t i = 0; i < record.vif_count; i++)
        fill_vif(&record.vifs[i], &guest_out->vifs[i]);
    return true;
}
