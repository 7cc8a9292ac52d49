#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* ---- one event ---- */

static json_t *string_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *lost_json(const struct ukvm_event *event)
{
    json_t *lost =
        event->lost == UKVM_LOST_UNKNOWN ? json_null() : json_integer((json_int_t)event->lost);

    return json_pack("{s:I, s:s, s:o}", "id", (json_int_t)event->id, "kind", event->kind, "lost",
                     lost);
}

static json_t *event_json(const struct ukvm_event *event)
{
    json_t *domid = event->domid != 0 ? json_integer(event->domid) : json_null();
    json_t *by = event->by != UKVM_NO_UID ? json_integer(event->by) : json_null();

    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "id",
                     (json_int_t)event->id, "time_ns", (json_int_t)event->time_ns, "monotonic_ns",
                     (json_int_t)event->monotonic_ns, "kind", event->kind, "guest", event->guest,
                     "uuid", event->uuid, "domid", domid, "owner", (json_int_t)event->owner, "by",
                     by, "from", string_or_null(event->from), "to", string_or_null(event->to),
                     "cause", string_or_null(event->cause));
}

/* One line an event, for those who read line by line. */
static void print_json(const struct ukvm_event *event)
{
    json_t *object = strcmp(event->kind, "lost") == 0 ? lost_json(event) : event_json(event);

    json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    putchar('\n');
}

static void print_time(uint64_t time_ns)
{
    time_t seconds = (time_t)(time_ns / 1000000000u);
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    printf("%s.%03uZ", text, (unsigned)(time_ns / 1000000 % 1000));
}

static void print_text(const struct ukvm_event *event)
{
    if (strcmp(event->kind, "lost") == 0 && event->lost == UKVM_LOST_UNKNOWN) {
        printf("%" PRIu64 "  the history that --since is of is over; this is another\n", event->id);
        return;
    }
    if (strcmp(event->kind, "lost") == 0) {
        printf("%" PRIu64 "  %" PRIu64 " events are not kept any more\n", event->id, event->lost);
        return;
    }
    printf("%" PRIu64 "  ", event->id);
    print_time(event->time_ns);
    printf("  %s", out_clean(event->guest));
    if (strcmp(event->kind, "state") != 0)
        printf("  %s", out_clean(event->kind));
    printf("  %s", event->from[0] != '\0' ? out_clean(event->from) : "-");
    printf(" -> %s", event->to[0] != '\0' ? out_clean(event->to) : "-");
    printf("  %s\n", out_clean(event->cause));
}

/* ---- all of them ---- */

static int await(const struct cli *cli, int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    /* Who reads along wants to see what there is. */
    if (fflush(stdout) != 0)
        return -UKVM_E_INTERNAL;
    if (poll(&poller, 1, -1) < 0 && errno != EINTR)
        return cli_error(cli, -UKVM_E_INTERNAL, "%s", strerror(errno));
    return 0;
}

static int print_all(const struct cli *cli, int fd, uint64_t cursor)
{
    struct ukvm_event event = {.size = sizeof(event)};
    int rc = 0;

    while (rc >= 0 && !ferror(stdout)) {
        rc = ukvm_events_next(cli->handle, fd, &event);
        if (rc == 0) {
            rc = await(cli, fd);
        } else if (rc == 1) {
            cursor = event.id;
            if (strcmp(event.kind, "end") == 0)
                return 0;
            cli->json ? print_json(&event) : print_text(&event);
        } else {
            cli_error(cli, rc, "%s: 'chaos events --since %" PRIu64 "' goes on from here",
                      ukvm_error_message(cli->handle), cursor);
        }
    }
    return rc < 0 ? rc : 0;
}

/* An id is of 16 digits: more than a long has everywhere. */
static int read_since(const struct cli *cli, uint64_t *since_out)
{
    const char *text = cli_value(cli, "--since");
    char *end;

    if (text == NULL)
        return 0;
    errno = 0;
    unsigned long long since = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || strchr(text, '-') != NULL || since == 0 ||
        since > INT64_MAX)
        return cli_usage(cli, "--since takes the id of an event, not '%s'", text);
    *since_out = since;
    return 0;
}

int cmd_events(struct cli *cli)
{
    struct ukvm_events_options options = {.size = sizeof(options),
                                          .follow = cli_flag(cli, "--follow")};
    uint64_t cursor;
    int fd;
    int rc = read_since(cli, &options.since);

    if (rc == 0)
        rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_events(cli->handle, &options, &cursor, &fd);
    if (rc != 0)
        return cli_failed(cli, rc);
    rc = print_all(cli, fd, cursor);
    close(fd);
    return rc;
}
