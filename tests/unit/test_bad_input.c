/*
 * Every operation of the table, with everything wrong that can be: each needs a row here, is what
 * docs/protocol.md says, and answers what is wrong with one clear error, after which the connection
 * and the guest are as before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/dead.h"
#include "ctl/client.h"
#include "ctl/ops.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"
#include "util/fd.h"
#include "util/fd_closer.h"

#define OWNER    1000u
#define STRANGER 1001u

/* All arguments of an operation beside "guest", with values that are right. */
static const struct row {
    const char *op;
    const char *arguments;
    /* Of operations on a guest: what one gets that is still booting, and one that crashed. */
    const char *booting, *crashed;
} rows[] = {
    {"version", "{}", NULL, NULL},
    {"create",
     "{\"config\":{\"name\":\"new\",\"memory\":2},\"wait\":false,\"timeout_ms\":100,"
     "\"timing\":true,\"path\":\"cold\",\"count\":1}",
     NULL, NULL},
    {"list", "{\"after\":0,\"after_name\":\"\"}", NULL, NULL},
    {"stats", "{\"after\":0}", NULL, NULL},
    {"define", "{\"config\":{\"name\":\"new\",\"memory\":2}}", NULL, NULL},
    {"undefine", "{}", "bad-state", "bad-state"},
    {"start", "{\"wait\":false,\"timeout_ms\":100}", "bad-state", "bad-state"},
    {"restart", "{\"wait\":false,\"timeout_ms\":100,\"force\":false}", "bad-state", "bad-state"},
    {"rename", "{\"name\":\"renamed\"}", "ok", "ok"},
    {"info", "{}", "ok", "ok"},
    {"destroy", "{\"wait\":false}", "ok", "ok"},
    {"pause", "{}", "ok", "bad-state"},
    {"unpause", "{}", "bad-state", "bad-state"},
    {"shutdown", "{\"timeout_ms\":100,\"force\":false}", "later", "bad-state"},
    {"reboot", "{\"timeout_ms\":100,\"force\":false}", "later", "bad-state"},
    {"events", "{\"since\":0,\"follow\":false,\"skip\":false}", NULL, NULL},
    {"wait", "{\"for\":\"running\",\"timeout_ms\":100}", "later", "guest-failed"},
    {"dump-core", "{}", "later", "bad-state"},
    {"net-attach", "{\"vif\":{},\"timeout_ms\":100}", "bad-state", "bad-state"},
    /* One of the two is enough, and both are wrong. */
    {"net-detach", "{\"slot\":0,\"mac\":\"00:16:3e:00:00:01\",\"timeout_ms\":100}", "protocol",
     "protocol"},
    {"net-list", "{}", "ok", "ok"},
    {"mem-set", "{\"memory\":2,\"timeout_ms\":100}", "bad-state", "bad-state"},
    {"vcpu-pin", "{\"vcpu\":0,\"cpus\":{\"only\":[0]}}", "ok", "bad-state"},
    {"sched", "{}", "ok", "bad-state"},
    {"sched-set", "{\"weight\":256,\"cap\":0}", "ok", "bad-state"},
    {"dmesg", "{\"after\":0,\"clear\":false}", NULL, NULL},
    {"console", "{\"follow\":false,\"input\":false,\"since_ms\":0}", "ok", "ok"},
    {"noxs", "{}", "ok", "bad-state"},
    {"pool", "{}", NULL, NULL},
    {"pool-set", "{\"setting\":\"budget=64\"}", NULL, NULL},
};

static struct rig rig;
static struct server_rig ctl;
static char reply[LIMIT_MESSAGE + 1];
static int client;
static int scratch; /* a file that may be written */

static void setup(void)
{
    scratch = rig_file("", 0);
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    client = server_rig_connect(&ctl);
}

static void teardown(void)
{
    fd_close(&client);
    fd_close(&scratch);
    server_rig_fini(&ctl);
    rig_fini(&rig);
    for (int i = 0; i < 5000 && fd_closer_pending(OWNER) > 0; i++)
        usleep(1000);
}

static const struct row *row_of(const struct ctl_op *op)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].op, op->name) == 0)
            return &rows[i];
    ck_abort_msg("operation '%s' has no row in this test", op->name);
    return NULL;
}

#define FOR_EACH_OP(op)                                                                            \
    for (size_t at_ = 0; at_ != SIZE_MAX; at_ = SIZE_MAX)                                          \
        for (const struct ctl_op *op; (op = ctl_op_at(at_)) != NULL; at_++)

/* ---- asking ------------------------------------------------------------------------- */

static void be(uid_t uid)
{
    LIST_OWNER(ctl.server.clients.next, struct ctl_client, node)->uid = uid;
}

static void receive(void)
{
    struct fd_packet packet;
    reply[0] = '\0';
    if (fd_receive(client, reply, sizeof(reply) - 1, &packet) < 0)
        return;
    ck_assert_msg(packet.size > 0, "hung up on");
    reply[packet.size] = '\0';
    fd_close_all(packet.fds, packet.fd_count);
}

static const char *ask_bytes(const char *text, size_t size, unsigned fds)
{
    int file = memmem(text, size, "dump-core", 9) != NULL ? scratch : rig.image_fd;
    const int copies[] = {file, file, file};
    /* Late answers to what was asked before. */
    do
        receive();
    while (reply[0] != '\0');
    ck_assert_int_eq(fd_send(client, text, size, copies, fds), 0);
    rig_run(&rig);
    receive();
    return reply;
}

/* request is stolen. */
static const char *ask(json_t *request, unsigned fds)
{
    char *text = json_dumps(request, JSON_COMPACT);
    ask_bytes(text, strlen(text), fds);
    free(text);
    json_decref(request);
    return reply;
}

/* What is right: the caller makes it wrong. */
static json_t *request_of(const struct ctl_op *op, const char *guest)
{
    json_t *request = json_loads(row_of(op)->arguments, 0, NULL);
    ck_assert_ptr_nonnull(request);
    json_object_set_new(request, "op", json_string(op->name));
    json_object_set_new(request, "id", json_integer(7));
    if (op->subject != CTL_NOBODY)
        json_object_set_new(request, "guest", json_string(guest));
    return request;
}

/* "ok", the code of the error, or "later". */
static const char *outcome(void)
{
    static char code[32];
    json_t *answer = json_loads(reply, 0, NULL);
    const char *text = json_string_value(json_object_get(json_object_get(answer, "error"), "code"));
    snprintf(code, sizeof(code), "%s",
             answer == NULL                          ? "later"
             : json_object_get(answer, "ok") != NULL ? "ok"
             : text != NULL                          ? text
                                                     : "neither");
    json_decref(answer);
    return code;
}

/* One error with that code and the request's id, in one line that says something. */
static void check_error(const char *code, const char *what, const struct ctl_op *op)
{
    json_t *answer = json_loads(reply, 0, NULL);
    const json_t *error = json_object_get(answer, "error");
    const char *message = json_string_value(json_object_get(error, "message"));
    ck_assert_msg(strcmp(outcome(), code) == 0, "%s: %s: %s", op->name, what, reply);
    ck_assert_msg(message != NULL && strlen(message) > 5 && strchr(message, '\n') == NULL,
                  "%s: %s: %s", op->name, what, reply);
    json_decref(answer);
    receive();
    ck_assert_msg(reply[0] == '\0', "%s: %s: two answers", op->name, what);
}

static struct guest *boot(const char *name, uid_t owner)
{
    char text[128];
    be(owner);
    snprintf(text, sizeof(text),
             "{\"op\":\"create\",\"config\":{\"name\":\"%s\",\"memory\":2},\"wait\":false}", name);
    ask_bytes(text, strlen(text), 1);
    ck_assert_str_eq(outcome(), "ok");
    return rig_find(&rig, name);
}

static struct guest *run(const char *name, uid_t owner)
{
    struct guest *guest = boot(name, owner);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(guest), "running");
    return guest;
}

/* After what was wrong all is as before. */
static void check_unharmed(void)
{
    static const char version[] = "{\"op\":\"version\"}";
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "a")), "running");
    ck_assert_uint_eq(rig.core.guests.named, 1);
    ask_bytes(version, sizeof(version) - 1, 0);
    ck_assert_str_eq(outcome(), "ok");
}

/* ---- the tables agree --------------------------------------------------------------- */

START_TEST(every_operation_has_a_row_and_every_row_an_operation)
{
    FOR_EACH_OP(op)
    row_of(op);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(ctl_op_find(rows[i].op) != NULL, "no operation '%s'", rows[i].op);
}
END_TEST

/* The cell of a table's line, from 1; with its spaces. */
static void cell(const char *line, unsigned number, char *out, size_t size)
{
    while (number-- > 0)
        line = strchr(line, '|') + 1;
    snprintf(out, size, "%.*s", (int)strcspn(line, "|\n"), line);
}

/* Whether the names in backquotes are the arguments, and no more. */
static void check_documented_arguments(const struct ctl_op *op, const char *text)
{
    json_t *request = request_of(op, "a"), *arguments = json_loads("{}", 0, NULL);
    const char *name;
    json_t *value;
    for (const char *at = text; (at = strchr(at, '`')) != NULL; at++) {
        char word[64];
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(at + 1, "`"), at + 1);
        at = strchr(at + 1, '`');
        if (strspn(word, "abcdefghijklmnopqrstuvwxyz_") != strlen(word))
            continue; /* what a value looks like, or a file */
        json_object_set_new(arguments, word, json_true());
        ck_assert_msg(json_object_get(request, word) != NULL, "%s: `%s` is documented", op->name,
                      word);
    }
    json_object_del(request, "op");
    json_object_del(request, "id");
    json_object_foreach(request, name, value) ck_assert_msg(
        json_object_get(arguments, name) != NULL, "%s: '%s' is not documented", op->name, name);
    json_decref(request);
    json_decref(arguments);
}

static void check_documented(const struct ctl_op *op, const char *line)
{
    static const char *const who[] = {
        [CTL_ANYONE] = " anyone ", [CTL_OWNER] = " owner ", [CTL_ROOT] = " root "};
    char text[512];
    cell(line, 4, text, sizeof(text));
    ck_assert_msg(strcmp(text, who[op->privilege]) == 0, "%s: %s", op->name, text);
    cell(line, 2, text, sizeof(text));
    ck_assert_msg((strstr(text, "fd 0") != NULL) == (op->fds == 1), "%s: %s", op->name, text);
    check_documented_arguments(op, text);
}

START_TEST(the_protocol_is_documented)
{
    char line[1024], name[64];
    unsigned count = 0, expected = 0;
    FILE *file = fopen(PROTOCOL_MD, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL && strcmp(line, "## Operations\n") != 0) {
    }
    while (fgets(line, sizeof(line), file) != NULL && strncmp(line, "## ", 3) != 0) {
        if (sscanf(line, "| `%63[^`]`", name) != 1)
            continue;
        const struct ctl_op *op = ctl_op_find(name);
        ck_assert_msg(op != NULL, "%s is documented and is no operation", name);
        check_documented(op, line);
        count++;
    }
    fclose(file);
    FOR_EACH_OP(op)
    expected++;
    ck_assert_uint_eq(count, expected);
}
END_TEST

/* ---- who ---------------------------------------------------------------------------- */

/* By create and rename. */
static void forget_what_was_made(void)
{
    static const char *const names[] = {"new-1", "renamed"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct guest *guest = rig_find(&rig, names[i]);
        if (guest != NULL)
            destroy_guest(guest, NULL);
    }
}

static void check_may(const struct ctl_op *op, uid_t uid, bool may)
{
    static unsigned number;
    char name[32];
    snprintf(name, sizeof(name), "g%u", number++);
    run(name, OWNER);
    be(uid);
    ask(request_of(op, name), op->fds);
    bool refused = strcmp(outcome(), "permission") == 0;
    ck_assert_msg(refused == !may, "%s as %u: %s", op->name, (unsigned)uid, reply);
    /* Something that takes its time may still answer. */
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    receive();
    struct guest *guest = rig_find(&rig, name);
    if (refused && op->subject != CTL_NOBODY)
        ck_assert_str_eq(guest_state_name(guest), "running");
    if (guest != NULL)
        destroy_guest(guest, NULL);
    forget_what_was_made();
    loop_fake_run(rig.loop);
}

START_TEST(who_may_what_is_as_the_table_says)
{
    FOR_EACH_OP(op)
    {
        check_may(op, 0, true);
        check_may(op, OWNER, op->privilege != CTL_ROOT);
        check_may(op, STRANGER, op->privilege == CTL_ANYONE);
    }
}
END_TEST

/* ---- what is wrong with a message --------------------------------------------------- */

/* Values of every other type. */
static const char *const values[] = {"null", "true", "7", "-1", "1.5", "\"x\"", "[]", "[7]", "{}"};

static bool is_wrong(const json_t *right, const json_t *value)
{
    if (json_is_boolean(right))
        return !json_is_boolean(value);
    if (json_is_integer(right))
        return !json_is_integer(value) || json_integer_value(value) < 0;
    return json_typeof(right) != json_typeof(value);
}

static void check_types(const struct ctl_op *op)
{
    json_t *right = request_of(op, "a");
    const char *name;
    json_t *member;
    json_object_foreach(right, name, member) for (size_t i = 0;
                                                  i < sizeof(values) / sizeof(values[0]); i++)
    {
        json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
        if (!is_wrong(member, value) || (strcmp(name, "id") == 0 && json_is_integer(value))) {
            json_decref(value);
            continue;
        }
        json_t *wrong = json_deep_copy(right);
        json_object_set_new(wrong, name, value);
        ask(wrong, op->fds);
        check_error("protocol", name, op);
        ck_assert_msg(strstr(reply, "\n") == NULL, "%s", reply);
    }
    json_decref(right);
}

START_TEST(arguments_of_a_wrong_type)
{
    run("a", 0);
    FOR_EACH_OP(op)
    check_types(op);
    check_unharmed();
}
END_TEST

START_TEST(members_that_are_not_known_or_come_twice)
{
    run("a", 0);
    FOR_EACH_OP(op)
    {
        char text[512];
        json_t *request = request_of(op, "a");
        json_object_set_new(request, "color", json_true());
        ask(request, op->fds);
        ck_assert_msg(strstr(reply, "unknown member 'color'") != NULL, "%s: %s", op->name, reply);
        check_error("protocol", "an unknown member", op);
        snprintf(text, sizeof(text), "{\"op\":\"%s\",\"op\":\"%s\"}", op->name, op->name);
        ask_bytes(text, strlen(text), op->fds);
        check_error("protocol", "a member that comes twice", op);
    }
    check_unharmed();
}
END_TEST

START_TEST(guests_that_are_not)
{
    static char huge[60000];
    memset(huge, 'a', sizeof(huge) - 1);
    const char *const nobodys[] = {"", "nobody", "99999", "-1", "ffff", "A B", "\xc3\xa4", huge};
    run("a", 0);
    FOR_EACH_OP(op)
    {
        json_t *request = request_of(op, "a");
        if (op->subject == CTL_NOBODY) {
            json_object_set_new(request, "guest", json_string("a"));
            ask(request, op->fds);
            check_error("protocol", "a guest", op);
            continue;
        }
        json_object_del(request, "guest");
        ask(request, op->fds);
        check_error("protocol", "no guest", op);
        for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++) {
            ask(request_of(op, nobodys[i]), op->fds);
            check_error("not-found", nobodys[i], op);
        }
    }
    check_unharmed();
}
END_TEST

START_TEST(descriptors_too_many_or_too_few)
{
    run("a", 0);
    FOR_EACH_OP(op)
    for (unsigned fds = 0; fds <= 3; fds++)
        if (fds != op->fds) {
            ask(request_of(op, "a"), fds);
            check_error("protocol", "descriptors", op);
        }
    check_unharmed();
}
END_TEST

/* A packet cannot be cut by the socket, but by who sends it. */
START_TEST(messages_that_are_cut_or_too_long)
{
    static char long_one[LIMIT_MESSAGE + 1];
    run("a", 0);
    FOR_EACH_OP(op)
    {
        json_t *request = request_of(op, "a");
        char *text = json_dumps(request, JSON_COMPACT);
        size_t size = strlen(text);
        for (size_t length = 1; length < size; length++) {
            ask_bytes(text, length, op->fds);
            check_error("protocol", "a part of it", op);
        }
        memset(long_one, ' ', sizeof(long_one));
        memcpy(long_one, text, size);
        ask_bytes(long_one, sizeof(long_one), op->fds);
        check_error("protocol", "a byte too many", op);
        free(text);
        json_decref(request);
    }
    check_unharmed();
}
END_TEST

START_TEST(numbers_beyond_their_limits)
{
    char text[128];
    run("a", 0);
    snprintf(text, sizeof(text), "{\"op\":\"shutdown\",\"guest\":\"a\",\"timeout_ms\":%u}",
             LIMIT_TIMEOUT_MS + 1);
    ask_bytes(text, strlen(text), 0);
    check_error("protocol", "a timeout", ctl_op_find("shutdown"));
    snprintf(text, sizeof(text), "{\"op\":\"console\",\"guest\":\"a\",\"since_ms\":%llu}",
             LIMIT_SINCE_S * 1000ull + 1);
    ask_bytes(text, strlen(text), 0);
    check_error("protocol", "an age", ctl_op_find("console"));
    snprintf(text, sizeof(text), "{\"op\":\"pool-set\",\"setting\":\"memory=2 target=%u\"}",
             LIMIT_FLAVOUR_SHELLS + 1);
    ask_bytes(text, strlen(text), 0);
    check_error("config", "a target", ctl_op_find("pool-set"));
    check_unharmed();
}
END_TEST

/* ---- wrong states ------------------------------------------------------------------- */

static void check_state(const struct ctl_op *op, const char *name, const char *expected)
{
    be(0);
    ask(request_of(op, name), op->fds);
    ck_assert_msg(strcmp(outcome(), expected) == 0, "%s of a guest that is %s: %s", op->name, name,
                  reply);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    receive();
    struct guest *guest = rig_find(&rig, name);
    if (guest != NULL)
        destroy_guest(guest, NULL);
    forget_what_was_made();
    loop_fake_run(rig.loop);
}

START_TEST(guests_in_a_wrong_state)
{
    FOR_EACH_OP(op)
    {
        if (op->subject == CTL_NOBODY)
            continue;
        ck_assert_msg(row_of(op)->booting != NULL && row_of(op)->crashed != NULL,
                      "%s: what is a guest of that state to it?", op->name);
        boot("booting", 0);
        check_state(op, "booting", row_of(op)->booting);
        rig_say(&rig, boot("crashed", 0), 99, 0);
        loop_fake_run(rig.loop);
        check_state(op, "crashed", row_of(op)->crashed);
    }
}
END_TEST

START_TEST(a_definitions_name_is_not_taken_for_the_beginning_of_a_uuid)
{
    struct guest *guest = boot("web", OWNER);
    uint8_t uuid[sizeof(guest->uuid)];
    memcpy(uuid, guest->uuid, sizeof(uuid));
    memset(guest->uuid, 0xab, 4);
    json_t *request = request_of(ctl_op_find("define"), NULL);
    json_object_set_new(json_object_get(request, "config"), "name", json_string("abababab"));
    ask(request, 1);
    ck_assert_str_eq(outcome(), "ok");
    ask(request_of(ctl_op_find("destroy"), "abababab"), 0);
    check_error("bad-state", "a definition", ctl_op_find("destroy"));
    ck_assert_ptr_eq(rig_find(&rig, "web"), guest);
    ask(request_of(ctl_op_find("info"), "ABABABAB"), 0);
    ck_assert_str_eq(outcome(), "ok");
    ck_assert_ptr_nonnull(strstr(reply, "\"web\""));
    memcpy(guest->uuid, uuid, sizeof(uuid));
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "bad_input", setup, teardown, every_operation_has_a_row_and_every_row_an_operation,
        the_protocol_is_documented, who_may_what_is_as_the_table_says, arguments_of_a_wrong_type,
        members_that_are_not_known_or_come_twice, guests_that_are_not,
        descriptors_too_many_or_too_few, messages_that_are_cut_or_too_long,
        numbers_beyond_their_limits, guests_in_a_wrong_state,
        a_definitions_name_is_not_taken_for_the_beginning_of_a_uuid);
}
