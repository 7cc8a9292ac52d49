/* ctl/server: clients over the real socket, hostile ones too, on a core of fakes. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/verbs.h"
#include "ctl/client.h"
#include "fixture/lingering.h"
#include "fixture/server_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"
#include "ukvm_record.h"
#include "util/fd.h"
#include "util/fd_closer.h"

static struct rig rig;
static struct server_rig ctl;
static char reply[LIMIT_MESSAGE + 1];
static int client, reply_fd;

static void setup(void)
{
    rig_init(&rig);
    server_rig_init(&ctl, &rig);
    client = server_rig_connect(&ctl);
    reply_fd = -1;
}

static void teardown(void)
{
    fd_close(&client);
    fd_close(&reply_fd);
    server_rig_fini(&ctl);
    rig_fini(&rig);
}

/* The reply that is there, into reply; false if none is. */
static bool receive(int fd)
{
    struct fd_packet packet;
    fd_close(&reply_fd);
    reply[0] = '\0';
    if (fd_receive(fd, reply, sizeof(reply) - 1, &packet) < 0)
        return false;
    reply[packet.size] = '\0';
    if (packet.fd_count > 0)
        reply_fd = packet.fds[0];
    return packet.size > 0;
}

static const char *ask(const char *text)
{
    ck_assert_int_eq(fd_send(client, text, strlen(text), NULL, 0), 0);
    rig_run(&rig);
    receive(client);
    return reply;
}

static void send_create(const char *name, const char *rest)
{
    char text[512];
    snprintf(text, sizeof(text), "{\"op\":\"create\",\"config\":{\"name\":\"%s\",\"memory\":2}%s}",
             name, rest);
    ck_assert_int_eq(fd_send(client, text, strlen(text), &rig.image_fd, 1), 0);
    rig_run(&rig);
}

static void create(const char *name)
{
    send_create(name, ",\"wait\":false");
    ck_assert(receive(client));
    ck_assert_msg(strstr(reply, "\"ok\"") != NULL, "%s", reply);
}

#define ck_assert_says(text, part) ck_assert_msg(strstr(text, part) != NULL, "%s", reply)

START_TEST(the_socket_is_private_and_ours)
{
    struct stat st;
    struct ctl_server second;
    struct error error;
    ck_assert_int_eq(stat(ctl.path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    ck_assert_int_eq(ctl_server_lock(&second, ctl.path, &error), -UKVM_E_EXISTS);
    ctl_server_close(&second);
    /* A socket that a dead chaosd left is taken over. */
    ctl_server_close(&ctl.server);
    ctl_server_unlock(&ctl.server);
    ck_assert_int_eq(stat(ctl.path, &st), -1);
    fd_close(&client);
    ck_assert_int_eq(mknod(ctl.path, S_IFREG | 0600, 0), 0);
    ck_assert_int_eq(ctl_server_lock(&ctl.server, ctl.path, &error), 0);
    ck_assert_int_eq(ctl_server_listen(&ctl.server, &rig.core, &error), 0);
    client = server_rig_connect(&ctl);
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"protocol\":1");
}
END_TEST

/* What lies beside the socket, the store above all, is the first one's on whatever socket. */
START_TEST(one_directory_is_one_chaosds)
{
    struct ctl_server second;
    struct error error;
    char beside[128];
    snprintf(beside, sizeof(beside), "%s/run/b.sock", ctl.directory);
    ck_assert_int_eq(ctl_server_lock(&second, beside, &error), -UKVM_E_EXISTS);
    ck_assert_ptr_nonnull(strstr(error.text, "stop it first"));
    ck_assert_ptr_null(strchr(error.text, '\n'));
    ctl_server_close(&second);
    ctl_server_unlock(&second);
    /* By another name, too. */
    snprintf(beside, sizeof(beside), "%s/alias", ctl.directory);
    ck_assert_int_eq(symlink("run", beside), 0);
    snprintf(beside, sizeof(beside), "%s/alias/chaosd.sock", ctl.directory);
    ck_assert_int_eq(ctl_server_lock(&second, beside, &error), -UKVM_E_EXISTS);
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"protocol\":1");
    snprintf(beside, sizeof(beside), "%s/elsewhere/b.sock", ctl.directory);
    ck_assert_int_eq(ctl_server_lock(&second, beside, &error), 0);
    ctl_server_close(&second);
    ctl_server_unlock(&second);
}
END_TEST

/* One that ends still has its guests when it has closed its socket. */
START_TEST(the_next_one_waits_until_all_is_let_go)
{
    struct ctl_server next;
    struct error error;
    fd_close(&client);
    ctl_server_close(&ctl.server);
    ck_assert_int_eq(ctl_server_lock(&next, ctl.path, &error), -UKVM_E_EXISTS);
    ctl_server_close(&next);
    ctl_server_unlock(&ctl.server);
    ck_assert_int_eq(ctl_server_lock(&next, ctl.path, &error), 0);
    ctl_server_close(&next);
    ctl_server_unlock(&next);
}
END_TEST

static void send_record(const struct ukvm_record_create *record, size_t size)
{
    ck_assert_int_eq(fd_send(client, record, size, &rig.image_fd, 1), 0);
    rig_run(&rig);
    ck_assert(receive(client));
}

START_TEST(a_create_as_a_record)
{
    struct ukvm_record_create record = {
        .head = {.magic = UKVM_RECORD_MAGIC, .size = sizeof(record), .id = 9},
        .memory_mib = 2,
        .vif_count = 1,
        .no_wait = 1,
        .path = 1,
        .name = "web",
        .kernel = "/k"};
    struct ukvm_record_guest guest;
    send_record(&record, sizeof(record));
    memcpy(&guest, reply, sizeof(guest));
    ck_assert_uint_eq(guest.head.magic, UKVM_RECORD_MAGIC);
    ck_assert_int_eq(guest.head.id, 9);
    ck_assert_str_eq(guest.name, "web");
    ck_assert_str_eq(guest.kernel, "/k");
    ck_assert_str_eq(guest.state, "booting");
    ck_assert_str_eq(guest.path, "cold: asked for");
    ck_assert_uint_eq(guest.vifs[0].prefix_len, 16);
    ck_assert_uint_eq(guest.domid, rig_find(&rig, "web")->domid);
    send_record(&record, sizeof(record));
    ck_assert_says(reply, "{\"id\":9,\"error\":{\"code\":\"exists\"");
    record.vif_count = 9;
    send_record(&record, sizeof(record));
    ck_assert_says(reply, "\"code\":\"protocol\"");
    send_record(&record, sizeof(record) - 1);
    ck_assert_says(reply, "too short");
    record.vif_count = 1;
    strcpy(record.name, "odd");
    strcpy(record.kernel, "/\xff");
    send_record(&record, sizeof(record));
    ck_assert_says(reply, "not UTF-8");
    ck_assert_ptr_null(rig_find(&rig, "odd"));
}
END_TEST

START_TEST(the_pool_is_shown_and_set)
{
    ck_assert_says(ask("{\"op\":\"pool\"}"), "\"flavours\":[]");
    ck_assert_says(ask("{\"op\":\"pool-set\",\"setting\":\"memory=2 target=1\"}"), "\"target\":1");
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_says(ask("{\"op\":\"pool\"}"), "\"ready\":1");
    ck_assert_says(reply, "\"cpu_ns\":0");
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"guests\":[],\"more\":false");
    ck_assert_says(ask("{\"op\":\"pool-set\",\"setting\":\"colour=red\"}"), "unknown key");
}
END_TEST

START_TEST(a_path_that_cannot_be_is_an_error)
{
    struct ctl_server other;
    struct error error;
    char text[200];
    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[sizeof(text) - 1] = '\0';
    ck_assert_int_eq(ctl_server_lock(&other, text, &error), -UKVM_E_NO_FILE);
    ck_assert_int_eq(ctl_server_lock(&other, "/no/such/place", &error), -UKVM_E_NO_FILE);
}
END_TEST

START_TEST(a_life)
{
    send_create("web", ",\"timing\":true,\"id\":5");
    ck_assert(!receive(client));
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
    ck_assert(receive(client));
    ck_assert_says(reply, "{\"id\":5,\"ok\":{\"guest\":{\"name\":\"web\"");
    ck_assert_says(reply, "{\"phase\":\"ready\",\"us\":0.0}");
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"more\":false");
    ck_assert_says(reply, "\"name\":\"web\"");
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "\"state\":\"running\"");
    ck_assert_says(ask("{\"op\":\"pause\",\"guest\":\"web\"}"), "\"state\":\"paused\"");
    ck_assert_says(ask("{\"op\":\"pause\",\"guest\":\"web\"}"), "bad-state");
    ck_assert_says(ask("{\"op\":\"unpause\",\"guest\":\"web\"}"), "\"state\":\"running\"");
    ck_assert_says(ask("{\"op\":\"noxs\",\"guest\":\"web\"}"), "\"page\":{\"daemon\":{");
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\",\"follow\":false}"), "\"ok\":{}");
    ck_assert_int_ge(reply_fd, 0);
    ck_assert_uint_eq(rig.iod.console.follow, 0);
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\",\"input\":false,\"since_ms\":7}"),
                   "\"ok\":{}");
    ck_assert_uint_eq(rig.iod.console.follow, 1);
    ck_assert_uint_eq(rig.iod.console.input, 0);
    ck_assert_uint_eq(rig.iod.console.since_ms, 7);
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\",\"since_ms\":31536000001}"),
                   "since_ms: must be at most 31536000000");
    ck_assert_says(ask("{\"op\":\"destroy\",\"guest\":\"web\",\"wait\":true}"), "{\"ok\":{}}");
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "not-found");
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"guests\":[]");
}
END_TEST

static void answer_change(struct guest *guest, unsigned slot, uint32_t state)
{
    struct noxs_page *page = rig_page(&rig, guest);
    page->device_guest_state[slot] = state;
    noxs_write64(&page->ack, noxs_pair(noxs_high(page->request), NOXS_ACK_OK));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    ck_assert(receive(client));
}

START_TEST(interfaces_come_and_go)
{
    create("web");
    struct guest *guest = rig_find(&rig, "web");
    ck_assert_says(ask("{\"op\":\"net-attach\",\"guest\":\"web\",\"vif\":{}}"), "is booting");
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    unsigned had = guest->vif_count;
    ask("{\"op\":\"net-attach\",\"guest\":\"web\",\"id\":3,\"vif\":{\"mac\":\"00:16:3e:01:02:03\","
        "\"ip\":\"10.77.9.9\",\"publish\":[{\"host\":8080,\"guest\":80}]}}");
    ck_assert_str_eq(reply, "");
    ck_assert_says(ask("{\"op\":\"net-list\",\"guest\":\"web\"}"), "\"state\":\"attaching\"");
    answer_change(guest, LAYOUT_NET_SLOT + had, NOXS_DEV_STATE_OPEN);
    ck_assert_says(reply, "{\"id\":3,\"ok\":{\"vif\":{\"mac\":\"00:16:3e:01:02:03\"");
    ck_assert_says(reply, "\"state\":\"up\"");
    ck_assert_says(reply, "{\"protocol\":\"tcp\",\"host\":8080,\"guest\":80}");
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "00:16:3e:01:02:03");
    ck_assert_says(ask("{\"op\":\"noxs\",\"guest\":\"web\"}"), "\"mac\":\"00:16:3e:01:02:03\"");
    ck_assert_says(ask("{\"op\":\"net-detach\",\"guest\":\"web\",\"mac\":\"zz\"}"), "\"config\"");
    ck_assert_says(ask("{\"op\":\"net-detach\",\"guest\":\"web\",\"mac\":\"00:16:3e:01:02:04\"}"),
                   "\"bad-state\"");
    ck_assert_says(ask("{\"op\":\"net-detach\",\"guest\":\"web\",\"slot\":7}"), "\"bad-state\"");
    ask("{\"op\":\"net-detach\",\"guest\":\"web\",\"mac\":\"00:16:3e:01:02:03\"}");
    ck_assert_str_eq(reply, "");
    answer_change(guest, LAYOUT_NET_SLOT + had, NOXS_DEV_STATE_CLOSED);
    ck_assert_says(reply, "\"forced\":null");
    ck_assert_ptr_null(strstr(ask("{\"op\":\"net-list\",\"guest\":\"web\"}"), "00:16:3e:01:02:03"));
    /* A client that does not wait for it leaves nothing behind. */
    ask("{\"op\":\"net-attach\",\"guest\":\"web\",\"timeout_ms\":100,\"vif\":{}}");
    fd_close(&client);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(guest_vifs_present(guest), had);
    client = server_rig_connect(&ctl);
}
END_TEST

START_TEST(shutdown_answers_later)
{
    create("web");
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
    ask("{\"op\":\"shutdown\",\"guest\":\"web\",\"timeout_ms\":100,\"id\":1}");
    ck_assert_str_eq(reply, "");
    /* Meanwhile the connection serves others. */
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\",\"id\":2}"), "shutting-down");
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert(receive(client));
    ck_assert_says(reply, "{\"id\":1,\"error\":{\"code\":\"timeout\"");
    ask("{\"op\":\"shutdown\",\"guest\":\"web\",\"timeout_ms\":100,\"force\":true}");
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert(receive(client));
    ck_assert_str_eq(reply, "{\"ok\":{}}");
    ck_assert_ptr_null(rig_find(&rig, "web"));
}
END_TEST

START_TEST(wrong_messages_get_an_error_and_the_next_is_served)
{
    static const char *const texts[] = {
        "x",
        "{\"op\":\"format\"}",
        "{\"op\":\"list\",\"color\":1}",
        "{\"op\":\"list\",\"after\":-1}",
        "{\"op\":\"list\",\"after\":99999999999}",
        "{\"op\":\"list\",\"guest\":\"a\"}",
        "{\"op\":\"info\"}",
        "{\"op\":\"info\",\"guest\":7}",
        "{\"op\":\"create\"}",
        "{\"op\":\"create\",\"config\":{\"name\":\"a\"}}",
        "{\"op\":\"create\",\"config\":7}",
        "{\"op\":\"version\",\"x\":1}",
        "{\"op\":\"destroy\",\"guest\":\"a\",\"wait\":1}",
        "{\"op\":\"net-attach\",\"guest\":\"a\"}",
        "{\"op\":\"net-attach\",\"guest\":\"a\",\"vif\":\"ip=1\"}",
        "{\"op\":\"net-attach\",\"guest\":\"a\",\"vif\":{},\"timeout_ms\":99999999}",
        "{\"op\":\"net-detach\",\"guest\":\"a\"}",
        "{\"op\":\"net-detach\",\"guest\":\"a\",\"slot\":0,\"mac\":\"00:16:3e:00:00:01\"}",
        "{\"op\":\"net-detach\",\"guest\":\"a\",\"slot\":\"0\"}",
        "{\"op\":\"net-list\"}",
    };
    create("a");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(strstr(ask(texts[i]), "\"code\":\"protocol\"") != NULL, "%s: %s", texts[i],
                      reply);
    static const char *const ops[] = {"pause",    "unpause",    "shutdown",   "console", "noxs",
                                      "net-list", "net-attach", "net-detach", "destroy"};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"op\":\"%s\",\"guest\":\"a\",\"x\":1}", ops[i]);
        ck_assert_says(ask(text), "unknown member 'x'");
    }
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"hypervisor\":\"Xen ");
}
END_TEST

START_TEST(a_message_of_the_limit_is_read_and_of_one_byte_more_is_not)
{
    static char text[LIMIT_MESSAGE + 2];
    memset(text, ' ', sizeof(text));
    memcpy(text, "{\"op\":\"version\"}", 16);
    ck_assert_int_eq(fd_send(client, text, LIMIT_MESSAGE, NULL, 0), 0);
    loop_fake_run(rig.loop);
    ck_assert(receive(client));
    ck_assert_says(reply, "\"ok\"");
    ck_assert_int_eq(fd_send(client, text, LIMIT_MESSAGE + 1, NULL, 0), 0);
    loop_fake_run(rig.loop);
    ck_assert(receive(client));
    ck_assert_says(reply, "at most 65536 bytes");
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"ok\"");
}
END_TEST

static unsigned count_fds(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 200; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static bool all_closed(void)
{
    for (int i = 0; i < 5000 && fd_closer_pending(getuid()) > 0; i++)
        usleep(1000);
    return fd_closer_pending(getuid()) == 0;
}

START_TEST(fds_are_closed_whatever_came_with_them)
{
    static const char *const texts[] = {
        "x", "{\"op\":\"version\"}", "{\"op\":\"nope\"}", "{\"op\":\"create\",\"config\":{}}",
        "{\"op\":\"create\",\"config\":{\"name\":\"b\",\"vcpus\":9}}"};
    create("a");
    usleep(50000); /* the thread that read the image closes it when it ends */
    unsigned before = count_fds();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int fds[FD_PASS_MAX] = {0};
        for (size_t count = 1; count <= FD_PASS_MAX; count++) {
            ck_assert_int_eq(fd_send(client, texts[i], strlen(texts[i]), fds, count), 0);
            rig_run(&rig);
            ck_assert(receive(client));
        }
    }
    ck_assert(all_closed());
    ck_assert_uint_eq(count_fds(), before);
}
END_TEST

START_TEST(a_descriptor_that_will_not_close_holds_up_nobody)
{
    static const char *const texts[] = {"x", "{\"op\":\"version\"}",
                                        "{\"op\":\"create\",\"config\":{\"name\":\"b\"}}"};
    int peer;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int fd = lingering_socket(&peer);
        ck_assert_int_eq(fd_send(client, texts[i], strlen(texts[i]), &fd, 1), 0);
        fd_close(&fd); /* not the last copy */
        rig_run(&rig);
        ck_assert(receive(client));
        ck_assert_says(reply, "\"error\"");
        /* chaosd has let go of it, and serves on while it is still not closed. */
        ck_assert_says(ask("{\"op\":\"version\"}"), "\"ok\"");
        ck_assert_uint_ge(fd_closer_pending(getuid()), 1);
        fd_close(&peer);
        ck_assert(all_closed());
    }
    /* Nor does one in a packet that was never read. */
    int fd = lingering_socket(&peer), quitter = server_rig_connect(&ctl);
    for (unsigned i = 0; i < 40; i++)
        ck_assert_int_eq(fd_send(quitter, "x", 1, &fd, 1), 0);
    fd_close(&fd);
    fd_close(&quitter);
    loop_fake_run(rig.loop);
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"ok\"");
    fd_close(&peer);
    ck_assert(all_closed());
}
END_TEST

START_TEST(descriptors_that_an_operation_has_no_use_for_are_refused)
{
    int fds[] = {rig.image_fd, rig.image_fd};
    static const char version[] = "{\"op\":\"version\"}";
    static const char image[] = "{\"op\":\"create\",\"config\":{\"name\":\"b\"}}";
    ck_assert_int_eq(fd_send(client, version, sizeof(version) - 1, fds, 1), 0);
    rig_run(&rig);
    ck_assert(receive(client));
    ck_assert_says(reply, "version: takes 0 file descriptors, 1 came");
    ck_assert_int_eq(fd_send(client, image, sizeof(image) - 1, fds, 2), 0);
    rig_run(&rig);
    ck_assert(receive(client));
    ck_assert_says(reply, "create: takes 1 file descriptors, 2 came (the kernel image)");
    ck_assert_ptr_null(rig_find(&rig, "b"));
}
END_TEST

START_TEST(who_does_not_read_is_hung_up_on_and_nobody_else)
{
    int greedy = server_rig_connect(&ctl);
    int sent = 0;
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        create(name);
    while (sent < 100000 && fd_send(greedy, "{\"op\":\"list\"}", 13, NULL, 0) == 0) {
        sent++;
        loop_fake_run(rig.loop);
    }
    /* It is not even read from any more, so its own queue is full. */
    ck_assert_int_lt(sent, 100000);
    ck_assert_uint_eq(ctl.server.client_count, 2);
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"ok\"");
    /* Reading, it gets all its answers. */
    int received = 0;
    while (received < sent && receive(greedy)) {
        received++;
        loop_fake_run(rig.loop);
    }
    ck_assert_int_eq(received, sent);
    fd_close(&greedy);
}
END_TEST

START_TEST(late_answers_to_one_who_does_not_read_are_bounded)
{
    /* Sixty-four waits, whose answers all come at once, to a socket that is full. */
    int greedy = server_rig_connect(&ctl);
    static const char wait[] = "{\"op\":\"shutdown\",\"guest\":\"a\",\"timeout_ms\":100}";
    create("a");
    rig_say(&rig, rig_find(&rig, "a"), NOXS_GUEST_READY, 0);
    for (unsigned i = 0; i < LIMIT_REQUESTS + 1; i++) {
        ck_assert_int_eq(fd_send(greedy, wait, sizeof(wait) - 1, NULL, 0), 0);
        loop_fake_run(rig.loop);
    }
    ck_assert(receive(greedy));
    ck_assert_says(reply, "limit requests");
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    for (unsigned i = 0; i < LIMIT_REQUESTS; i++) {
        loop_fake_run(rig.loop);
        ck_assert(receive(greedy));
        ck_assert_says(reply, "timeout");
    }
    fd_close(&greedy);
}
END_TEST

START_TEST(who_goes_away_leaves_the_create_to_itself)
{
    send_create("web", "");
    fd_close(&client);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(ctl.server.client_count, 0);
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    client = server_rig_connect(&ctl);
    ck_assert_says(ask("{\"op\":\"destroy\",\"guest\":\"web\"}"), "\"ok\"");
}
END_TEST

static struct ctl_client *first_client(void)
{
    return LIST_OWNER(ctl.server.clients.next, struct ctl_client, node);
}

START_TEST(only_owners_and_root_may_touch_a_guest)
{
    static const char *const ops[] = {"destroy", "pause", "unpause",    "shutdown",
                                      "console", "noxs",  "net-detach", "net-attach"};
    create("root");
    first_client()->uid = 1000;
    create("mine");
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"op\":\"%s\",\"guest\":\"root\"}", ops[i]);
        ck_assert_says(ask(text), "\"code\":\"permission\"");
    }
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"root\"}"), "\"ok\"");
    ck_assert_says(ask("{\"op\":\"pause\",\"guest\":\"mine\"}"), "\"ok\"");
    first_client()->uid = 1001;
    ck_assert_says(ask("{\"op\":\"destroy\",\"guest\":\"mine\"}"), "\"code\":\"permission\"");
    first_client()->uid = 0;
    ck_assert_says(ask("{\"op\":\"destroy\",\"guest\":\"mine\"}"), "\"ok\"");
}
END_TEST

/* Of this thread alone: the C library would signal the others, which ends what they wait for. */
static void become(uid_t uid)
{
    ck_assert_int_eq(syscall(SYS_setresuid, -1, uid, -1), 0);
}

static int open_as(uid_t uid)
{
    ck_assert_int_eq(chmod(ctl.directory, 0755) | chmod(ctl.path, 0666), 0);
    become(uid);
    int fd = server_rig_connect(&ctl);
    become(0);
    return fd;
}

/* Who is refused is told why, then hung up on. */
static void check_refused(int fd, const char *says)
{
    ck_assert(receive(fd));
    ck_assert_says(reply, "\"code\":\"limit\"");
    ck_assert_says(reply, says);
    ck_assert(!receive(fd));
    fd_close(&fd);
}

START_TEST(clients_are_bounded)
{
    int fds[LIMIT_CLIENTS];
    unsigned count = 0;
    if (getuid() != 0)
        return;
    while (count < LIMIT_USER_CLIENTS)
        fds[count++] = open_as(1000);
    check_refused(open_as(1000), "limit user-clients: at most 128");
    while (ctl.server.client_count < LIMIT_CLIENTS - LIMIT_ROOT_CLIENTS)
        fds[count++] = server_rig_connect(&ctl);
    check_refused(open_as(1001), "limit clients: at most 512");
    while (ctl.server.client_count < LIMIT_CLIENTS)
        fds[count++] = server_rig_connect(&ctl);
    check_refused(server_rig_connect(&ctl), "limit clients: at most 512");
    ck_assert_says(ask("{\"op\":\"version\"}"), "\"ok\"");
    fd_close_all(fds, count);
}
END_TEST

START_TEST(stats_are_anyones_to_read)
{
    ck_assert_says(ask("{\"op\":\"stats\"}"), "\"guests\":[],\"more\":false");
    create("a");
    rig.iod.counters = (struct io_counters){1, 2, 3, 4, 5, UINT64_MAX};
    ck_assert_says(ask("{\"op\":\"stats\"}"), "\"name\":\"a\"");
    ck_assert_says(reply, "\"cpu_ns\":1,\"memory_bytes\":2097152");
    ck_assert_says(reply, "\"more\":false,\"last\":1,\"taken_ns\":");
    ck_assert_says(ask("{\"op\":\"stats\",\"after\":1}"), "\"guests\":[]");
    ck_assert_says(ask("{\"op\":\"stats\",\"after\":-1}"), "protocol");
    ck_assert_says(ask("{\"op\":\"stats\",\"guest\":\"a\"}"), "unknown member 'guest'");
    ck_assert_says(ask("{\"op\":\"stats\",\"color\":1}"), "protocol");
    /* Who asked has gone before chaos-iod answers. */
    rig.iod.silent = true;
    ck_assert_str_eq(ask("{\"op\":\"stats\"}"), "");
    fd_close(&client);
    rig_run(&rig);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 6000 * RIG_MS);
    client = server_rig_connect(&ctl);
    ck_assert_says(ask("{\"op\":\"stats\"}"), "\"name\":\"a\"");
}
END_TEST

/* A connection that is not accepted yet. */
static int knock_as(uid_t uid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, ctl.path, strlen(ctl.path) + 1);
    become(uid);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    become(0);
    return fd;
}

/* What it leaves unread and unclosable counts as its connections, and is nobody else's loss. */
START_TEST(who_leaves_what_will_not_close_locks_out_only_themselves)
{
    enum { HUNG = LIMIT_USER_CLIENTS };
    int peers[HUNG], fds[LIMIT_USER_CLIENTS];
    if (getuid() != 0)
        return;
    for (unsigned i = 0; i < LIMIT_USER_CLIENTS; i++)
        fds[i] = open_as(1000);
    for (unsigned i = 0; i < HUNG; i++) {
        int stuck = lingering_socket(&peers[i]), quitter = knock_as(1000);
        ck_assert_int_eq(fd_send(quitter, "x", 1, &stuck, 1), 0);
        fd_close(&stuck);
        fd_close(&quitter);
        loop_fake_run(rig.loop);
    }
    fd_close_all(fds, LIMIT_USER_CLIENTS);
    loop_fake_run(rig.loop);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(ctl.server.client_count, 1);
    ck_assert_uint_eq(fd_closer_connections(1000), HUNG);
    check_refused(open_as(1000), "limit user-clients: at most 128");
    int other = open_as(1001);
    ck_assert_int_eq(fd_send(other, "{\"op\":\"version\"}", 16, NULL, 0), 0);
    loop_fake_run(rig.loop);
    ck_assert(receive(other));
    ck_assert_says(reply, "\"ok\"");
    fd_close(&other);
    /* Once it lets go, it may come again. */
    fd_close_all(peers, HUNG);
    for (int i = 0; i < 5000 && fd_closer_pending(1000) > 0; i++)
        usleep(1000);
    int again = open_as(1000);
    ck_assert_uint_eq(ctl.server.client_count, 2);
    fd_close(&again);
}
END_TEST

START_TEST(who_passes_what_will_not_close_is_hung_up_on_in_the_end)
{
    static int peers[LIMIT_USER_CLOSING];
    if (getuid() != 0)
        return;
    for (unsigned i = 0; i < LIMIT_USER_CLOSING; i++) {
        int stuck = lingering_socket(&peers[i]);
        fd_close_foreign(&stuck, 1000);
    }
    int hostile = open_as(1000), fd = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(fd_send(hostile, "{\"op\":\"version\"}", 16, NULL, 0), 0);
    loop_fake_run(rig.loop);
    ck_assert(receive(hostile));
    ck_assert_uint_ge(fd_closer_pending(1000), LIMIT_USER_CLOSING);
    ck_assert_int_eq(fd_send(hostile, "x", 1, &fd, 1), 0);
    loop_fake_run(rig.loop);
    ck_assert(!receive(hostile));
    ck_assert_uint_eq(ctl.server.client_count, 1);
    fd_close(&hostile);
    fd_close(&fd);
    fd_close_all(peers, LIMIT_USER_CLOSING);
    for (int i = 0; i < 5000 && fd_closer_pending(1000) > 0; i++)
        usleep(1000);
}
END_TEST

START_TEST(lists_are_cut_into_pages)
{
    char name[16], text[64];
    unsigned seen = 0, after = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "g%d", i);
        create(name);
    }
    for (int pages = 0; pages < 2; pages++) {
        snprintf(text, sizeof(text), "{\"op\":\"list\",\"after\":%u}", after);
        ask(text);
        json_t *json = json_loads(reply, 0, NULL);
        json_t *ok = json_object_get(json, "ok");
        size_t count = json_array_size(json_object_get(ok, "guests"));
        json_t *last = json_array_get(json_object_get(ok, "guests"), count - 1);
        after = (unsigned)json_integer_value(json_object_get(last, "domid"));
        ck_assert_int_eq(json_is_true(json_object_get(ok, "more")), pages == 0);
        seen += (unsigned)count;
        json_decref(json);
    }
    ck_assert_uint_eq(seen, 100);
}
END_TEST

START_TEST(a_crashed_guest_has_a_reason_and_its_words_but_no_page)
{
    create("web");
    rig_say(&rig, rig_find(&rig, "web"), 99, 0);
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"reason\":\"control: unknown value");
    ck_assert_says(ask("{\"op\":\"info\",\"guest\":\"web\"}"), "\"state\":\"crashed\"");
    ck_assert_says(ask("{\"op\":\"noxs\",\"guest\":\"web\"}"), "bad-state");
    /* What it printed is still there, also when its record is not. */
    uint64_t id = rig.iod.detach.header.guest;
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\"}"), "\"ok\":{}");
    ck_assert_uint_eq(rig.iod.console.header.guest, id);
    ck_assert_says(ask("{\"op\":\"destroy\",\"guest\":\"web\"}"), "\"ok\"");
    ck_assert_says(ask("{\"op\":\"list\"}"), "\"guests\":[]");
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\",\"since_ms\":9}"), "\"ok\":{}");
    ck_assert_uint_eq(rig.iod.console.header.guest, id);
    ck_assert_uint_eq(rig.iod.console.since_ms, 9);
    /* But not for others, nor for other operations. */
    ck_assert_says(ask("{\"op\":\"noxs\",\"guest\":\"web\"}"), "not-found");
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"we\"}"), "not-found");
    first_client()->uid = 1000;
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\"}"), "not-found");
}
END_TEST

/* Returns the id of the guest whose console it was. */
static uint64_t console_of(const char *name)
{
    char text[64];
    snprintf(text, sizeof(text), "{\"op\":\"console\",\"guest\":\"%s\"}", name);
    ck_assert_says(ask(text), "\"ok\":{}");
    return rig.iod.console.header.guest;
}

static uint64_t live_and_die(const char *name)
{
    create(name);
    uint64_t id = rig_find(&rig, name)->id;
    destroy_guest(rig_find(&rig, name), NULL);
    loop_fake_run(rig.loop);
    return id;
}

START_TEST(a_dead_guest_is_hidden_only_by_a_name_of_its_users)
{
    char uuid[GUEST_UUID_TEXT];
    first_client()->uid = 1000;
    uint64_t mine = live_and_die("web");
    first_client()->uid = 1001;
    create("web");
    const struct guest *theirs = rig_find(&rig, "web");
    ck_assert_uint_eq(console_of("web"), theirs->id);
    first_client()->uid = 1000;
    ck_assert_uint_eq(console_of("web"), mine);
    ck_assert_says(ask("{\"op\":\"pause\",\"guest\":\"web\"}"), "\"code\":\"permission\"");
    /* A name may look like the beginning of a UUID. */
    create("other");
    const struct guest *other = rig_find(&rig, "other");
    guest_format_uuid(other, uuid);
    uuid[10] = '\0'; /* with a hyphen: digits alone are no name */
    ck_assert_uint_eq(console_of(uuid), other->id);
    uint64_t prefix = live_and_die(uuid);
    ck_assert_uint_eq(console_of(uuid), prefix);
    /* One's own that lives comes first; root may use them all. */
    first_client()->uid = 0;
    ck_assert_uint_eq(console_of("web"), theirs->id);
}
END_TEST

START_TEST(a_console_that_nobody_keeps_is_not_there)
{
    create("web");
    rig_say(&rig, rig_find(&rig, "web"), 99, 0);
    loop_fake_run(rig.loop);
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_says(ask("{\"op\":\"console\",\"guest\":\"web\"}"), "bad-state");
}
END_TEST

START_TEST(closing_drops_who_still_waits)
{
    send_create("web", "");
    ctl_server_close(&ctl.server);
    char byte;
    ck_assert_int_eq(recv(client, &byte, 1, MSG_DONTWAIT), 0);
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "server", setup, teardown, the_socket_is_private_and_ours, one_directory_is_one_chaosds,
        the_next_one_waits_until_all_is_let_go, a_create_as_a_record, the_pool_is_shown_and_set,
        a_path_that_cannot_be_is_an_error, a_life, interfaces_come_and_go, shutdown_answers_later,
        wrong_messages_get_an_error_and_the_next_is_served,
        a_message_of_the_limit_is_read_and_of_one_byte_more_is_not,
        fds_are_closed_whatever_came_with_them, a_descriptor_that_will_not_close_holds_up_nobody,
        descriptors_that_an_operation_has_no_use_for_are_refused,
        who_does_not_read_is_hung_up_on_and_nobody_else,
        late_answers_to_one_who_does_not_read_are_bounded,
        who_goes_away_leaves_the_create_to_itself, only_owners_and_root_may_touch_a_guest,
        stats_are_anyones_to_read, clients_are_bounded,
        who_leaves_what_will_not_close_locks_out_only_themselves,
        who_passes_what_will_not_close_is_hung_up_on_in_the_end, lists_are_cut_into_pages,
        a_crashed_guest_has_a_reason_and_its_words_but_no_page,
        a_dead_guest_is_hidden_only_by_a_name_of_its_users,
        a_console_that_nobody_keeps_is_not_there, closing_drops_who_still_waits);
}
