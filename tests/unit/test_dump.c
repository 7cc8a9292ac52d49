/* core/dump: a guest into a file, and whatever may happen meanwhile. */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dump.h"
#include "core/dump_writer.h"
#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "util/fd.h"
#include "util/fd_closer.h"

#define HEAD 4096u

static struct rig rig;
static struct error error;
static int file;

struct wait {
    unsigned calls;
    struct error error;
};
static struct wait wait;

static void setup(void)
{
    rig_init(&rig);
    file = rig_file("old", 3);
    wait = (struct wait){0};
}

static bool no_writers(void *arg)
{
    (void)arg;
    return dump_writer_count((uid_t)-1) == 0;
}

static void teardown(void)
{
    fd_close(&file);
    rig_fini(&rig);
    for (int i = 0; i < 5000 && !no_writers(NULL); i++)
        usleep(1000);
    ck_assert(no_writers(NULL));
}

static void on_done(void *arg, const struct error *why)
{
    struct wait *who = arg;
    who->calls++;
    who->error = why == NULL ? (struct error){0} : *why;
}

static bool is_done(void *arg)
{
    return ((struct wait *)arg)->calls > 0;
}

static int begin(struct guest *guest)
{
    return dump_begin(guest, file, on_done, &wait, &error);
}

static void finish(void)
{
    ck_assert(loop_fake_wait(rig.loop, is_done, &wait));
    ck_assert_uint_eq(wait.calls, 1);
}

static uint8_t byte_at(off_t offset)
{
    uint8_t byte = 0xee;
    ck_assert_int_eq(pread(file, &byte, 1, offset), 1);
    return byte;
}

static off_t file_size(void)
{
    struct stat st;
    ck_assert_int_eq(fstat(file, &st), 0);
    return st.st_size;
}

static bool paused(const struct guest *guest)
{
    return hv_fake_domain(rig.hv, guest->domid)->paused;
}

START_TEST(all_memory_is_in_the_file_and_it_runs_on)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint8_t *last = hv_fake_page(rig.hv, guest->domid, 511);
    memset(hv_fake_page(rig.hv, guest->domid, 300), 0x5a, HV_PAGE_SIZE);
    last[HV_PAGE_SIZE - 1] = 0x77;
    ck_assert_int_eq(begin(guest), 0);
    ck_assert(paused(guest));
    ck_assert_str_eq(guest_state_name(guest), "running");
    ck_assert_uint_eq(wait.calls, 0);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
    ck_assert(!paused(guest));
    ck_assert_int_eq(file_size(), HEAD + 2 * 1024 * 1024);
    ck_assert_uint_eq(byte_at(0), 0x7f);
    ck_assert_uint_eq(byte_at(HEAD), 0xa5);
    ck_assert_uint_eq(byte_at(HEAD + 300 * 4096), 0x5a);
    ck_assert_uint_eq(byte_at(HEAD + 512 * 4096 - 1), 0x77);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).maps, 1); /* its noxs page */
    /* And again. */
    wait.calls = 0;
    ck_assert_int_eq(begin(guest), 0);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
}
END_TEST

START_TEST(what_it_gave_back_is_zeroes)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    /* A hole in one piece, one piece as a whole, and into the next. */
    hv_fake_give_frames(rig.hv, guest->domid, 100, 300);
    ck_assert_int_eq(begin(guest), 0);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
    ck_assert_uint_eq(byte_at(HEAD + 99 * 4096), 0xa5);
    ck_assert_uint_eq(byte_at(HEAD + 100 * 4096), 0);
    ck_assert_uint_eq(byte_at(HEAD + 200 * 4096), 0);
    ck_assert_uint_eq(byte_at(HEAD + 299 * 4096), 0);
    ck_assert_uint_eq(byte_at(HEAD + 300 * 4096), 0xa5);
    ck_assert_int_eq(file_size(), HEAD + 2 * 1024 * 1024);
}
END_TEST

START_TEST(one_that_is_paused_or_kept_stays_so)
{
    struct guest_spec spec = rig_spec("kept");
    struct guest *guest = rig_boot_named(&rig, "web");
    verb_pause(guest, &error);
    ck_assert_int_eq(begin(guest), 0);
    ck_assert_int_eq(verb_unpause(guest, &error), -UKVM_E_BAD_STATE);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
    ck_assert_str_eq(guest_state_name(guest), "paused");
    ck_assert(paused(guest));
    ck_assert_int_eq(verb_unpause(guest, &error), 0);
    ck_assert(!paused(guest));

    spec.on_crash = SPEC_PRESERVE;
    guest = rig_boot(&rig, &spec);
    death_crash(guest, "test");
    wait.calls = 0;
    ck_assert_int_eq(begin(guest), 0);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
    char note[HEAD];
    ck_assert_int_eq(pread(file, note, HEAD, 0), HEAD);
    ck_assert_ptr_nonnull(memmem(note, HEAD, "state=crashed\nreason=test\n", 26));
}
END_TEST

START_TEST(one_dump_at_a_time)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_int_eq(begin(guest), 0);
    ck_assert_int_eq(begin(guest), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "already"));
    ck_assert_int_eq(verb_pause(guest, &error), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "being dumped"));
    finish();
}
END_TEST

START_TEST(nothing_is_left_to_dump_of_one_that_crashed)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    death_crash(guest, "test");
    loop_fake_run(rig.loop);
    ck_assert_int_eq(begin(rig_find(&rig, "web")), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "on_crash='preserve'"));
}
END_TEST

START_TEST(destroyed_meanwhile)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_int_eq(begin(guest), 0);
    destroy_guest(guest, NULL);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_BAD_STATE);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(hv_fake_leaks(rig.hv).domains, 0);
    /* No core. */
    ck_assert(loop_fake_wait(rig.loop, no_writers, NULL));
    ck_assert(file_size() == 0 || byte_at(0) == 0);
}
END_TEST

START_TEST(crashed_meanwhile)
{
    struct guest_spec spec = rig_spec("kept");
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_int_eq(begin(guest), 0);
    death_crash(guest, "test");
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_BAD_STATE);
    /* What is kept is dumped to its end. */
    spec.on_crash = SPEC_PRESERVE;
    guest = rig_boot(&rig, &spec);
    wait.calls = 0;
    ck_assert_int_eq(begin(guest), 0);
    death_crash(guest, "test");
    ck_assert_uint_eq(wait.calls, 0);
    finish();
    ck_assert_int_eq(wait.error.code, 0);
}
END_TEST

/* Another domain has its id: not a byte of that one's memory is read. */
START_TEST(vanished_meanwhile)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    ck_assert_int_eq(begin(guest), 0);
    hv_fake_reuse(rig.hv, guest->domid);
    unsigned copies = hv_fake_count(rig.hv, "domain_copy");
    finish();
    ck_assert_int_eq(wait.error.code, UKVM_E_INTERNAL);
    ck_assert_uint_eq(hv_fake_count(rig.hv, "domain_copy"), copies);
    hv_fake_reuse(rig.hv, guest->domid);
}
END_TEST

START_TEST(a_hypervisor_that_fails_at_any_call)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    for (unsigned nth = 1;; nth++) {
        wait.calls = 0;
        hv_fake_fail(rig.hv, NULL, nth, EIO);
        int rc = begin(guest);
        if (rc == 0)
            finish();
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        ck_assert_ptr_null(guest->dump);
        if (!failed)
            break;
        /* That the unpause failed is not the dump's failure. */
        if (rc == 0 && wait.error.code == 0) {
            ck_assert(paused(guest));
            struct hv *hv = hv_fake_port(rig.hv);
            ck_assert_int_eq(hv->ops->domain_unpause(hv, guest->domid), 0);
        }
        ck_assert(!paused(guest));
        ck_assert_int_le(rc, 0);
    }
    ck_assert_int_eq(wait.error.code, 0);
}
END_TEST

START_TEST(no_watch_no_dump)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    loop_fake_fail(rig.loop, 1);
    ck_assert_int_eq(begin(guest), -UKVM_E_NO_MEMORY);
    ck_assert_ptr_null(guest->dump);
    ck_assert(!paused(guest));
}
END_TEST

START_TEST(what_is_no_file_to_write_is_refused)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    char path[64];
    int ends[2], good = file;
    ck_assert_int_eq(pipe(ends), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", good);
    int bad[] = {ends[1],
                 open("/dev/null", O_RDWR),
                 open("/tmp", O_RDONLY),
                 open(path, O_RDONLY),
                 open(path, O_RDWR | O_APPEND),
                 -1};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        file = bad[i];
        ck_assert_int_eq(begin(guest), -UKVM_E_NO_FILE);
        fd_close(&bad[i]);
    }
    fd_close(&ends[0]);
    file = good;
    ck_assert(!paused(guest));
    ck_assert_int_eq(file_size(), 3);
}
END_TEST

/* /dev/full is no regular file; a file that may not grow is one. */
START_TEST(a_file_that_is_full)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    fd_close(&file);
    file = memfd_create("full", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_eq(fcntl(file, F_ADD_SEALS, F_SEAL_GROW), 0);
    ck_assert_int_eq(begin(guest), 0);
    finish();
    ck_assert_int_eq(wait.error.code, UKVM_E_NO_FILE);
    ck_assert_ptr_nonnull(strstr(wait.error.text, "web: dump: cannot write the file"));
    ck_assert(!paused(guest));
}
END_TEST

/* The effective capabilities of a thread of this process, or -1. */
static long long capabilities(const char *task)
{
    char path[300], line[128];
    long long caps = -1;
    snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        sscanf(line, "CapEff: %llx", &caps);
    if (status != NULL)
        fclose(status);
    return caps;
}

static bool some_thread_has_none(void)
{
    bool found = false;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks))
        found = found || (task->d_name[0] != '.' && capabilities(task->d_name) == 0);
    closedir(tasks);
    return found;
}

/* What a file system keeps for root is not for a user's dump. */
START_TEST(its_thread_has_no_privileges)
{
    struct dump_writer *writer;
    char self[32];
    snprintf(self, sizeof(self), "%d", (int)getpid());
    /* Whoever has none from the start sees no difference. */
    bool privileged = capabilities(self) > 0;
    ck_assert(!privileged || !some_thread_has_none());
    ck_assert_int_eq(dump_writer_create(file, 0, &writer), 0);
    for (int i = 0; i < 5000 && !some_thread_has_none(); i++)
        usleep(1000);
    ck_assert(some_thread_has_none());
    ck_assert(!privileged || capabilities(self) > 0);
    dump_writer_destroy(writer);
}
END_TEST

START_TEST(dumps_are_bounded)
{
    char name[] = "a";
    struct guest *guests[LIMIT_USER_DUMPS + 1], *roots = rig_boot_named(&rig, "roots");
    rig.owner = 1000;
    for (unsigned i = 0; i <= LIMIT_USER_DUMPS; i++, name[0]++)
        guests[i] = rig_boot_named(&rig, name);
    for (unsigned i = 0; i < LIMIT_USER_DUMPS; i++)
        ck_assert_int_eq(begin(guests[i]), 0);
    ck_assert_int_eq(begin(guests[LIMIT_USER_DUMPS]), -UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "user-dumps"));
    ck_assert_int_eq(begin(roots), 0);
}
END_TEST

START_TEST(dumps_of_all_users_are_bounded)
{
    char name[] = "a";
    struct guest *guests[LIMIT_DUMPS + 1];
    for (unsigned i = 0; i <= LIMIT_DUMPS; i++, name[0]++)
        guests[i] = rig_boot_named(&rig, name);
    for (unsigned i = 0; i < LIMIT_DUMPS; i++)
        ck_assert_int_eq(begin(guests[i]), 0);
    ck_assert_int_eq(begin(guests[LIMIT_DUMPS]), -UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "limit dumps"));
}
END_TEST

START_TEST(killed_meanwhile_it_runs_on)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint32_t domid = guest->domid;
    ck_assert_int_eq(begin(guest), 0);
    rig_kill(&rig);
    ck_assert(hv_fake_domain(rig.hv, domid)->paused);
    rig_restart(&rig);
    ck_assert(!hv_fake_domain(rig.hv, domid)->paused);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
    /* Once only: one that a user has paused since stays so. */
    verb_pause(rig_find(&rig, "web"), &error);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert(hv_fake_domain(rig.hv, domid)->paused);
    ck_assert_uint_eq(wait.calls, 0);
}
END_TEST

/* It had not run at all: not taken for one that was not built. */
START_TEST(killed_before_its_first_instruction)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, false);
    ck_assert_int_eq(begin(rig.guest), 0);
    rig_kill(&rig);
    rig_restart(&rig);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "booting");
}
END_TEST

START_TEST(a_chaosd_that_leaves_lets_it_run_on)
{
    struct guest *guest = rig_boot_named(&rig, "web");
    uint32_t domid = guest->domid;
    ck_assert_int_eq(begin(guest), 0);
    core_leave(&rig.core);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_NO_DAEMON);
    ck_assert(!hv_fake_domain(rig.hv, domid)->paused);
    rig_kill(&rig);
    rig_restart(&rig);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "dump", setup, teardown, all_memory_is_in_the_file_and_it_runs_on,
        what_it_gave_back_is_zeroes, one_that_is_paused_or_kept_stays_so, one_dump_at_a_time,
        nothing_is_left_to_dump_of_one_that_crashed, destroyed_meanwhile, crashed_meanwhile,
        vanished_meanwhile, a_hypervisor_that_fails_at_any_call, no_watch_no_dump,
        what_is_no_file_to_write_is_refused, a_file_that_is_full, its_thread_has_no_privileges,
        dumps_are_bounded, dumps_of_all_users_are_bounded, killed_meanwhile_it_runs_on,
        killed_before_its_first_instruction, a_chaosd_that_leaves_lets_it_run_on);
}
