#include "ctl/record.h"

#include <stdio.h>
#include <string.h>

#include "ctl/ops.h"

static_assert(UKVM_RECORD_NAME_BYTES == LIMIT_NAME + 1, "names");
static_assert(UKVM_RECORD_TEXT_BYTES == LIMIT_KERNEL_PATH + 1, "paths");
static_assert(UKVM_RECORD_CMDLINE_MAX == LIMIT_CMDLINE + 1, "command lines");
static_assert(UKVM_RECORD_VIFS == LIMIT_VIFS, "interfaces");

#define MS          UINT64_C(1000000)
#define KNOWN_FLAGS 7u

bool record_is(const char *data, size_t size)
{
    uint32_t magic;

    if (size < sizeof(magic))
        return false;
    memcpy(&magic, data, sizeof(magic));
    return magic == UKVM_RECORD_MAGIC;
}

bool record_id(const char *data, size_t size, int64_t *id_out)
{
    struct ukvm_record head;

    if (size < sizeof(head))
        return false;
    memcpy(&head, data, sizeof(head));
    *id_out = head.id;
    return true;
}

static int broken(struct error *error, const char *what)
{
    return error_set(error, UKVM_E_PROTOCOL, "create record: %s", what);
}

static const char *wrong_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) == NULL ? "a text without an end" : NULL;
}

/* What is shown of a guest is JSON. */
static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);

    json_decref(string);
    return string != NULL;
}

/* NULL, or what is wrong. cmdline: the bytes behind the record. */
static const char *check(const struct ukvm_record_create *record, const char *cmdline, size_t size)
{
    const char *wrong = wrong_text(record->name, sizeof(record->name));

    if (wrong == NULL)
        wrong = wrong_text(record->kernel, sizeof(record->kernel));
    if (wrong != NULL)
        return wrong;
    if (!is_utf8(record->kernel))
        return "a text that is not UTF-8";
    if (record->head.size != size || record->cmdline_bytes != size - sizeof(*record))
        return "its size is wrong";
    if (record->cmdline_bytes > UKVM_RECORD_CMDLINE_MAX)
        return "the command line is too long";
    if (record->cmdline_bytes > 0 && cmdline[record->cmdline_bytes - 1] != '\0')
        return "a text without an end";
    if (record->vif_count > LIMIT_VIFS || record->no_wait > 1 || record->count > LIMIT_GUESTS ||
        record->path > CREATE_FROM_LOADED || record->preserve > KNOWN_FLAGS ||
        record->timeout_ms > LIMIT_TIMEOUT_MS)
        return "a value that cannot be";
    return NULL;
}

static enum spec_policy policy(const struct ukvm_record_create *record, unsigned bit)
{
    return (record->preserve >> bit & 1) != 0 ? SPEC_PRESERVE : SPEC_DESTROY;
}

static void fill_spec(const struct ukvm_record_create *record, const char *cmdline,
                      struct guest_spec *spec)
{
    spec_init(spec);
    memcpy(spec->name, record->name, sizeof(spec->name));
    memcpy(spec->kernel, record->kernel, sizeof(spec->kernel));
    memcpy(spec->cmdline, cmdline, record->cmdline_bytes);
    if (record->memory_mib != 0)
        spec->memory_mib = record->memory_mib;
    if (record->vcpus != 0)
        spec->vcpus = record->vcpus;
    spec->vif_count = record->vif_count;
    spec->on_poweroff = policy(record, 0);
    spec->on_reboot = policy(record, 1);
    spec->on_crash = policy(record, 2);
}

int record_read_create(const char *data, size_t size, struct guest_spec *spec_out,
                       struct create_request *create, uint32_t *count_out, struct error *error)
{
    struct ukvm_record_create record;

    if (size < sizeof(record))
        return broken(error, "too short");
    memcpy(&record, data, sizeof(record));
    const char *wrong = check(&record, data + sizeof(record), size);
    if (wrong != NULL)
        return broken(error, wrong);
    fill_spec(&record, data + sizeof(record), spec_out);
    *count_out = record.count;
    create->wait = record.no_wait == 0;
    create->from = (enum create_from)record.path;
    create->timeout_ns = (record.timeout_ms != 0 ? record.timeout_ms : CTL_DEFAULT_TIMEOUT_MS) * MS;
    return 0;
}
