/* core/iod: an iod that dies, hangs or lies; guests run on. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "util/fd.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

START_TEST(greets_with_the_uplink)
{
    ck_assert_uint_eq(rig.iod.hellos, 1);
    ck_assert(rig.iod.got_uplink);
    ck_assert_uint_eq(rig.iod.hello.version, IO_MSG_VERSION);
    ck_assert_mem_eq(rig.iod.hello.uplink_ip, ((uint8_t[]){10, 77, 0, 1}), 4);
    ck_assert_uint_eq(rig.iod.hello.uplink_mac[0], 2);
}
END_TEST

START_TEST(after_a_death_all_are_attached_again_and_run_on)
{
    struct guest *a = rig_boot_named(&rig, "a");
    struct guest *b = rig_boot_named(&rig, "b");
    uint32_t port = iod_fake_find(&rig.iod, a->id)->attach.local_port;
    hv_fake_calls_reset(rig.hv);
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(rig.iod.starts, 2);
    ck_assert_uint_eq(rig.iod.guest_count, 2);
    ck_assert_uint_eq(iod_fake_find(&rig.iod, a->id)->attach.resumed, 1);
    /* The port stayed bound; only the grants are mapped again. */
    ck_assert_uint_eq(iod_fake_find(&rig.iod, a->id)->attach.local_port, port);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "io_channel"), 0);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "grant_fd"), 2);
    ck_assert_str_eq(guest_state_name(a), "running");
    ck_assert_str_eq(guest_state_name(b), "running");
    ck_assert(rig.iod.got_uplink);
}
END_TEST

START_TEST(deaths_in_a_row_are_answered_ever_slower)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    for (int i = 0; i < 1000; i++) {
        iod_fake_die(&rig.iod);
        loop_fake_advance(rig.loop, 10 * RIG_MS);
    }
    /* Ten seconds: at once, then after 100, 200, 400, ... ms. */
    ck_assert_uint_le(rig.iod.starts, 10);
    ck_assert_uint_ge(rig.iod.starts, 6);
    loop_fake_advance(rig.loop, 70000 * RIG_MS);
    unsigned starts = rig.iod.starts;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(rig.iod.starts, starts + 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(death_in_the_middle_of_an_attach)
{
    struct guest_spec spec = rig_spec("web");
    rig.iod.silent = true;
    rig_create(&rig, &spec, true);
    ck_assert_uint_eq(rig.iod.attaches, 1);
    rig.iod.silent = false;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    struct guest *guest = rig_find(&rig, "web");
    /* It had not run, so it is no resumption. */
    ck_assert_uint_eq(iod_fake_find(&rig.iod, guest->id)->attach.resumed, 0);
    rig_say(&rig, guest, NOXS_GUEST_READY, 0);
    ck_assert_uint_eq(rig.answers, 1);
    ck_assert_int_eq(rig.error.code, 0);
}
END_TEST

START_TEST(death_in_the_middle_of_a_detach)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    rig.iod.silent = true;
    destroy_guest(guest, NULL);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 1);
    rig.iod.silent = false;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    ck_assert_uint_eq(rig.iod.guest_count, 0);
}
END_TEST

START_TEST(a_create_while_there_is_no_iod_waits_for_it)
{
    struct guest_spec spec = rig_spec("web");
    rig.iod.never_listens = true;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_create(&rig, &spec, true);
    loop_fake_advance(rig.loop, 1000 * RIG_MS);
    ck_assert_uint_eq(rig.answers, 0);
    rig.iod.never_listens = false;
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_say(&rig, rig_find(&rig, "web"), NOXS_GUEST_READY, 0);
    ck_assert_int_eq(rig.error.code, 0);
    ck_assert_uint_eq(rig.answers, 1);
}
END_TEST

START_TEST(without_iod_a_create_ends_at_its_deadline)
{
    struct guest_spec spec = rig_spec("web");
    rig.iod.never_listens = true;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    rig_create(&rig, &spec, true);
    loop_fake_advance(rig.loop, 10001 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "attach"));
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    rig.iod.never_listens = false;
}
END_TEST

START_TEST(one_that_does_not_answer_is_replaced)
{
    struct guest *a = rig_boot_named(&rig, "a");
    struct guest_spec spec = rig_spec("b");
    rig.iod.silent = true;
    rig_create(&rig, &spec, true);
    loop_fake_advance(rig.loop, 4999 * RIG_MS);
    ck_assert_uint_eq(rig.iod.kills, 0);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(rig.iod.kills, 1);
    ck_assert_uint_eq(rig.iod.guest_count, 2);
    ck_assert_str_eq(guest_state_name(a), "running");
}
END_TEST

START_TEST(more_than_the_socket_takes_is_sent_later)
{
    rig.iod.deaf = true;
    iod_fake_die(&rig.iod);
    loop_fake_run(rig.loop);
    struct guest_spec spec = rig_spec("x");
    for (char c = 'a'; c <= 'z'; c++) {
        spec.name[0] = c;
        rig_create(&rig, &spec, false);
    }
    rig.iod.deaf = false;
    loop_fake_advance(rig.loop, 6000 * RIG_MS);
    ck_assert_uint_eq(rig.iod.guest_count, 26);
}
END_TEST

START_TEST(a_fault_crashes_the_guest_with_its_reason)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    iod_fake_fault(&rig.iod, guest->id, "net tx: producer index out of range\033[2J");
    loop_fake_run(rig.loop);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_str_eq(guest->reason, "net tx: producer index out of range?[2J");
    ck_assert_uint_eq(rig.iod.kills, 0);
}
END_TEST

START_TEST(a_fault_that_crosses_a_detach_is_no_lie)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint64_t id = guest->id;
    iod_fake_fault(&rig.iod, id, "late");
    destroy_guest(guest, NULL);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(rig.iod.kills, 0);
}
END_TEST

START_TEST(a_guest_that_cannot_be_attached_again_is_crashed)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    rig.iod.attach_status = -EFAULT;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_str_eq(guest_state_name(guest), "crashed");
    ck_assert_ptr_nonnull(strstr(guest->reason, "the fake refuses"));
}
END_TEST

/* Whatever it says wrongly, it is ended, and the guest runs on. */
static void expect_replaced(const void *message, size_t size)
{
    unsigned kills = rig.iod.kills;
    iod_fake_say(&rig.iod, message, size);
    loop_fake_advance(rig.loop, 6000 * RIG_MS);
    ck_assert_uint_eq(rig.iod.kills, kills + 1);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
}

START_TEST(lies_end_it)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    struct io_msg_hello hello = {.header = {.type = IO_MSG_HELLO, .size = sizeof(hello)},
                                 .version = IO_MSG_VERSION};
    struct io_msg_attached attached = {
        .header = {.type = IO_MSG_ATTACHED, .size = sizeof(attached), .guest = guest->id}};
    struct io_msg_detached detached = {
        .header = {.type = IO_MSG_DETACHED, .size = sizeof(detached), .guest = guest->id}};
    struct io_msg_fault fault = {
        .header = {.type = IO_MSG_FAULT, .size = sizeof(fault), .guest = guest->id}};
    struct io_msg_console order = {
        .header = {.type = IO_MSG_CONSOLE, .size = sizeof(order), .guest = guest->id}};
    uint8_t garbage[IO_MSG_MAX];
    memset(garbage, 0xa5, sizeof(garbage));
    expect_replaced(&hello, sizeof(hello));
    expect_replaced(&attached, sizeof(attached));
    expect_replaced(&detached, sizeof(detached));
    expect_replaced(&order, sizeof(order));
    expect_replaced(garbage, 1);
    expect_replaced(garbage, sizeof(garbage));
    expect_replaced(&fault, sizeof(fault) - 1);
    memset(fault.text, 'x', sizeof(fault.text));
    expect_replaced(&fault, sizeof(fault));
    fault.text[3] = '\0';
    fault.header.guest++;
    expect_replaced(&fault, sizeof(fault));
}
END_TEST

START_TEST(a_wrong_status_is_a_lie)
{
    struct guest_spec spec = rig_spec("web");
    rig.iod.attach_status = 7;
    rig_create(&rig, &spec, true);
    ck_assert_uint_eq(rig.iod.kills, 1);
    rig.iod.attach_status = 0;
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(rig.iod.guest_count, 1);
}
END_TEST

START_TEST(fds_from_it_are_closed_and_a_lie)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    struct io_msg_fault fault = {.header = {.type = IO_MSG_FAULT, .size = sizeof(fault)}};
    int fd = dup(0);
    ck_assert_int_eq(fd_send(rig.iod.socket, &fault, sizeof(fault), &fd, 1), 0);
    close(fd);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(rig.iod.kills, 1);
}
END_TEST

START_TEST(a_console_is_handed_on)
{
    const struct iod_console_want want = {.follow = true, .input = true};
    struct guest *guest = rig_boot_named(&rig, "web");
    struct error error;
    int ends[2];
    char byte;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(iod_console(&rig.core.iod, guest->id, ends[1], &want, &error), 0);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(rig.iod.console.header.guest, guest->id);
    ck_assert_uint_eq(rig.iod.console.follow, 1);
    ck_assert_uint_eq(rig.iod.console.input, 1);
    ck_assert_int_eq(write(rig.iod.console_fd, "x", 1), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    /* Only messages about itself come first. */
    struct guest *other = rig_boot_named(&rig, "other");
    list_append(&rig.core.iod.outbox, &other->io.outbox);
    ck_assert_int_eq(iod_console(&rig.core.iod, guest->id, ends[1], &want, &error), 0);
    ck_assert_int_eq(iod_console(&rig.core.iod, other->id, ends[1], &want, &error),
                     -UKVM_E_BAD_STATE);
    list_remove(&other->io.outbox);
    rig.iod.never_listens = true;
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_int_eq(iod_console(&rig.core.iod, guest->id, ends[1], &want, &error),
                     -UKVM_E_BAD_STATE);
    rig.iod.never_listens = false;
    fd_close_all(ends, 2);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "iod", setup, teardown, greets_with_the_uplink,
        after_a_death_all_are_attached_again_and_run_on, deaths_in_a_row_are_answered_ever_slower,
        death_in_the_middle_of_an_attach, death_in_the_middle_of_a_detach,
        a_create_while_there_is_no_iod_waits_for_it, without_iod_a_create_ends_at_its_deadline,
        one_that_does_not_answer_is_replaced, more_than_the_socket_takes_is_sent_later,
        a_fault_crashes_the_guest_with_its_reason, a_fault_that_crosses_a_detach_is_no_lie,
        a_guest_that_cannot_be_attached_again_is_crashed, lies_end_it, a_wrong_status_is_a_lie,
        fds_from_it_are_closed_and_a_lie, a_console_is_handed_on);
}
