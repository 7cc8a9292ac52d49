/* libukvm's events and waits against a scripted chaosd. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture/fake_client.h"
#include "fixture/suite.h"

#define EVENT                                                                                      \
    "{\"id\":1001,\"time_ns\":1700000000123456789,\"monotonic_ns\":5,\"kind\":\"state\","          \
    "\"guest\":\"web\",\"uuid\":\"6f0c0a3e-0000-4000-8000-000000000001\",\"domid\":7,"             \
    "\"owner\":1000,\"by\":0,\"from\":\"running\",\"to\":\"gone\",\"cause\":\"destroyed by uid "   \
    "0\"}"

static int fd;
static struct ukvm_event event;

static void open_stream(const char *script)
{
    char text[8192];

    snprintf(text, sizeof(text),
             "request {\"op\":\"events\"}\nfd-packets %s\n"
             "reply {\"ok\":{\"since\":1000}}\n",
             script);
    fake_connect(text);
    fd = -1;
    ck_assert_int_eq(ukvm_events(fake_handle, NULL, NULL, &fd), 0);
    ck_assert_int_ge(fd, 0);
    event = (struct ukvm_event){.size = sizeof(event)};
}

static int next(void)
{
    return ukvm_events_next(fake_handle, fd, &event);
}

static void end(void)
{
    close(fd);
    fake_finish();
}

START_TEST(an_event_and_the_end)
{
    open_stream(EVENT "\\n{\"end\":true,\"id\":1001}");
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&poller, 1, 5000), 1);
    ck_assert_int_eq(next(), 1);
    ck_assert_uint_eq(event.size, sizeof(event));
    ck_assert_uint_eq(event.id, 1001);
    ck_assert_uint_eq(event.time_ns, 1700000000123456789u);
    ck_assert_uint_eq(event.monotonic_ns, 5);
    ck_assert_str_eq(event.kind, "state");
    ck_assert_str_eq(event.guest, "web");
    ck_assert_str_eq(event.uuid, "6f0c0a3e-0000-4000-8000-000000000001");
    ck_assert_uint_eq(event.domid, 7);
    ck_assert_uint_eq(event.owner, 1000);
    ck_assert_uint_eq(event.by, 0);
    ck_assert_str_eq(event.from, "running");
    ck_assert_str_eq(event.to, "gone");
    ck_assert_str_eq(event.cause, "destroyed by uid 0");
    ck_assert_int_eq(next(), 1);
    ck_assert_str_eq(event.kind, "end");
    ck_assert_uint_eq(event.id, 1001);
    ck_assert_str_eq(event.guest, "");
    ck_assert_int_eq(next(), -UKVM_E_NO_DAEMON);
    ck_assert_ptr_nonnull(strstr(ukvm_error_message(fake_handle), "has ended"));
    end();
}
END_TEST

START_TEST(what_is_lost_is_counted)
{
    open_stream("{\"lost\":12,\"id\":1012}\\n{\"lost\":null,\"id\":7}\\n"
                "{\"id\":8,\"kind\":\"state\",\"domid\":null,\"by\":null,\"from\":null}\\n"
                "{\"id\":9,\"kind\":\"rename\",\"more\":[1]}");
    ck_assert_int_eq(next(), 1);
    ck_assert_str_eq(event.kind, "lost");
    ck_assert_uint_eq(event.lost, 12);
    ck_assert_uint_eq(event.id, 1012);
    ck_assert_int_eq(next(), 1);
    ck_assert_uint_eq(event.lost, UKVM_LOST_UNKNOWN);
    ck_assert_uint_eq(event.id, 7);
    ck_assert_int_eq(next(), 1);
    ck_assert_uint_eq(event.lost, 0);
    ck_assert_uint_eq(event.domid, 0);
    ck_assert_uint_eq(event.by, UKVM_NO_UID);
    /* A kind of a later version. */
    ck_assert_int_eq(next(), 1);
    ck_assert_str_eq(event.kind, "rename");
    end();
}
END_TEST

START_TEST(an_older_caller_gets_what_it_knows)
{
    open_stream(EVENT);
    struct ukvm_event small;
    memset(&small, 0x55, sizeof(small));
    small.size = offsetof(struct ukvm_event, lost);
    ck_assert_int_eq(ukvm_events_next(fake_handle, fd, &small), 1);
    ck_assert_uint_eq(small.id, 1001);
    ck_assert_str_eq(small.kind, "state");
    ck_assert_uint_eq(small.size, offsetof(struct ukvm_event, lost));
    ck_assert_uint_eq(small.lost, 0x5555555555555555u);
    ck_assert_int_eq(small.guest[0], 0x55);
    end();
}
END_TEST

START_TEST(nothing_there_is_no_end)
{
    open_stream("");
    ck_assert_int_eq(next(), -UKVM_E_NO_DAEMON);
    end();
    fake_connect("request {\"op\":\"events\",\"since\":77,\"follow\":true,\"skip\":true}\n"
                 "fd-deaf\nreply {\"ok\":{\"since\":78}}\n");
    const struct ukvm_events_options options = {
        .size = sizeof(options), .since = 77, .follow = true, .only_new = true};
    uint64_t cursor = 0;
    ck_assert_int_eq(ukvm_events(fake_handle, &options, &cursor, &fd), 0);
    ck_assert_uint_eq(cursor, 78);
    ck_assert_int_eq(next(), 0);
    end();
}
END_TEST

START_TEST(what_is_no_event_is_malformed)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "no JSON",
        "{\"id\":\"1\",\"kind\":\"state\"}",
        "{\"id\":1}",
        "{\"id\":-1,\"kind\":\"state\"}",
        "{\"id\":1,\"kind\":5}",
        "{\"id\":1,\"kind\":\"a kind that is far too long\"}",
        "{\"id\":1,\"kind\":\"state\",\"domid\":4294967296}",
        "{\"id\":1,\"kind\":\"state\",\"owner\":-5}",
        "{\"id\":1,\"lost\":0}",
        "{\"id\":1,\"lost\":\"all\"}",
        "{\"lost\":5}",
        "{\"id\":1,\"kind\":\"state\",\"guest\":"
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxx\"}",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        open_stream(wrong[i]);
        ck_assert_msg(next() == -UKVM_E_PROTOCOL, "%s", wrong[i]);
        ck_assert_uint_eq(event.id, 0);
        end();
    }
    fake_connect("request {}\nreply {\"ok\":{\"since\":1}}\nrequest {}\nfd x\nreply {\"ok\":{}}\n");
    int before = fake_open_fds();
    ck_assert_int_eq(ukvm_events(fake_handle, NULL, NULL, &fd), -UKVM_E_PROTOCOL);
    ck_assert_int_eq(ukvm_events(fake_handle, NULL, NULL, &fd), -UKVM_E_PROTOCOL);
    /* The connection was dropped, too. */
    ck_assert_int_eq(fake_open_fds(), before - 1);
    const struct ukvm_events_options options = {.size = sizeof(options), .since = UINT64_MAX};
    ck_assert_int_eq(ukvm_events(fake_handle, &options, NULL, &fd), -UKVM_E_USAGE);
    fake_finish();
}
END_TEST

START_TEST(a_wait)
{
    fake_connect(
        "request {\"op\":\"wait\",\"guest\":\"web\",\"for\":\"ready\"}\n"
        "reply {\"ok\":{\"state\":\"running\",\"reason\":null}}\n"
        "request {\"op\":\"wait\",\"guest\":\"web\",\"for\":\"gone\",\"timeout_ms\":1500}\n"
        "reply {\"error\":{\"code\":\"timeout\",\"message\":\"web: is running\"}}\n"
        "request {}\nclose\n");
    ck_assert_int_eq(ukvm_wait(fake_handle, "web", "ready", 0), 0);
    ck_assert_int_eq(ukvm_wait(fake_handle, "web", "gone", 1500), -UKVM_E_TIMEOUT);
    ck_assert_str_eq(ukvm_error_message(fake_handle), "web: is running");
    ck_assert_int_eq(ukvm_wait(fake_handle, "web", "gone", 0), -UKVM_E_NO_DAEMON);
    ck_assert_int_eq(ukvm_wait(fake_handle, "\xff", "gone", 0), -UKVM_E_NOT_FOUND);
    fake_finish();
}
END_TEST

int main(void)
{
    return SUITE_RUN("ukvm_events", NULL, NULL, an_event_and_the_end, what_is_lost_is_counted,
                     an_older_caller_gets_what_it_knows, nothing_there_is_no_end,
                     what_is_no_event_is_malformed, a_wait);
}
