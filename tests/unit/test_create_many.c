/* ctl/op_create_many: batches over the real socket, on a core of fakes. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/verbs.h"
#include "ctl/client.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "ukvm_record.h"
#include "util/fd.h"

#define WINDOW 16u

static struct rig rig;
static struct server_rig ctl;
static char reply[LIMIT_MESSAGE + 1];
static int client;

static void setup(void)
{
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    client = server_rig_connect(&ctl);
}

static void teardown(void)
{
    fd_close(&client);
    server_rig_fini(&ctl);
    rig_fini(&rig);
}

/* Turns that are due now too. */
static void run(void)
{
    rig_run(&rig);
    loop_fake_advance(rig.loop, 0);
    rig_run(&rig);
}

static bool receive(void)
{
    struct fd_packet packet;

    reply[0] = '\0';
    if (fd_receive(client, reply, sizeof(reply) - 1, &packet) < 0)
        return false;
    reply[packet.size] = '\0';
    return packet.size > 0;
}

static void post_many(const char *name, unsigned count, const char *rest)
{
    char text[512];

    snprintf(
        text, sizeof(text),
        "{\"op\":\"create\",\"id\":4,\"count\":%u,\"config\":{\"name\":\"%s\",\"memory\":2}%s}",
        count, name, rest);
    ck_assert_int_eq(fd_send(client, text, strlen(text), &rig.image_fd, 1), 0);
}

static void send_many(const char *name, unsigned count, const char *rest)
{
    post_many(name, count, rest);
    run();
}

#define ck_assert_says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%s", reply)

static struct guest *find(unsigned number)
{
    char name[32];

    snprintf(name, sizeof(name), "web-%u", number);
    return rig_find(&rig, name);
}

static void say_ready(unsigned number)
{
    rig_say(&rig, find(number), NOXS_GUEST_READY, 0);
    run();
}

/* Guest number of a batch has been answered, as created. */
static void expect_guest(unsigned number)
{
    char text[64];

    ck_assert(receive());
    snprintf(text, sizeof(text), "\"guest\":{\"name\":\"web-%u\"", number);
    ck_assert_says(reply, text);
    snprintf(text, sizeof(text), "\"number\":%u}", number);
    ck_assert_says(reply, text);
    ck_assert_says(reply, "{\"id\":4,");
}

static void expect_end(unsigned created)
{
    char text[64];

    ck_assert(receive());
    snprintf(text, sizeof(text), "{\"id\":4,\"ok\":{\"created\":%u}}", created);
    ck_assert_str_eq(reply, text);
    ck_assert(!receive());
}

START_TEST(each_is_answered_and_then_the_whole)
{
    send_many("web", 3, ",\"wait\":false");
    for (unsigned number = 1; number <= 3; number++)
        expect_guest(number);
    expect_end(3);
}
END_TEST

START_TEST(answers_come_as_guests_are_ready)
{
    send_many("web", 3, ",\"timing\":true");
    ck_assert(!receive());
    say_ready(2);
    expect_guest(2);
    ck_assert_says(reply, "\"timing\":[");
    say_ready(1);
    expect_guest(1);
    say_ready(3);
    expect_guest(3);
    expect_end(3);
}
END_TEST

START_TEST(only_so_many_are_under_way)
{
    send_many("web", WINDOW + 2, "");
    ck_assert_ptr_nonnull(find(WINDOW));
    ck_assert_ptr_null(find(WINDOW + 1));
    for (unsigned number = 1; number <= WINDOW + 2; number++) {
        say_ready(number);
        expect_guest(number);
    }
    expect_end(WINDOW + 2);
}
END_TEST

/* The user may have fewer images read at the same time than the batch has guests. */
START_TEST(a_users_guests_wait_for_one_read)
{
    LIST_OWNER(ctl.server.clients.next, struct ctl_client, node)->uid = 1000;
    /* So large that all are begun before it has been read. */
    ck_assert_int_eq(ftruncate(rig.image_fd, (off_t)LIMIT_IMAGE_MIB << 20), 0);
    post_many("web", WINDOW, ",\"wait\":false");
    loop_fake_run(rig.loop);
    loop_fake_advance(rig.loop, 0);
    run();
    for (unsigned number = 1; number <= WINDOW; number++)
        expect_guest(number);
    expect_end(WINDOW);
    ck_assert_uint_eq(rig.core.images.entry_count, 1);
}
END_TEST

START_TEST(after_a_failure_none_is_begun)
{
    send_many("web-3", 1, ",\"wait\":false");
    ck_assert(receive() && receive());
    ck_assert_ptr_nonnull(rig_find(&rig, "web-3-1"));
    /* The third name is taken. */
    struct guest_spec spec = rig_spec("web-3");
    ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    send_many("web", 40, "");
    ck_assert(receive());
    ck_assert_says(reply, "{\"id\":4,\"error\":{\"code\":\"exists\",\"message\":\"web-3: ");
    ck_assert_says(reply, "\"number\":3}");
    ck_assert_ptr_null(find(4));
    say_ready(2);
    expect_guest(2);
    ck_assert(!receive());
    say_ready(1);
    expect_guest(1);
    ck_assert(receive());
    ck_assert_says(reply, "{\"id\":4,\"error\":{\"code\":\"exists\",\"message\":\"web-3: ");
    ck_assert_says(reply, "(2 of 40 guests were created)\"}}");
    ck_assert_ptr_null(find(4));
}
END_TEST

START_TEST(those_under_way_may_fail_too)
{
    send_many("web", 3, ",\"timeout_ms\":100");
    say_ready(2);
    expect_guest(2);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(receive());
        ck_assert_says(reply, "\"code\":\"timeout\"");
        ck_assert_says(reply, "\"number\":");
    }
    ck_assert(receive());
    ck_assert_says(reply, "(1 of 3 guests were created)\"}}");
    ck_assert_ptr_null(find(1));
    ck_assert_ptr_nonnull(find(2));
}
END_TEST

START_TEST(memory_that_ends_is_an_error_of_one)
{
    hv_fake_set_free_bytes(rig.hv, UINT64_C(24) << 20);
    send_many("web", 100, ",\"wait\":false");
    unsigned created = 0;
    while (receive() && strstr(reply, "\"error\"") == NULL)
        created++;
    ck_assert_uint_gt(created, 1);
    ck_assert_uint_lt(created, 12);
    ck_assert_says(reply, "\"code\":\"no-memory\"");
    ck_assert_says(reply, "\"number\":");
    ck_assert(receive());
    ck_assert_says(reply, "of 100 guests were created");
}
END_TEST

START_TEST(what_cannot_be_is_said_before_any_is_made)
{
    char name[LIMIT_NAME];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    send_many(name, 5, "");
    ck_assert(receive());
    ck_assert_says(reply, "{\"id\":4,\"error\":{\"code\":\"config\",\"message\":\"name: ");
    send_many("web", LIMIT_GUESTS + 1, "");
    ck_assert(receive());
    ck_assert_says(reply, "count: must be at most");
    ck_assert(!receive());
    ck_assert_uint_eq(rig.core.guests.named, 0);
}
END_TEST

START_TEST(who_goes_away_gets_no_more)
{
    send_many("web", 40, "");
    fd_close(&client);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(ctl.server.client_count, 0);
    for (unsigned number = 1; number <= WINDOW; number++)
        say_ready(number);
    ck_assert_ptr_nonnull(find(WINDOW));
    ck_assert_ptr_null(find(WINDOW + 1));
    ck_assert(list_empty(&rig.core.creates));
}
END_TEST

/* What chaosd's own end holds; the least that the kernel gives. */
static void shrink_socket(void)
{
    int bytes = 1;
    const struct ctl_client *peer = LIST_OWNER(ctl.server.clients.next, struct ctl_client, node);

    ck_assert_int_eq(setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
}

START_TEST(who_does_not_read_gets_no_more_until_it_does)
{
    shrink_socket();
    send_many("web", 60, ",\"wait\":false");
    ck_assert_uint_lt(rig.core.guests.named, 60);
    unsigned created = 0;
    while (receive() && strstr(reply, "\"number\"") != NULL) {
        created++;
        run();
    }
    ck_assert_uint_eq(created, 60);
    ck_assert_says(reply, "{\"id\":4,\"ok\":{\"created\":60}}");
}
END_TEST

START_TEST(who_goes_away_unread_leaves_nothing)
{
    shrink_socket();
    send_many("web", 60, ",\"wait\":false");
    unsigned made = (unsigned)rig.core.guests.named;
    ck_assert_uint_lt(made, 60);
    fd_close(&client);
    run();
    ck_assert_uint_eq(ctl.server.client_count, 0);
    ck_assert_uint_eq(rig.core.guests.named, made);
}
END_TEST

START_TEST(a_stop_ends_a_batch)
{
    send_many("web", 40, "");
    core_stop(&rig.core);
    run();
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    unsigned errors = 0;
    while (receive()) {
        ck_assert_says(reply, "\"code\":\"no-daemon\"");
        errors++;
    }
    ck_assert_uint_eq(errors, WINDOW + 1);
}
END_TEST

START_TEST(others_are_served_meanwhile)
{
    static const char info[] = "{\"op\":\"info\",\"id\":9,\"guest\":\"web-1\"}";

    send_many("web", 2, "");
    ck_assert_int_eq(fd_send(client, info, sizeof(info) - 1, NULL, 0), 0);
    run();
    ck_assert(receive());
    ck_assert_says(reply, "{\"id\":9,\"ok\":{\"guest\":{\"name\":\"web-1\"");
}
END_TEST

START_TEST(a_batch_as_records)
{
    struct ukvm_record_create record = {
        .head = {.magic = UKVM_RECORD_MAGIC, .size = sizeof(record), .id = 4},
        .memory_mib = 2,
        .vif_count = 1,
        .no_wait = 1,
        .path = 1,
        .count = 2,
        .name = "web"};
    struct ukvm_record_guest guest;

    ck_assert_int_eq(fd_send(client, &record, sizeof(record), &rig.image_fd, 1), 0);
    run();
    for (unsigned number = 1; number <= 2; number++) {
        ck_assert(receive());
        memcpy(&guest, reply, sizeof(guest));
        ck_assert_uint_eq(guest.head.magic, UKVM_RECORD_MAGIC);
        ck_assert_int_eq(guest.head.id, 4);
        ck_assert_uint_eq(guest.number, number);
        ck_assert_uint_eq(guest.domid, find(number)->domid);
        ck_assert_str_eq(guest.path, "cold: asked for");
    }
    expect_end(2);
    record.count = LIMIT_GUESTS + 1;
    ck_assert_int_eq(fd_send(client, &record, sizeof(record), &rig.image_fd, 1), 0);
    run();
    ck_assert(receive());
    ck_assert_says(reply, "a value that cannot be");
}
END_TEST

int main(void)
{
    return SUITE_RUN("create_many", setup, teardown, each_is_answered_and_then_the_whole,
                     answers_come_as_guests_are_ready, only_so_many_are_under_way,
                     a_users_guests_wait_for_one_read, after_a_failure_none_is_begun,
                     those_under_way_may_fail_too, memory_that_ends_is_an_error_of_one,
                     what_cannot_be_is_said_before_any_is_made, who_goes_away_gets_no_more,
                     who_does_not_read_gets_no_more_until_it_does,
                     who_goes_away_unread_leaves_nothing, a_stop_ends_a_batch,
                     others_are_served_meanwhile, a_batch_as_records);
}
