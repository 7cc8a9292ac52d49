/* core/store_record: what is not a whole record of this version is not one. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/store_record.h"
#include "fixture/suite.h"

static struct store_record good;

static void setup(void)
{
    good = (struct store_record){.version = STORE_VERSION,
                                 .size = sizeof(good),
                                 .id = 77,
                                 .memory_mib = 2,
                                 .domid = 5,
                                 .vcpus = 1,
                                 .state = STORE_GUEST,
                                 .on_crash = SPEC_PRESERVE,
                                 .vif_count = 1,
                                 .name = "web",
                                 .kernel = "/boot/web"};
    good.vif[0] = (struct store_vif){.mac = {0, 0x16, 0x3e, 0, 0, 1},
                                     .prefix_len = 16,
                                     .ip_held = 1,
                                     .ip = {10, 77, 0, 2},
                                     .publish_count = 1,
                                     .publish = {{8080, 80, IPPROTO_TCP, 0}}};
}

static void teardown(void)
{
}

static const char *read_good(void)
{
    struct store_record record;
    return store_record_read(77, &good, sizeof(good), &record);
}

START_TEST(a_good_one_says_what_was_written)
{
    struct store_record record;
    struct guest_spec spec;
    ck_assert_ptr_null(store_record_read(77, &good, sizeof(good), &record));
    ck_assert_mem_eq(&record, &good, sizeof(good));
    store_record_spec(&record, &spec);
    ck_assert_str_eq(spec.name, "web");
    ck_assert_uint_eq(spec.memory_mib, 2);
    ck_assert_int_eq(spec.on_crash, SPEC_PRESERVE);
    ck_assert_int_eq(spec.on_poweroff, SPEC_DESTROY);
    ck_assert(spec.vif[0].has_mac && spec.vif[0].has_ip);
    ck_assert_uint_eq(spec.vif[0].publish[0].host_port, 8080);
    ck_assert_str_eq(spec.cmdline, "");
}
END_TEST

START_TEST(size_version_and_id_must_be_right)
{
    struct store_record record = {.id = 1};
    ck_assert_str_eq(store_record_read(77, &good, sizeof(good) - 1, &record), "the size");
    ck_assert_str_eq(store_record_read(77, &good, 3, &record), "the version");
    ck_assert_str_eq(store_record_read(78, &good, sizeof(good), &record), "the header");
    good.version++;
    ck_assert_str_eq(store_record_read(77, &good, sizeof(good), &record), "the version");
    ck_assert_uint_eq(record.id, 1);
}
END_TEST

#define WRONG(member, value, what)                                                                 \
    do {                                                                                           \
        setup();                                                                                   \
        good.member = (value);                                                                     \
        const char *got = read_good();                                                             \
        ck_assert_msg(got != NULL, #member " is taken");                                           \
        ck_assert_str_eq(got, what);                                                               \
    } while (0)

START_TEST(words_out_of_range)
{
    WRONG(domid, 0, "the domain id");
    WRONG(domid, 0x7ff0, "the domain id");
    WRONG(vif_count, 3, "the number of interfaces");
    WRONG(vif_count, 255, "the number of interfaces");
    WRONG(state, 0, "the state");
    WRONG(state, 6, "the state");
    WRONG(flags, STORE_FLAGS + 1, "the state");
    WRONG(flags, STORE_RELEASED, "the state");
    WRONG(memory_mib, 0, "what it says of its guest");
    WRONG(memory_mib, UINT64_MAX, "what it says of its guest");
    WRONG(vcpus, 0, "what it says of its guest");
    WRONG(vif[0].mac[0], 1, "what it says of its guest");
    WRONG(vif[0].prefix_len, 33, "what it says of its guest");
    WRONG(vif[0].ip_held, 2, "an interface");
    WRONG(vif[0].bridge[0], 'b', "an interface");
    WRONG(vif[0].publish_count, 17, "the number of published ports");
    WRONG(vif[0].publish_count, UINT16_MAX, "the number of published ports");
    WRONG(vif[0].publish[0].protocol, 1, "a published port");
    WRONG(vif[0].publish[0].host_port, 0, "what it says of its guest");
}
END_TEST

START_TEST(interfaces_that_came_later)
{
    WRONG(vif[0].presence, STORE_PRESENCES, "an interface");
    WRONG(vif[0].hot, 2, "an interface");
    /* One that is absent says nothing else. */
    WRONG(vif[0].presence, STORE_VIF_ABSENT, "an interface");
    setup();
    uint8_t mac[6];
    memcpy(mac, good.vif[0].mac, sizeof(mac));
    memset(&good.vif[0], 0, sizeof(good.vif[0]));
    good.vif[0].presence = STORE_VIF_ABSENT;
    good.vif_count = 1;
    ck_assert_ptr_null(read_good());
    ck_assert_uint_eq(store_record_window_vifs(&good), 1);
    /* What is in the window comes before what is not, and one moves at a time. */
    good.vif_count = 2;
    good.vif[1] = good.vif[0];
    good.vif[1].hot = 1;
    ck_assert_ptr_null(read_good());
    ck_assert_uint_eq(store_record_window_vifs(&good), 1);
    good.vif[0].hot = 1;
    ck_assert_ptr_null(read_good());
    ck_assert_uint_eq(store_record_window_vifs(&good), 0);
    good.vif[1].hot = 0;
    ck_assert_str_eq(read_good(), "an interface");
    good.vif[1].hot = 1;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(good.vif[i].mac, mac, sizeof(mac));
        good.vif[i].presence = STORE_VIF_MOVING;
    }
    ck_assert_str_eq(read_good(), "an interface");
    good.vif[1].presence = STORE_VIF_UP;
    ck_assert_ptr_null(read_good());
    /* A shell has none of that. */
    good.state = STORE_SHELL;
    good.name[0] = '\0';
    ck_assert_str_eq(read_good(), "an interface");
}
END_TEST

START_TEST(texts_end_and_fit_their_states)
{
    memset(good.name, 'a', sizeof(good.name));
    ck_assert_str_eq(read_good(), "a text");
    WRONG(name[0], '\n', "a text");
    WRONG(name[0], '-', "what it says of its guest");
    WRONG(name[0], '\0', "the name");
    setup();
    memset(good.kernel, 'a', sizeof(good.kernel));
    ck_assert_str_eq(read_good(), "a text");
    setup();
    memset(good.reason, 'a', sizeof(good.reason));
    ck_assert_str_eq(read_good(), "a text");
    WRONG(state, STORE_CRASHED, "the reason");
    WRONG(reason[0], 'r', "the reason");
    WRONG(state, STORE_SHELL, "the name");
    setup();
    good.state = STORE_SHELL;
    good.name[0] = '\0';
    ck_assert_ptr_null(read_good());
    good.flags = STORE_STILL;
    ck_assert_str_eq(read_good(), "the state");
}
END_TEST

START_TEST(a_key_comes_back)
{
    struct image_key key = {.device = 3,
                            .inode = 4,
                            .size = 5,
                            .mtime = {6, 7},
                            .ctime = {8, 9},
                            .owner = 1000},
                     back;
    struct store_key stored;
    store_key_write(&key, &stored);
    store_key_read(&stored, &back);
    ck_assert(back.device == 3 && back.inode == 4 && back.size == 5 && back.owner == 1000);
    ck_assert(back.mtime.tv_sec == 6 && back.mtime.tv_nsec == 7);
    ck_assert(back.ctime.tv_sec == 8 && back.ctime.tv_nsec == 9);
}
END_TEST

int main(void)
{
    return SUITE_RUN("store_record", setup, teardown, a_good_one_says_what_was_written,
                     size_version_and_id_must_be_right, words_out_of_range,
                     interfaces_that_came_later, texts_end_and_fit_their_states, a_key_comes_back);
}
