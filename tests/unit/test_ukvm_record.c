/* record.c: what a record can say of a create, and answers that are none. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture/suite.h"
#include "record.h"

static char packet[65536];
static struct ukvm_create_options options;
static struct ukvm_record_guest answer;
static struct ukvm_guest guest;

static void setup(void)
{
    options = (struct ukvm_create_options){.size = sizeof(options)};
    answer = (struct ukvm_record_guest){
        .head = {.magic = UKVM_RECORD_MAGIC, .size = sizeof(answer), .id = 7},
        .memory_bytes = 2u << 20,
        .domid = 5,
        .vcpus = 1,
        .uuid = {0xab, 1},
        .state = "running",
        .vif_count = 1,
        .vifs = {{.mac = {0, 0x16, 0x3e, 0, 0, 0xf}, .ip = {10, 77, 100, 3}, .prefix_len = 16}},
        .path = "loaded",
        .name = "web",
        .kernel = "/srv/web"};
}

static void teardown(void)
{
}

static size_t write_create(const char *text)
{
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(config);
    size_t length = record_write_create(config, &options, 0, 7, packet);
    json_decref(config);
    return length;
}

/* ---- docs/protocol.md against ukvm_record.h ----------------------------------------------- */

struct row {
    const char *table, *name;
    size_t offset, size;
    unsigned found;
};

#define ROW(table, type, member)                                                                   \
    {                                                                                              \
        table, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member), 0       \
    }
#define REQUEST(member) ROW("request", ukvm_record_create, member)
#define REPLY(member)   ROW("reply", ukvm_record_guest, member)

static struct row rows[] = {
    ROW("request", ukvm_record, magic),
    ROW("request", ukvm_record, size),
    ROW("request", ukvm_record, id),
    REQUEST(timeout_ms),
    REQUEST(memory_mib),
    REQUEST(vcpus),
    REQUEST(vif_count),
    REQUEST(no_wait),
    REQUEST(path),
    REQUEST(preserve),
    REQUEST(name),
    REQUEST(kernel),
    REQUEST(cmdline_bytes),
    REQUEST(count),
    {"reply", "magic", 0, sizeof(struct ukvm_record), 0}, /* with size and id */
    REPLY(memory_bytes),
    REPLY(domid),
    REPLY(vcpus),
    REPLY(uuid),
    REPLY(state),
    REPLY(vifs),
    REPLY(vif_count),
    REPLY(number),
    REPLY(path),
    REPLY(name),
    REPLY(kernel),
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void check_row(const char *table, const char *line)
{
    size_t offset, size, each = 1;
    char name[64];
    if (sscanf(line, "| %zu | %zu | `%63[^`]`", &offset, &size, name) != 3 &&
        sscanf(line, "| %zu | %zu x %zu | `%63[^`]`", &offset, &size, &each, name) != 4)
        return;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].table, table) != 0 || strcmp(rows[i].name, name) != 0)
            continue;
        ck_assert_msg(rows[i].offset == offset && rows[i].size == size * each,
                      "%s %s: %zu bytes at %zu in the header", table, name, rows[i].size,
                      rows[i].offset);
        rows[i].found++;
        return;
    }
    ck_abort_msg("%s %s is not in the header", table, name);
}

START_TEST(document_and_header_agree)
{
    char line[512], table[16] = "", section[64] = "";
    FILE *document = fopen(PROTOCOL_DOC, "r");
    ck_assert_ptr_nonnull(document);
    while (fgets(line, sizeof(line), document) != NULL) {
        sscanf(line, "## %63[^\n]", section);
        if (strcmp(section, "Records") != 0)
            continue;
        if (sscanf(line, "| offset | size | %15s", table) != 1)
            check_row(table, line);
    }
    fclose(document);
    for (size_t i = 0; i < ROW_COUNT; i++)
        ck_assert_msg(rows[i].found == 1, "%s %s is %u times in the document", rows[i].table,
                      rows[i].name, rows[i].found);
}
END_TEST

/* ---- what is written and read --------------------------------------------------------- */

START_TEST(a_create_without_places_of_its_own)
{
    struct ukvm_record_create record;
    options.no_wait = true;
    options.timeout_ms = 500;
    options.path = UKVM_PATH_SHELL;
    size_t length = write_create("{\"name\":\"web\",\"kernel\":\"/k\",\"memory\":2,\"vcpus\":1,"
                                 "\"cmdline\":\"a b\",\"vif\":[{},{}],\"on_poweroff\":\"destroy\","
                                 "\"on_reboot\":\"preserve\",\"on_crash\":\"preserve\"}");
    memcpy(&record, packet, sizeof(record));
    ck_assert_uint_eq(length, sizeof(record) + 4);
    ck_assert_uint_eq(record.head.size, length);
    ck_assert_int_eq(record.head.id, 7);
    ck_assert_str_eq(record.name, "web");
    ck_assert_str_eq(record.kernel, "/k");
    ck_assert_str_eq(packet + sizeof(record), "a b");
    ck_assert_uint_eq(record.memory_mib, 2);
    ck_assert_uint_eq(record.vif_count, 2);
    ck_assert_uint_eq(record.timeout_ms, 500);
    ck_assert_uint_eq(record.no_wait, 1);
    ck_assert_uint_eq(record.path, UKVM_PATH_SHELL);
    ck_assert_uint_eq(record.preserve, 6);
}
END_TEST

START_TEST(what_takes_json)
{
    static const char *const texts[] = {
        "{\"name\":\"a\",\"vif\":[{\"ip\":\"10.77.0.5\"}]}",
        "{\"name\":\"a\",\"vif\":[{},{},{}]}",
        "{\"name\":\"a\",\"memory\":0}",
        "{\"name\":\"a\",\"memory\":4294967296}",
        "{\"name\":\"a\",\"on_crash\":\"restart\"}",
        "{\"name\":\"a\",\"later\":1}",
        "{\"name\":\"a\",\"cpus\":{\"only\":[0]}}",
        "{\"name\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
    };
    struct ukvm_phase phases[UKVM_PHASES_MAX];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_uint_eq(write_create(texts[i]), 0);
    options.phases = phases;
    ck_assert_uint_eq(write_create("{\"name\":\"a\"}"), 0);
}
END_TEST

static bool read_answer(void)
{
    memcpy(packet, &answer, sizeof(answer));
    return record_read_guest(packet, sizeof(answer), 7, 0, &guest, &options);
}

START_TEST(a_guest)
{
    ck_assert(read_answer());
    ck_assert(record_is(packet, sizeof(answer)));
    ck_assert(!record_is("{}", 2));
    ck_assert(!record_is("{\"id\":1}", 8));
    ck_assert_str_eq(guest.name, "web");
    ck_assert_str_eq(guest.uuid, "ab010000-0000-0000-0000-000000000000");
    ck_assert_str_eq(guest.state, "running");
    ck_assert_str_eq(guest.kernel, "/srv/web");
    ck_assert_str_eq(guest.vifs[0].mac, "00:16:3e:00:00:0f");
    ck_assert_str_eq(guest.vifs[0].ip, "10.77.100.3");
    ck_assert_str_eq(guest.vifs[0].gateway, "");
    ck_assert_uint_eq(guest.vifs[0].prefix_len, 16);
    ck_assert_str_eq(options.path_taken, "loaded");
}
END_TEST

START_TEST(answers_that_are_none)
{
    answer.head.id = 8;
    ck_assert(!read_answer());
    setup();
    answer.vif_count = UKVM_VIFS_MAX + 1;
    ck_assert(!read_answer());
    setup();
    memset(answer.name, 'a', sizeof(answer.name));
    ck_assert(!read_answer());
    setup();
    memset(answer.state, 'a', sizeof(answer.state));
    ck_assert(!read_answer());
    setup();
    answer.head.size--;
    ck_assert(!read_answer());
    setup();
    ck_assert(read_answer());
    ck_assert(!record_read_guest(packet, sizeof(answer) - 1, 7, 0, &guest, &options));
}
END_TEST

int main(void)
{
    return SUITE_RUN("ukvm_record", setup, teardown, document_and_header_agree,
                     a_create_without_places_of_its_own, what_takes_json, a_guest,
                     answers_that_are_none);
}
