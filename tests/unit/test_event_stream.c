/* ctl: streams of events and waits, over the real socket, on a core of fakes. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/verbs.h"
#include "ctl/client.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"
#include "util/fd.h"

static struct rig rig;
static struct server_rig ctl;
static struct error error;
static char reply[LIMIT_MESSAGE + 1];
static int client, stream;

static void setup(void)
{
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    client = server_rig_connect(&ctl);
    stream = -1;
}

static void teardown(void)
{
    fd_close(&client);
    fd_close(&stream);
    server_rig_fini(&ctl);
    rig_fini(&rig);
}

/* 1: a packet is in reply; 0: the end; -EAGAIN: nothing is there. */
static int receive(int fd, int *fd_out)
{
    struct fd_packet packet;
    int rc = fd_receive(fd, reply, sizeof(reply) - 1, &packet);

    if (rc < 0)
        return rc;
    reply[packet.size] = '\0';
    if (packet.fd_count > 0)
        *fd_out = packet.fds[0];
    return packet.size > 0;
}

static const char *ask_on(int fd, const char *text, int *stream_out)
{
    reply[0] = '\0';
    ck_assert_int_eq(fd_send(fd, text, strlen(text), NULL, 0), 0);
    rig_run(&rig);
    receive(fd, stream_out);
    return reply;
}

static const char *ask(const char *text)
{
    fd_close(&stream);
    return ask_on(client, text, &stream);
}

#define ck_assert_says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%s", reply)

static uint64_t last_id(void)
{
    return event_log_last(&rig.core.events.log);
}

static uint64_t first_id(void)
{
    return event_log_first(&rig.core.events.log);
}

/* The next packet's number of that name; 0 if it has none. */
static uint64_t next(const char *name)
{
    int none = -1;
    loop_fake_advance(rig.loop, RIG_MS);
    ck_assert_int_eq(receive(stream, &none), 1);
    json_t *object = json_loads(reply, 0, NULL);
    uint64_t number = (uint64_t)json_integer_value(json_object_get(object, name));
    json_decref(object);
    return number;
}

static int state_of_stream(void)
{
    int none = -1;
    loop_fake_advance(rig.loop, RIG_MS);
    return receive(stream, &none);
}

static const char *since(uint64_t id, const char *rest)
{
    static char text[128];
    snprintf(text, sizeof(text), "{\"op\":\"events\",\"since\":%llu%s}", (unsigned long long)id,
             rest);
    return text;
}

/* So many events. */
static void make_events(struct guest *guest, unsigned count)
{
    for (unsigned i = 0; i < count; i += 2) {
        ck_assert_int_eq(verb_pause(guest, &error), 0);
        ck_assert_int_eq(verb_unpause(guest, &error), 0);
    }
}

START_TEST(all_that_was_and_an_end)
{
    rig.owner = 1000;
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_says(ask("{\"op\":\"events\",\"id\":4}"), "\"since\"");
    ck_assert_int_ge(stream, 0);
    ck_assert_uint_eq(next("id"), first_id());
    ck_assert_says(reply, "\"kind\":\"state\"");
    ck_assert_says(reply, "\"guest\":\"web\"");
    ck_assert_says(reply, "\"owner\":1000");
    ck_assert_says(reply, "\"by\":1000");
    ck_assert_says(reply, "\"from\":null");
    ck_assert_says(reply, "\"to\":\"creating\"");
    ck_assert_says(reply, "\"domid\":null");
    ck_assert_says(reply, "\"cause\":\"created by uid 1000\"");
    ck_assert_uint_eq(next("domid"), guest->domid);
    ck_assert_says(reply, "\"from\":\"creating\"");
    ck_assert_says(reply, "\"by\":null");
    ck_assert_uint_eq(next("id"), last_id());
    ck_assert_uint_eq(next("id"), last_id());
    ck_assert_says(reply, "\"end\":true");
    ck_assert_int_eq(state_of_stream(), 0);
}
END_TEST

START_TEST(who_asked_is_who_asked)
{
    char want[64];
    rig_boot_named(&rig, "web");
    uint64_t before = last_id();
    ask("{\"op\":\"pause\",\"guest\":\"web\"}");
    ask("{\"op\":\"unpause\",\"guest\":\"web\"}");
    ask("{\"op\":\"destroy\",\"guest\":\"web\"}");
    ask(since(before, ""));
    snprintf(want, sizeof(want), "\"cause\":\"paused by uid %u\"", (unsigned)getuid());
    next("id");
    ck_assert_says(reply, want);
    snprintf(want, sizeof(want), "\"cause\":\"unpaused by uid %u\"", (unsigned)getuid());
    next("id");
    ck_assert_says(reply, want);
    snprintf(want, sizeof(want), "\"cause\":\"destroyed by uid %u\"", (unsigned)getuid());
    next("id");
    ck_assert_says(reply, want);
    next("id");
    ck_assert_says(reply, "\"end\":true");
}
END_TEST

START_TEST(one_that_follows_gets_what_comes)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    char want[64];
    snprintf(want, sizeof(want), "\"since\":%llu", (unsigned long long)last_id());
    ck_assert_says(ask("{\"op\":\"events\",\"follow\":true,\"skip\":true}"), want);
    ck_assert_int_eq(state_of_stream(), -EAGAIN);
    make_events(guest, 2);
    ck_assert_uint_eq(next("id"), last_id() - 1);
    ck_assert_uint_eq(next("id"), last_id());
    ck_assert_int_eq(state_of_stream(), -EAGAIN);
    /* It does not end with the connection. */
    fd_close(&client);
    rig_run(&rig);
    make_events(guest, 2);
    ck_assert_uint_eq(next("id"), last_id() - 1);
    ck_assert_uint_eq(next("id"), last_id());
    client = server_rig_connect(&ctl);
}
END_TEST

START_TEST(a_cursor_misses_nothing_across_a_restart)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    make_events(guest, 4);
    ask("{\"op\":\"events\",\"follow\":true}");
    uint64_t cursor = 0, count = 0;
    for (; count < 5; count++)
        cursor = next("id");
    /* The rest is read from the next. */
    ctl_server_close(&ctl.server);
    ctl_server_unlock(&ctl.server);
    fd_close(&client);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_int_eq(ctl_server_lock(&ctl.server, ctl.path, &error), 0);
    ck_assert_int_eq(ctl_server_listen(&ctl.server, &rig.core, &error), 0);
    client = server_rig_connect(&ctl);
    make_events(rig_find(&rig, "web"), 2);
    ask(since(cursor, ",\"follow\":true"));
    for (; cursor < last_id(); cursor++)
        ck_assert_uint_eq(next("id"), cursor + 1);
    ck_assert_int_eq(state_of_stream(), -EAGAIN);
    ck_assert_uint_eq(last_id() - first_id() + 1, 3 + 4 + 2);
}
END_TEST

START_TEST(what_fell_off_is_counted)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint64_t begin = first_id();
    make_events(guest, RIG_EVENTS + 10);
    ask(since(begin, ""));
    /* All from begin + 1 to the one before the first that is kept. */
    ck_assert_uint_eq(next("lost"), first_id() - begin - 1);
    ck_assert_says(reply, "\"id\"");
    ck_assert_uint_eq(next("id"), first_id());
    /* Who asks for all there is has lost nothing. */
    ask("{\"op\":\"events\"}");
    ck_assert_uint_eq(next("id"), first_id());
    ck_assert_says(reply, "\"kind\"");
}
END_TEST

START_TEST(a_cursor_of_another_history_is_told_so)
{
    rig_boot_named(&rig, "web");
    const uint64_t foreign[] = {1, first_id() - 2, last_id() + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        ask(since(foreign[i], ""));
        ck_assert_uint_eq(next("lost"), 0);
        ck_assert_says(reply, "\"lost\":null");
        ck_assert_uint_eq(next("id"), first_id());
        ck_assert_says(reply, "\"kind\"");
    }
    /* The last of this one is its end. */
    ask(since(last_id(), ""));
    next("id");
    ck_assert_says(reply, "\"end\":true");
    /* The one before the first is where it begins. */
    ask(since(first_id() - 1, ""));
    ck_assert_uint_eq(next("id"), first_id());
    ck_assert_says(reply, "\"kind\"");
}
END_TEST

START_TEST(who_does_not_read_costs_nothing_and_is_told)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ask("{\"op\":\"events\",\"follow\":true,\"skip\":true}");
    int slow = stream;
    stream = -1;
    uint64_t cursor = last_id();
    unsigned handles = loop_fake_handles(rig.loop);
    for (unsigned i = 0; i < 40; i++) {
        make_events(guest, RIG_EVENTS);
        loop_fake_advance(rig.loop, RIG_MS);
    }
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles);
    /* It is asleep until its client reads, and others get theirs at once. */
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "\"ok\"");
    ask("{\"op\":\"events\"}");
    ck_assert_uint_eq(next("id"), first_id());
    fd_close(&stream);
    stream = slow;
    uint64_t seen = 0, lost = 0;
    while (cursor < last_id()) {
        uint64_t id = next("id");
        json_t *object = json_loads(reply, 0, NULL);
        uint64_t gap = (uint64_t)json_integer_value(json_object_get(object, "lost"));
        json_decref(object);
        /* Each is there or is counted, once. */
        ck_assert_uint_eq(id, cursor + (gap > 0 ? gap : 1));
        seen += gap == 0;
        lost += gap;
        cursor = id;
    }
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_ge(seen, RIG_EVENTS);
    ck_assert_uint_eq(seen + lost, 40 * RIG_EVENTS);
}
END_TEST

START_TEST(one_turn_sends_a_few)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    make_events(guest, RIG_EVENTS);
    ask("{\"op\":\"events\",\"follow\":true}");
    unsigned packets = 0;
    int none = -1;
    loop_fake_run(rig.loop);
    while (receive(stream, &none) == 1)
        packets++;
    ck_assert_uint_lt(packets, RIG_EVENTS);
    for (unsigned i = 0; i < 2; i++) {
        loop_fake_advance(rig.loop, RIG_MS);
        while (receive(stream, &none) == 1)
            packets++;
    }
    ck_assert_uint_eq(packets, RIG_EVENTS);
}
END_TEST

START_TEST(a_client_that_goes_or_talks_is_let_go)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    unsigned handles = loop_fake_handles(rig.loop);
    ask("{\"op\":\"events\",\"follow\":true}");
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles + 1);
    fd_close(&stream);
    loop_fake_advance(rig.loop, RIG_MS);
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles);
    ask("{\"op\":\"events\",\"follow\":true}");
    ck_assert_int_eq(send(stream, "x", 1, MSG_NOSIGNAL), 1);
    loop_fake_advance(rig.loop, RIG_MS);
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles);
    make_events(guest, 2);
}
END_TEST

START_TEST(streams_are_bounded)
{
    int streams[LIMIT_EVENT_STREAMS];
    unsigned count = 0;
    for (; count < LIMIT_EVENT_STREAMS; count++) {
        streams[count] = -1;
        ask_on(client, "{\"op\":\"events\",\"follow\":true}", &streams[count]);
        if (streams[count] < 0)
            break;
    }
    unsigned want = getuid() == 0 ? LIMIT_EVENT_STREAMS : LIMIT_USER_EVENT_STREAMS;
    ck_assert_uint_eq(count, want);
    ck_assert_says(ask("{\"op\":\"events\"}"), "\"limit\"");
    struct error why;
    struct event_stream_want all = {0};
    uint64_t cursor;
    int fd = -1;
    ck_assert_int_eq(event_stream_open(&ctl.server.streams, 1000, &all, &cursor, &fd, &why),
                     getuid() == 1000 || count == LIMIT_EVENT_STREAMS ? -UKVM_E_LIMIT : 0);
    fd_close(&fd);
    for (unsigned i = 0; i < count; i++)
        fd_close(&streams[i]);
    loop_fake_advance(rig.loop, RIG_MS);
    /* One user's do not take all; the last are root's. */
    for (uid_t uid = 1000; count > 0; uid++)
        for (count = 0; count < LIMIT_USER_EVENT_STREAMS; count++)
            if (event_stream_open(&ctl.server.streams, uid, &all, &cursor, &streams[0], &why) < 0)
                goto full;
full:
    ck_assert_says(why.text, "limit event-streams");
    ck_assert_uint_eq(ctl.server.streams.count, LIMIT_EVENT_STREAMS - LIMIT_ROOT_CLIENTS);
    ck_assert_int_eq(event_stream_open(&ctl.server.streams, 0, &all, &cursor, &streams[0], &why),
                     0);
}
END_TEST

START_TEST(wrong_arguments)
{
    ck_assert_says(ask("{\"op\":\"events\",\"since\":-1}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"events\",\"since\":\"now\"}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"events\",\"follow\":1}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"events\",\"guest\":\"web\"}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"events\",\"until\":1}"), "\"protocol\"");
    ck_assert_int_eq(stream, -1);
    loop_fake_fail(rig.loop, 1);
    ck_assert_says(ask("{\"op\":\"events\"}"), "\"no-memory\"");
    ck_assert_int_eq(stream, -1);
}
END_TEST

/* ---- wait --------------------------------------------------------------------------- */

START_TEST(a_wait_is_answered_by_the_move)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    ck_assert_str_eq(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"ready\",\"id\":3}"), "");
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
    ck_assert_int_eq(receive(client, &stream), 1);
    ck_assert_str_eq(reply, "{\"id\":3,\"ok\":{\"state\":\"running\",\"reason\":null}}");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"running\"}"), "\"ok\"");
    ck_assert_str_eq(
        ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"paused\",\"timeout_ms\":50}"), "");
    loop_fake_advance(rig.loop, 51 * RIG_MS);
    ck_assert_int_eq(receive(client, &stream), 1);
    ck_assert_says(reply, "\"timeout\"");
    ck_assert_str_eq(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"paused\"}"), "");
    death_crash(rig_find(&rig, "web"), "it lied");
    ck_assert_int_eq(receive(client, &stream), 1);
    ck_assert_says(reply, "\"guest-failed\"");
    ck_assert_says(reply, "it lied");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"stopped\"}"),
                   "{\"state\":\"crashed\",\"reason\":\"it lied\"}");
}
END_TEST

START_TEST(a_wait_for_who_is_gone)
{
    rig_boot_named(&rig, "web");
    ask("{\"op\":\"destroy\",\"guest\":\"web\"}");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\"}"), "\"gone\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"stopped\"}"), "\"gone\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"ready\"}"), "\"not-found\"");
    /* Nobody by a name that never was is gone. */
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"wbe\",\"for\":\"gone\"}"), "\"not-found\"");
    /* The successor is not. */
    rig_boot_named(&rig, "web");
    ck_assert_str_eq(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\"}"), "");
}
END_TEST

START_TEST(a_wait_ends_with_its_client)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    unsigned handles = loop_fake_handles(rig.loop);
    for (unsigned i = 0; i < 10; i++)
        ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\",\"timeout_ms\":3600000}");
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles + 10);
    ck_assert(!list_empty(&guest->waits));
    fd_close(&client);
    rig_run(&rig);
    ck_assert(list_empty(&guest->waits));
    client = server_rig_connect(&ctl);
    ck_assert_uint_eq(loop_fake_handles(rig.loop), handles);
}
END_TEST

START_TEST(wrong_waits)
{
    rig_boot_named(&rig, "web");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\"}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"shell\"}"), "\"usage\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":1}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":1,\"for\":\"gone\"}"), "\"protocol\"");
    ck_assert_says(ask("{\"op\":\"wait\",\"for\":\"gone\"}"), "\"protocol\"");
    ck_assert_says(
        ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\",\"timeout_ms\":3600001}"),
        "\"protocol\"");
    loop_fake_fail(rig.loop, 1);
    ck_assert_says(ask("{\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\",\"timeout_ms\":1}"),
                   "\"no-memory\"");
}
END_TEST

int main(void)
{
    return SUITE_RUN("event_stream", setup, teardown, all_that_was_and_an_end,
                     who_asked_is_who_asked, one_that_follows_gets_what_comes,
                     a_cursor_misses_nothing_across_a_restart, what_fell_off_is_counted,
                     a_cursor_of_another_history_is_told_so,
                     who_does_not_read_costs_nothing_and_is_told, one_turn_sends_a_few,
                     a_client_that_goes_or_talks_is_let_go, streams_are_bounded, wrong_arguments,
                     a_wait_is_answered_by_the_move, a_wait_for_who_is_gone,
                     a_wait_ends_with_its_client, wrong_waits);
}
