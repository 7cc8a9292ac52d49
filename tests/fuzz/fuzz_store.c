/* Any bytes as a record of the state store: it is refused with a text, or what it says holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/store_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_key(const struct store_record *record)
{
    struct image_key key;
    struct store_key stored;

    store_key_read(&record->key, &key);
    store_key_write(&key, &stored);
    require(stored.owner == record->key.owner && stored.size == record->key.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store_record record = {0};
    struct guest_spec spec;
    struct error error;
    uint64_t id = 0;

    /* Most ids would be wrong. */
    if (size >= 16)
        memcpy(&id, data + 8, sizeof(id));
    const char *wrong = store_record_read(id, data, size, &record);
    if (wrong != NULL) {
        require(wrong[0] != '\0' && record.size == 0);
        return 0;
    }
    require(record.id == id && record.vif_count <= LIMIT_VIFS);
    require(record.domid > 0 && record.domid < 0x7ff0);
    require(memchr(record.reason, '\0', sizeof(record.reason)) != NULL);
    store_record_spec(&record, &spec);
    if (record.state != STORE_SHELL)
        require(spec_check(&spec, &error) == 0);
    check_key(&record);
    return 0;
}
