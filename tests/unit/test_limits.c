/* core/limits: each that can be set is, is reached, and says so with numbers; nothing is half made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/limits.h"
#include "ctl/client.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "util/fd.h"

static struct rig rig;
static struct server_rig ctl;
static struct error error;
static char reply[LIMIT_MESSAGE + 1];

static void setup(void)
{
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    ck_assert_int_eq(chmod(ctl.directory, 0755) | chmod(ctl.path, 0666), 0);
}

static void teardown(void)
{
    server_rig_fini(&ctl);
    rig_fini(&rig);
    limits_reset();
}

static void set(const char *text)
{
    ck_assert_msg(limit_set("x.conf:1", text, &error) == 0, "%s", error.text);
}

/* ---- what guests have ---------------------------------------------------------------- */

/* The nth guest: 2 MiB, a vCPU, 8 mapped pages, a published port. */
static struct guest *make(unsigned n)
{
    char name[16];
    snprintf(name, sizeof(name), "g%u", n);
    struct guest_spec spec = rig_spec(name);
    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.host_port = (uint16_t)(2000 + n), .guest_port = 80};
    return rig_boot(&rig, &spec);
}

/* Of a user who is not root, until one is refused. */
static unsigned make_all(void)
{
    unsigned made = 0;
    rig.owner = 1000;
    while (made < 20 && make(made) != NULL)
        made++;
    return made;
}

static void check_nothing_is_left_of(unsigned refused, unsigned made)
{
    char name[16];
    snprintf(name, sizeof(name), "g%u", refused);
    ck_assert_ptr_null(rig_find(&rig, name));
    ck_assert_uint_eq(rig.core.guests.domid_count, made);
    ck_assert_uint_eq(rig.core.guests.vcpus, made);
    ck_assert_uint_eq(rig.core.guests.mapped_pages, 8 * made);
}

/* ---- the others ---------------------------------------------------------------------- */

static void the_hosts_reserve(void)
{
    hv_fake_set_free_bytes(rig.hv, UINT64_C(20) << 20);
    set("host-reserve-mib=17");
    ck_assert_uint_eq(make_all(), 0);
    ck_assert_ptr_nonnull(strstr(rig.error.text,
                                 "needs 4 MiB with overhead, 20 MiB are free, of which the host "
                                 "keeps 17 (limit host-reserve-mib)"));
    check_nothing_is_left_of(0, 0);
    set("host-reserve-mib=16");
    ck_assert_ptr_nonnull(make(0));
}

static int connect_as(uid_t uid)
{
    ck_assert_int_eq(syscall(SYS_setresuid, -1, uid, -1), 0);
    int fd = server_rig_connect(&ctl);
    ck_assert_int_eq(syscall(SYS_setresuid, -1, 0, -1), 0);
    return fd;
}

static bool receive(int fd)
{
    struct fd_packet packet;
    if (fd_receive(fd, reply, sizeof(reply) - 1, &packet) < 0)
        return false;
    reply[packet.size] = '\0';
    return packet.size > 0;
}

static void connections(const char *setting, const char *says)
{
    int fds[4];
    set(setting);
    for (unsigned i = 0; i < 4; i++)
        fds[i] = connect_as(1000);
    ck_assert_uint_eq(ctl.server.client_count, 3);
    ck_assert(receive(fds[3]));
    ck_assert_msg(strstr(reply, says) != NULL, "%s", reply);
    fd_close(&fds[0]);
    loop_fake_run(rig.loop);
    fd_close(&fds[3]);
    fds[3] = connect_as(1000);
    ck_assert_uint_eq(ctl.server.client_count, 3);
    fd_close_all(fds, 4);
    loop_fake_run(rig.loop);
}

static void all_connections(void)
{
    /* Root's last are not theirs. */
    connections("clients=19", "limit clients: at most 19 connections; 3 in use, 1 asked for");
}

static void a_users_connections(void)
{
    connections("user-clients=3", "3 connections of one user who is not root; 3 in use");
}

static void ask(int fd)
{
    static const char version[] = "{\"op\":\"version\"}";
    ck_assert_int_eq(fd_send(fd, version, sizeof(version) - 1, NULL, 0), 0);
    loop_fake_run(rig.loop);
}

static unsigned answers(int fd)
{
    unsigned count = 0;
    while (receive(fd)) {
        ck_assert_msg(strstr(reply, "\"ok\"") != NULL, "%s", reply);
        count++;
    }
    return count;
}

/* Over the rate they are read later, whatever connection they come on; others are not. */
static void a_users_messages(void)
{
    set("user-messages=10");
    int first = connect_as(1000), second = connect_as(1000), other = connect_as(1001),
        root = connect_as(0);
    for (unsigned i = 0; i < 8; i++)
        ask(first);
    for (unsigned i = 0; i < 4; i++)
        ask(second);
    ck_assert_uint_eq(answers(first) + answers(second), 10);
    for (unsigned i = 0; i < 30; i++) {
        ask(root);
        ck_assert_uint_eq(answers(root), 1);
    }
    ask(other);
    ck_assert_uint_eq(answers(other), 1);
    /* Nor does a new connection help. */
    int third = connect_as(1000);
    ask(third);
    ck_assert_uint_eq(answers(third), 0);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(answers(second) + answers(third), 1);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(answers(second) + answers(third), 2);
    /* After a second of silence all is as in the beginning. */
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    for (unsigned i = 0; i < 12; i++)
        ask(second);
    ck_assert_uint_eq(answers(second), 10);
    /* Who goes away meanwhile is gone when their turn comes. */
    fd_close(&second);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_uint_eq(ctl.server.client_count, 4);
    fd_close(&first);
    fd_close(&third);
    fd_close(&other);
    fd_close(&root);
    loop_fake_run(rig.loop);
}

/* ---- the table ----------------------------------------------------------------------- */

static const struct row {
    enum limit_id id;
    const char *setting;
    unsigned made; /* guests, before one is refused */
    const char *says;
    void (*test)(void); /* instead */
} rows[] = {
    {LIMIT_ID_GUESTS, "guests=3", 3,
     "limit guests: at most 3 guests on this host; 3 in use, 1 asked for", NULL},
    {LIMIT_ID_USER_GUESTS, "user-guests=3", 3,
     "limit user-guests: at most 3 guests of one user who is not root; 3 in use, 1 asked", NULL},
    {LIMIT_ID_USER_PUBLISH, "user-publish=3", 3, "limit user-publish: at most 3", NULL},
    {LIMIT_ID_USER_MEMORY_MIB, "user-memory-mib=7", 3,
     "limit user-memory-mib: at most 7 MiB for all guests of a user who is not root; 6 in use, 2 "
     "asked for",
     NULL},
    {LIMIT_ID_VCPUS, "vcpus=3", 3, "limit vcpus: at most 3", NULL},
    {LIMIT_ID_USER_VCPUS, "user-vcpus=3", 3, "limit user-vcpus: at most 3", NULL},
    {LIMIT_ID_MAPPED_PAGES, "mapped-pages=31", 3,
     "limit mapped-pages: at most 31 pages of guests mapped in dom0; 24 in use, 8 asked for", NULL},
    {LIMIT_ID_USER_MAPPED_PAGES, "user-mapped-pages=31", 3, "limit user-mapped-pages: at most 31",
     NULL},
    {LIMIT_ID_USER_MESSAGES, NULL, 0, NULL, a_users_messages},
    {LIMIT_ID_HOST_RESERVE_MIB, NULL, 0, NULL, the_hosts_reserve},
    {LIMIT_ID_CLIENTS, NULL, 0, NULL, all_connections},
    {LIMIT_ID_USER_CLIENTS, NULL, 0, NULL, a_users_connections},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct {
    enum limit_id id;
    unsigned ceiling;
} settable[] = {
#define SETTABLE_ROW(symbol, ceiling) {LIMIT_ID_##symbol, ceiling},
    LIMITS_SETTABLE(SETTABLE_ROW)
#undef SETTABLE_ROW
};

#define SETTABLE_COUNT (sizeof(settable) / sizeof(settable[0]))

START_TEST(each_that_can_be_set_has_a_row)
{
    for (size_t i = 0; i < SETTABLE_COUNT; i++) {
        size_t row = 0;
        while (row < ROW_COUNT && rows[row].id != settable[i].id)
            row++;
        ck_assert_msg(row < ROW_COUNT, "limit %s has no test here", limits[settable[i].id].name);
    }
}
END_TEST

static void check_guests(const struct row *row)
{
    set(row->setting);
    ck_assert_uint_eq(make_all(), row->made);
    ck_assert_int_eq(rig.error.code, UKVM_E_LIMIT);
    ck_assert_msg(strstr(rig.error.text, row->says) != NULL, "%s", rig.error.text);
    check_nothing_is_left_of(row->made, row->made);
    /* What was given back can be had again, once. */
    destroy_guest(rig_find(&rig, "g0"), NULL);
    loop_fake_run(rig.loop);
    ck_assert_ptr_nonnull(make(10));
    ck_assert_ptr_null(make(11));
    /* Of another user only what is the host's is bounded. */
    rig.owner = 1001;
    bool of_a_user = strncmp(row->setting, "user-", 5) == 0;
    ck_assert_int_eq(make(12) != NULL, of_a_user);
}

START_TEST(each_is_reached_and_says_so_with_numbers)
{
    const struct row *row = &rows[_i];
    if (getuid() != 0)
        return;
    if (row->test != NULL)
        row->test();
    else
        check_guests(row);
}
END_TEST

START_TEST(adopted_guests_count)
{
    const struct row *row = &rows[0];
    while (row->id != LIMIT_ID_MAPPED_PAGES)
        row++;
    set(row->setting);
    for (const char *const *name = (const char *const[]){"a", "b", "c", NULL}; *name != NULL;
         name++)
        ck_assert_ptr_nonnull(rig_boot_named(&rig, *name));
    ctl_server_close(&ctl.server);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_uint_eq(rig.core.guests.mapped_pages, 24);
    ck_assert_uint_eq(rig.core.guests.vcpus, 3);
    ck_assert_ptr_null(make(3));
    ck_assert_ptr_nonnull(strstr(rig.error.text, row->says));
}
END_TEST

START_TEST(settings_are_checked)
{
    static const char *const wrong[] = {
        "",          "guests",    "guests=",      "guests=-1",
        "guests=3x", "guests= 3", "guests=10001", "guests=99999999999999999999",
        "guest=3",   "guestsx=3", "name=3",       "message=100"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_msg(limit_set("x.conf:1", wrong[i], &error) == -UKVM_E_CONFIG, "%s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(error.text, "x.conf:1: limit"));
    }
    for (size_t i = 0; i < SETTABLE_COUNT; i++) {
        char text[64];
        ck_assert_uint_le(limits[settable[i].id].value, settable[i].ceiling);
        snprintf(text, sizeof(text), "%s=%u", limits[settable[i].id].name, settable[i].ceiling);
        set(text);
        ck_assert_uint_eq(limit_of(settable[i].id), settable[i].ceiling);
        snprintf(text, sizeof(text), "%s=%u", limits[settable[i].id].name, settable[i].ceiling + 1);
        ck_assert_int_eq(limit_set("x.conf:1", text, &error), -UKVM_E_CONFIG);
    }
    limits_reset();
    ck_assert_uint_eq(limit_of(LIMIT_ID_GUESTS), LIMIT_GUESTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_that_can_be_set_has_a_row);
    tcase_add_loop_test(tests, each_is_reached_and_says_so_with_numbers, 0, (int)ROW_COUNT);
    tcase_add_test(tests, adopted_guests_count);
    tcase_add_test(tests, settings_are_checked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
