/* core/image_cache: read once, known again, forgotten in order. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image_read.h"
#include "core/limits.h"
#include "fixture/core_rig.h"
#include "fixture/elf_build.h"
#include "fixture/suite.h"
#include "util/fd.h"

static struct loop *loop;
static struct image_cache cache;
static uint8_t image[ELF_BUILD_SIZE_MAX];
static size_t image_size;

struct result {
    struct image_waiter waiter;
    struct image_waiter *cancels; /* when it is told */
    unsigned calls;
    struct image_entry *entry;
    struct error error;
};

static void setup(void)
{
    struct elf_build good = elf_build_good();
    loop = loop_fake_create();
    image_cache_init(&cache, loop);
    image_size = elf_build(&good, image);
}

static bool no_reads(void *arg)
{
    (void)arg;
    return list_empty(&cache.reads);
}

static void teardown(void)
{
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    image_cache_fini(&cache);
    ck_assert_uint_eq(loop_fake_handles(loop), 0);
    loop_fake_destroy(loop);
}

static void on_done(struct image_waiter *waiter, struct image_entry *entry,
                    const struct error *error)
{
    struct result *result = LIST_OWNER(waiter, struct result, waiter);
    if (result->cancels != NULL)
        image_cache_cancel(result->cancels);
    result->calls++;
    result->entry = entry;
    if (entry == NULL)
        result->error = *error;
}

static int ask(int fd, uid_t user, struct result *result)
{
    result->waiter.done = on_done;
    return image_cache_get(&cache, fd, user, &result->waiter, &result->entry, &result->error);
}

/* Get an image to the end, and let it go. Returns whether it was known. */
static bool get(int fd, uid_t user, struct result *result)
{
    *result = (struct result){0};
    if (ask(fd, user, result) < 0)
        return false;
    if (result->entry != NULL) {
        image_cache_release(&cache, result->entry);
        return true;
    }
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(result->calls, 1);
    image_cache_release(&cache, result->entry);
    return false;
}

START_TEST(the_second_time_it_is_known)
{
    struct result result;
    int fd = rig_file(image, image_size);
    ck_assert(!get(fd, 0, &result));
    ck_assert_ptr_nonnull(result.entry);
    ck_assert_uint_eq(result.entry->image.segment_count, 1);
    ck_assert(get(fd, 0, &result));
    close(fd);
}
END_TEST

START_TEST(a_change_shows)
{
    struct result result;
    int fd = rig_file(image, image_size);
    ck_assert(!get(fd, 0, &result));
    usleep(20000); /* file times are as coarse as the kernel's clock */
    ck_assert_int_eq(pwrite(fd, image, 1, 0), 1);
    ck_assert(!get(fd, 0, &result));
    close(fd);
}
END_TEST

START_TEST(the_copy_does_not_change_with_the_file)
{
    struct result result;
    int fd = rig_file(image, image_size);
    get(fd, 0, &result);
    ck_assert_int_eq(pwrite(fd, "XXXX", 4, 0), 4);
    ck_assert_mem_eq(result.entry->data, image, image_size);
    close(fd);
}
END_TEST

START_TEST(users_share_only_what_root_alone_can_write)
{
    struct result result;
    int fd = rig_file(image, image_size);
    ck_assert_int_eq(fchmod(fd, 0755), 0);
    ck_assert(!get(fd, 1000, &result));
    ck_assert(get(fd, 1001, &result));
    close(fd);
    fd = rig_file(image, image_size);
    ck_assert_int_eq(fchmod(fd, 0757), 0);
    ck_assert(!get(fd, 1000, &result));
    ck_assert(!get(fd, 1001, &result));
    ck_assert(get(fd, 1000, &result));
    close(fd);
}
END_TEST

START_TEST(failures_are_not_kept)
{
    struct result result;
    int fd = rig_file("not an image", 12);
    for (int i = 0; i < 2; i++) {
        ck_assert(!get(fd, 0, &result));
        ck_assert_ptr_null(result.entry);
        ck_assert_int_eq(result.error.code, UKVM_E_BAD_IMAGE);
    }
    ck_assert_uint_eq(cache.entry_count, 0);
    close(fd);
}
END_TEST

START_TEST(too_large_and_unreadable_files)
{
    struct result result;
    int fd = memfd_create("large", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, ((off_t)LIMIT_IMAGE_MIB << 20) + 1), 0);
    ck_assert(!get(fd, 0, &result));
    ck_assert_int_eq(result.error.code, UKVM_E_LIMIT);
    close(fd);
    char path[] = "/tmp/chaos-test-XXXXXX";
    close(mkstemp(path));
    fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(write(fd, image, image_size), (ssize_t)image_size);
    ck_assert(!get(fd, 0, &result));
    ck_assert_int_eq(result.error.code, UKVM_E_NO_FILE);
    close(fd);
    unlink(path);
    ck_assert(!get(-1, 0, &result));
    ck_assert_int_eq(result.error.code, UKVM_E_NO_FILE);
}
END_TEST

START_TEST(the_oldest_goes_first)
{
    struct result result;
    int fds[LIMIT_CACHED_IMAGES + 1];
    for (unsigned i = 0; i <= LIMIT_CACHED_IMAGES; i++) {
        fds[i] = rig_file(image, image_size);
        ck_assert(!get(fds[i], 0, &result));
        /* The first one is used again and again. */
        ck_assert(get(fds[0], 0, &result));
    }
    ck_assert_uint_eq(cache.entry_count, LIMIT_CACHED_IMAGES);
    ck_assert(get(fds[0], 0, &result));
    ck_assert(!get(fds[1], 0, &result));
    fd_close_all(fds, LIMIT_CACHED_IMAGES + 1);
}
END_TEST

START_TEST(one_in_use_stays)
{
    struct result result;
    int fd = rig_file(image, image_size);
    get(fd, 0, &result);
    ck_assert_int_eq(ask(fd, 0, &result), 0);
    struct image_entry *entry = result.entry;
    for (unsigned i = 0; i < LIMIT_CACHED_IMAGES + 3; i++) {
        int other = rig_file(image, image_size);
        get(other, 0, &result);
        close(other);
    }
    ck_assert_mem_eq(entry->data, image, image_size);
    image_cache_release(&cache, entry);
    close(fd);
}
END_TEST

/* Begin to wait for an image that is not known. */
static void await(int fd, uid_t user, struct result *result)
{
    *result = (struct result){0};
    ck_assert_int_eq(ask(fd, user, result), 0);
    ck_assert_ptr_null(result->entry);
}

static unsigned reads_under_way(void)
{
    unsigned count = 0;

    LIST_FOR_EACH(node, &cache.reads)
    count++;
    return count;
}

START_TEST(who_cancelled_is_not_called)
{
    struct result result;
    int fd = rig_file(image, image_size);
    await(fd, 0, &result);
    image_cache_cancel(&result.waiter);
    image_cache_cancel(&result.waiter);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(result.calls, 0);
    ck_assert_uint_eq(cache.entry_count, 0);
    close(fd);
}
END_TEST

START_TEST(one_user_waits_for_one_read)
{
    struct result results[LIMIT_IMAGE_READS + 1];
    int fd = rig_file(image, image_size);
    for (unsigned i = 0; i <= LIMIT_IMAGE_READS; i++)
        await(fd, 1000, &results[i]);
    ck_assert_uint_eq(reads_under_way(), 1);
    close(fd);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(cache.entry_count, 1);
    ck_assert_uint_eq(results[0].entry->users, LIMIT_IMAGE_READS + 1);
    for (unsigned i = 0; i <= LIMIT_IMAGE_READS; i++) {
        ck_assert_uint_eq(results[i].calls, 1);
        ck_assert_ptr_eq(results[i].entry, results[0].entry);
        image_cache_release(&cache, results[i].entry);
    }
}
END_TEST

START_TEST(an_error_reaches_all)
{
    struct result results[3];
    int fd = rig_file("not an image", 12);
    for (unsigned i = 0; i < 3; i++)
        await(fd, 1000, &results[i]);
    ck_assert_uint_eq(reads_under_way(), 1);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(results[i].calls, 1);
        ck_assert_ptr_null(results[i].entry);
        ck_assert_int_eq(results[i].error.code, UKVM_E_BAD_IMAGE);
    }
    close(fd);
}
END_TEST

START_TEST(who_cancels_leaves_the_others_waiting)
{
    struct result results[3];
    int fd = rig_file(image, image_size);
    for (unsigned i = 0; i < 3; i++)
        await(fd, 1000, &results[i]);
    image_cache_cancel(&results[0].waiter); /* it began the read */
    results[1].cancels = &results[2].waiter;
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(results[0].calls, 0);
    ck_assert_uint_eq(results[1].calls, 1);
    ck_assert_uint_eq(results[2].calls, 0);
    ck_assert_uint_eq(results[1].entry->users, 1);
    image_cache_release(&cache, results[1].entry);
    close(fd);
}
END_TEST

START_TEST(a_cancelled_read_can_be_waited_for)
{
    struct result first, second;
    int fd = rig_file(image, image_size);
    await(fd, 1000, &first);
    image_cache_cancel(&first.waiter);
    await(fd, 1000, &second);
    ck_assert_uint_eq(reads_under_way(), 1);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(first.calls, 0);
    ck_assert_uint_eq(second.calls, 1);
    image_cache_release(&cache, second.entry);
    close(fd);
}
END_TEST

START_TEST(a_changed_file_is_another_read)
{
    struct result before, after;
    int fd = rig_file(image, image_size);
    await(fd, 1000, &before);
    ck_assert_int_eq(ftruncate(fd, (off_t)image_size + 1), 0);
    await(fd, 1000, &after);
    ck_assert_uint_eq(reads_under_way(), 2);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(before.calls, 1);
    ck_assert_uint_eq(after.calls, 1);
    ck_assert_ptr_nonnull(after.entry);
    ck_assert_uint_eq(after.entry->size_bytes, image_size + 1);
    image_cache_release(&cache, before.entry);
    image_cache_release(&cache, after.entry);
    close(fd);
}
END_TEST

/* Not even for what they share once it is read: this one user's fd cannot be read. */
START_TEST(nobody_waits_for_another_users_read)
{
    struct result bad, good;
    char path[] = "/tmp/chaos-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, image, image_size), (ssize_t)image_size);
    int unreadable = open(path, O_WRONLY | O_CLOEXEC);
    await(unreadable, 1000, &bad);
    await(fd, 1001, &good);
    ck_assert_uint_eq(reads_under_way(), 2);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_int_eq(bad.error.code, UKVM_E_NO_FILE);
    ck_assert_ptr_nonnull(good.entry);
    image_cache_release(&cache, good.entry);
    close(unreadable);
    close(fd);
    unlink(path);
}
END_TEST

/* Reads of count different files by one user, in files and results. */
static void await_many(uid_t user, unsigned count, int *files, struct result *results)
{
    for (unsigned i = 0; i < count; i++) {
        files[i] = rig_file(image, image_size);
        await(files[i], user, &results[i]);
    }
}

START_TEST(reads_at_a_time_are_bounded)
{
    struct result results[LIMIT_IMAGE_READS], more = {0};
    int files[LIMIT_IMAGE_READS], fd = rig_file(image, image_size);
    const unsigned mine = LIMIT_USER_IMAGE_READS;
    /* The loop does not turn, so none of them ends. Cancelling does not make room. */
    await_many(1000, mine, files, results);
    for (unsigned i = 0; i < mine; i++)
        image_cache_cancel(&results[i].waiter);
    ck_assert_int_eq(ask(fd, 1000, &more), -UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(more.error.text, "user-image-reads"));
    await_many(0, LIMIT_IMAGE_READS - mine, files + mine, results + mine);
    ck_assert_int_eq(ask(fd, 0, &more), -UKVM_E_LIMIT);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(more.calls, 0);
    for (unsigned i = 0; i < LIMIT_IMAGE_READS; i++) {
        ck_assert_uint_eq(results[i].calls, i >= mine);
        image_cache_release(&cache, results[i].entry);
    }
    fd_close_all(files, LIMIT_IMAGE_READS);
    close(fd);
}
END_TEST

START_TEST(the_end_abandons_reads)
{
    struct result results[2];
    int fd = rig_file(image, image_size);
    await(fd, 0, &results[0]);
    await(fd, 0, &results[1]);
    image_cache_fini(&cache);
    image_cache_cancel(&results[0].waiter);
    ck_assert_uint_eq(results[0].calls + results[1].calls, 0);
    usleep(100000);
    close(fd);
}
END_TEST

int main(void)
{
    return SUITE_RUN("image_cache", setup, teardown, the_second_time_it_is_known, a_change_shows,
                     the_copy_does_not_change_with_the_file,
                     users_share_only_what_root_alone_can_write, failures_are_not_kept,
                     too_large_and_unreadable_files, the_oldest_goes_first, one_in_use_stays,
                     who_cancelled_is_not_called, one_user_waits_for_one_read, an_error_reaches_all,
                     who_cancels_leaves_the_others_waiting, a_cancelled_read_can_be_waited_for,
                     a_changed_file_is_another_read, nobody_waits_for_another_users_read,
                     reads_at_a_time_are_bounded, the_end_abandons_reads);
}
