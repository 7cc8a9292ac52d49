/*
 * docs/noxs-page.md against noxs/page.h: every field is in the document with its offset and
 * size, and the document names no field that is not in the header.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "noxs/page.h"

struct field {
    const char *section; /* heading its table stands under */
    const char *name;
    size_t offset;
    size_t size;
    int found;
};

#define FIELD(section, type, member)                                                               \
    {                                                                                              \
        section, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member), 0     \
    }
#define PAGE(member)   FIELD("## The page", noxs_page, member)
#define DEVICE(member) FIELD("### Device table entry", noxs_device, member)
#define NET(member)    FIELD("### Configuration of a net device", noxs_net_config, member)
#define BLOCK(member)  FIELD("### Configuration of a block device", noxs_block_config, member)

static struct field fields[] = {
    PAGE(magic),
    PAGE(abi_version),
    PAGE(device_slots),
    PAGE(host_features),
    PAGE(generation),
    PAGE(domid),
    PAGE(uuid),
    PAGE(ram_pages),
    PAGE(window_pages),
    PAGE(name),
    PAGE(request),
    PAGE(request_argument),
    PAGE(guest_features),
    PAGE(ack),
    PAGE(status),
    PAGE(guest_kick),
    PAGE(guest_seen),
    PAGE(iod_kick),
    PAGE(iod_seen),
    PAGE(device),
    PAGE(device_guest_state),
    PAGE(device_host_state),
    DEVICE(type),
    DEVICE(index),
    DEVICE(flags),
    DEVICE(generation),
    DEVICE(ring_gfn),
    DEVICE(ring_gref),
    DEVICE(arena_gfn),
    DEVICE(arena_gref),
    DEVICE(arena_pages),
    DEVICE(config),
    NET(mac),
    NET(prefix_len),
    NET(ip),
    NET(gateway),
    NET(mtu),
    BLOCK(sectors),
    BLOCK(sector_size),
    BLOCK(read_only),
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static struct field *find(const char *section, const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].section, section) == 0 && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    }
    return NULL;
}

/* The writer a 64-byte line of the page belongs to, or NULL while unknown. */
static char line_writer[NOXS_PAGE_SIZE / 64][8];

static void check_writer(size_t offset, size_t size, const char *writer)
{
    for (size_t line = offset / 64; line <= (offset + size - 1) / 64; line++) {
        if (line_writer[line][0] == '\0')
            snprintf(line_writer[line], sizeof(line_writer[line]), "%s", writer);
        ck_assert_msg(strcmp(line_writer[line], writer) == 0,
                      "line 0x%03zx has two writers: %s, %s", line * 64, line_writer[line], writer);
    }
}

static void check_row(const char *section, const char *row)
{
    size_t offset, size;
    char name[64], writer[8];
    if (sscanf(row, "| 0x%zx | %zu | %63s | %7s |", &offset, &size, name, writer) != 4)
        return;
    struct field *field = find(section, name);
    ck_assert_msg(field != NULL, "%s: '%s' is not in page.h", section, name);
    ck_assert_msg(field->offset == offset, "%s: offset 0x%zx, header 0x%zx", name, offset,
                  field->offset);
    ck_assert_msg(field->size == size, "%s: size %zu, header %zu", name, size, field->size);
    field->found++;
    if (strcmp(section, "## The page") == 0)
        check_writer(offset, size, writer);
}

START_TEST(document_and_header_agree)
{
    FILE *doc = fopen(NOXS_PAGE_DOC, "r");
    ck_assert_ptr_nonnull(doc);
    char line[512], section[128] = "";
    while (fgets(line, sizeof(line), doc) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            snprintf(section, sizeof(section), "%.*s", (int)sizeof(section) - 1, line);
        else
            check_row(section, line);
    }
    fclose(doc);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        ck_assert_msg(fields[i].found == 1, "'%s' stands %d times in %s", fields[i].name,
                      fields[i].found, NOXS_PAGE_DOC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noxs_page");
    TCase *tcase = tcase_create("document");
    tcase_add_test(tcase, document_and_header_agree);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
