/* ctl: dump-core, mem-set, vcpu-pin, sched and dmesg, over the real socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/dump_writer.h"
#include "core/limits.h"
#include "ctl/client.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"
#include "util/fd.h"

static struct rig rig;
static struct server_rig ctl;
static char reply[LIMIT_MESSAGE + 1];
static int client;

static bool no_writers(void *arg)
{
    (void)arg;
    return dump_writer_count((uid_t)-1) == 0;
}

static void setup(void)
{
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    client = server_rig_connect(&ctl);
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
}

static void teardown(void)
{
    fd_close(&client);
    server_rig_fini(&ctl);
    rig_fini(&rig);
    for (int i = 0; i < 5000 && !no_writers(NULL); i++)
        usleep(1000);
}

static bool receive(void *arg)
{
    struct fd_packet packet;
    (void)arg;
    reply[0] = '\0';
    if (fd_receive(client, reply, sizeof(reply) - 1, &packet) < 0)
        return false;
    reply[packet.size] = '\0';
    return packet.size > 0;
}

static const char *ask_with(const char *text, int fd)
{
    ck_assert_int_eq(fd_send(client, text, strlen(text), &fd, fd >= 0 ? 1 : 0), 0);
    loop_fake_run(rig.loop);
    receive(NULL);
    return reply;
}

static const char *ask(const char *text)
{
    return ask_with(text, -1);
}

static void as_user(uid_t uid)
{
    LIST_OWNER(ctl.server.clients.next, struct ctl_client, node)->uid = uid;
}

#define ck_assert_says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%.300s", reply)

static const struct hv_fake_domain_view *domain(void)
{
    return hv_fake_domain(rig.hv, rig_find(&rig, "web")->domid);
}

START_TEST(a_dump_answers_when_it_is_written)
{
    int file = rig_file("", 0);
    char head[4];
    ask_with("{\"op\":\"dump-core\",\"guest\":\"web\",\"id\":1}", file);
    ck_assert_str_eq(reply, "");
    /* Meanwhile others are served. */
    ck_assert_says(ask("{\"op\":\"pause\",\"guest\":\"web\",\"id\":2}"), "is being dumped");
    ck_assert(loop_fake_wait(rig.loop, receive, NULL));
    ck_assert_str_eq(reply, "{\"id\":1,\"ok\":{}}");
    ck_assert_int_eq(pread(file, head, 4, 0), 4);
    ck_assert_mem_eq(head, "\177ELF", 4);
    fd_close(&file);
}
END_TEST

START_TEST(a_dump_of_one_that_is_destroyed)
{
    int file = rig_file("", 0);
    ask_with("{\"op\":\"dump-core\",\"guest\":\"web\",\"id\":1}", file);
    destroy_guest(rig_find(&rig, "web"), NULL);
    ck_assert(receive(NULL));
    ck_assert_says(reply, "{\"id\":1,\"error\":{\"code\":\"bad-state\"");
    fd_close(&file);
}
END_TEST

START_TEST(who_goes_away_leaves_the_dump_to_itself)
{
    int file = rig_file("", 0);
    ask_with("{\"op\":\"dump-core\",\"guest\":\"web\"}", file);
    fd_close(&client);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(ctl.server.client_count, 0);
    ck_assert(loop_fake_wait(rig.loop, no_writers, NULL));
    ck_assert(!domain()->paused);
    client = server_rig_connect(&ctl);
    fd_close(&file);
}
END_TEST

START_TEST(memory)
{
    struct noxs_page *page = rig_page(&rig, rig_find(&rig, "web"));
    ask("{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":1}");
    ck_assert_str_eq(reply, "");
    hv_fake_give_frames(rig.hv, rig_find(&rig, "web")->domid, 100, 356);
    noxs_write64(&page->ack, noxs_pair(1, NOXS_ACK_OK));
    hv_fake_raise_control(rig.hv, rig_find(&rig, "web")->domid);
    loop_fake_run(rig.loop);
    ck_assert(receive(NULL));
    ck_assert_str_eq(reply, "{\"ok\":{}}");
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "\"memory_bytes\":1048576");
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"memory_bytes\":1048576");
    ck_assert_says(ask("{\"op\":\"noxs\",\"guest\":\"web\"}"), "\"op\":\"memory\"");
    ck_assert_says(ask("{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":3}"),
                   "created with 2 MiB");
    ask("{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":2,\"timeout_ms\":50}");
    loop_fake_advance(rig.loop, 51 * RIG_MS);
    ck_assert(receive(NULL));
    ck_assert_says(reply, "\"code\":\"timeout\"");
}
END_TEST

START_TEST(shares)
{
    ck_assert_says(ask("{\"op\":\"sched\",\"guest\":\"web\"}"),
                   "\"sched\":{\"scheduler\":\"credit2\",\"weight\":256,\"cap\":0}");
    ck_assert_says(ask("{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":50}"),
                   "\"weight\":256,\"cap\":50}");
    ck_assert_says(ask("{\"op\":\"sched-set\",\"guest\":\"web\",\"weight\":1}"),
                   "\"weight\":1,\"cap\":50}");
    ck_assert_says(ask("{\"op\":\"sched-set\",\"guest\":\"web\",\"weight\":65535,\"cap\":0}"),
                   "\"weight\":65535,\"cap\":0}");
    ck_assert_uint_eq(domain()->weight, 65535);
    static const char *const wrong[] = {"\"weight\":0", "\"weight\":65536", "\"cap\":101"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{\"op\":\"sched-set\",\"guest\":\"web\",%s}", wrong[i]);
        ck_assert_says(ask(text), "\"code\":\"config\"");
    }
    hv_fake_fail(rig.hv, "sched_set", 1, EIO);
    ck_assert_says(ask("{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":10}"), "internal");
    hv_fake_fail(rig.hv, "sched_get", 1, EIO);
    ck_assert_says(ask("{\"op\":\"sched\",\"guest\":\"web\"}"), "internal");
    ck_assert_uint_eq(domain()->cap, 0);
    hv_fake_no_shares(rig.hv);
    ck_assert_says(ask("{\"op\":\"sched\",\"guest\":\"web\"}"), "the host's scheduler is 'null'");
    ck_assert_says(ask("{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":10}"), "not-supported");
}
END_TEST

START_TEST(affinity)
{
    ck_assert_says(
        ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"vcpu\":0,\"cpus\":{\"only\":[1]}}"),
        "{\"ok\":{}}");
    ck_assert_uint_eq(domain()->cpus.word[0], 2);
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"except\":[]}}"), "ok");
    ck_assert_uint_eq(domain()->cpus.word[0], UINT64_MAX);
    ck_assert_says(
        ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"vcpu\":1,\"cpus\":{\"only\":[1]}}"),
        "web: has no vCPU 1, its last is vCPU 0");
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"only\":[2]}}"),
                   "web: cpus: the host has no CPU 2");
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"except\":[0,1]}}"),
                   "no CPU of the host is left");
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"only\":[1024]}}"),
                   "limit cpus");
    hv_fake_fail(rig.hv, "vcpu_affinity", 1, EINVAL);
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"only\":[0]}}"),
                   "offline or in another CPU pool");
    hv_fake_fail(rig.hv, "host_cpus", 1, EIO);
    ck_assert_says(ask("{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"only\":[0]}}"),
                   "internal");
    ck_assert_uint_eq(domain()->cpus.word[0], UINT64_MAX);
}
END_TEST

START_TEST(messages_in_pieces)
{
    char text[64], log[20000];
    for (size_t i = 0; i < sizeof(log); i++)
        log[i] = (char)('a' + i % 26);
    log[5] = '\x1b';
    log[6] = '\xff';
    log[7] = '\0';
    log[8] = '\n';
    hv_fake_log(rig.hv, log, sizeof(log));
    ck_assert_says(ask("{\"op\":\"dmesg\"}"), "\"next\":8192,\"more\":true");
    ck_assert_says(reply, "\"text\":\"abcde\\u001B??\\nj");
    ck_assert_says(ask("{\"op\":\"dmesg\",\"after\":8192,\"clear\":true}"), "\"next\":16384,");
    ck_assert_says(ask("{\"op\":\"dmesg\"}"), "\"next\":20000,\"more\":false");
    snprintf(text, sizeof(text), "\"text\":\"%c%c%c", log[16384], log[16385], log[16386]);
    ck_assert_says(reply, text);
    ck_assert_says(ask("{\"op\":\"dmesg\",\"after\":20000,\"clear\":true}"),
                   "{\"text\":\"\",\"next\":20000,\"more\":false}");
    ck_assert_says(ask("{\"op\":\"dmesg\"}"), "\"text\":\"\"");
    hv_fake_fail(rig.hv, "messages", 1, EPERM);
    ck_assert_says(ask("{\"op\":\"dmesg\"}"), "\"code\":\"internal\"");
}
END_TEST

/* A piece that is all escapes fits into a message. */
START_TEST(messages_of_control_characters)
{
    static char log[8192];
    memset(log, 1, sizeof(log));
    hv_fake_log(rig.hv, log, sizeof(log));
    ck_assert_says(ask("{\"op\":\"dmesg\"}"), "\"next\":8192,\"more\":true");
    ck_assert_uint_gt(strlen(reply), 6 * sizeof(log));
}
END_TEST

START_TEST(wrong_messages)
{
    static const char *const texts[] = {
        "{\"op\":\"dump-core\",\"guest\":\"web\"}", /* no descriptor */
        "{\"op\":\"mem-set\",\"guest\":\"web\"}",
        "{\"op\":\"mem-set\",\"memory\":1}",
        "{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":-1}",
        "{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":\"1\"}",
        "{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":1,\"x\":1}",
        "{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":99999999999}",
        "{\"op\":\"vcpu-pin\",\"guest\":\"web\"}",
        "{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":7}",
        "{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"vcpu\":\"all\",\"cpus\":{\"only\":[0]}}",
        "{\"op\":\"sched\",\"guest\":\"web\",\"cap\":1}",
        "{\"op\":\"sched\"}",
        "{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":1.5}",
        "{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":-1}",
        "{\"op\":\"dmesg\",\"guest\":\"web\"}",
        "{\"op\":\"dmesg\",\"after\":4294967296}",
        "{\"op\":\"dmesg\",\"clear\":1}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(strstr(ask(texts[i]), "\"code\":\"protocol\"") != NULL, "%s: %s", texts[i],
                      reply);
    ck_assert_says(ask_with("{\"op\":\"dump-core\",\"guest\":\"web\",\"x\":1}", rig.image_fd),
                   "unknown member 'x'");
    ck_assert_says(ask("{\"op\":\"dump-core\",\"guest\":\"web\"}"), "(the file to write)");
    ck_assert_says(ask_with("{\"op\":\"dump-core\",\"guest\":\"no\"}", rig.image_fd), "not-found");
    ck_assert_says(ask("{\"op\":\"sched\",\"guest\":\"no\"}"), "not-found");
}
END_TEST

START_TEST(wrong_states)
{
    struct guest_spec spec = rig_spec("off");
    spec.on_poweroff = SPEC_PRESERVE;
    struct guest *guest = rig_boot(&rig, &spec);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    static const char *const texts[] = {
        "{\"op\":\"mem-set\",\"guest\":\"off\",\"memory\":1}",
        "{\"op\":\"vcpu-pin\",\"guest\":\"off\",\"cpus\":{\"only\":[0]}}",
        "{\"op\":\"sched\",\"guest\":\"off\"}",
        "{\"op\":\"sched-set\",\"guest\":\"off\",\"cap\":1}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_says(ask(texts[i]), "off: is stopped");
}
END_TEST

START_TEST(who_may)
{
    int file = rig_file("", 0);
    as_user(1000);
    ck_assert_says(ask_with("{\"op\":\"dump-core\",\"guest\":\"web\"}", file), "belongs to user 0");
    ck_assert_says(ask("{\"op\":\"mem-set\",\"guest\":\"web\",\"memory\":1}"), "belongs to user 0");
    ck_assert_says(ask("{\"op\":\"sched\",\"guest\":\"web\"}"), "\"ok\"");
    static const char *const texts[] = {
        "{\"op\":\"vcpu-pin\",\"guest\":\"web\",\"cpus\":{\"only\":[0]}}",
        "{\"op\":\"sched-set\",\"guest\":\"web\",\"cap\":1}",
        "{\"op\":\"dmesg\"}",
    };
    /* Not even with one's own guest. */
    rig_find(&rig, "web")->owner = 1000;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_says(ask(texts[i]), "only root may do this");
    ck_assert_uint_eq(domain()->cap, 0);
    ask_with("{\"op\":\"dump-core\",\"guest\":\"web\"}", file);
    ck_assert(loop_fake_wait(rig.loop, receive, NULL));
    ck_assert_says(reply, "\"ok\"");
    fd_close(&file);
}
END_TEST

int main(void)
{
    return SUITE_RUN("op_hv", setup, teardown, a_dump_answers_when_it_is_written,
                     a_dump_of_one_that_is_destroyed, who_goes_away_leaves_the_dump_to_itself,
                     memory, shares, affinity, messages_in_pieces, messages_of_control_characters,
                     wrong_messages, wrong_states, who_may);
}
