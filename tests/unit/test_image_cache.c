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

static void on_done(void *arg, struct image_entry *entry, const struct error *error)
{
    struct result *result = arg;
    result->calls++;
    result->entry = entry;
    if (entry == NULL)
        result->error = *error;
}

/* Get an image to the end, and let it go. Returns whether it was known. */
static bool get(int fd, uid_t user, struct result *result)
{
    struct image_entry *entry = NULL;
    struct image_read *read;
    *result = (struct result){0};
    if (image_cache_get(&cache, fd, user, on_done, result, &entry, &read, &result->error) < 0)
        return false;
    if (entry != NULL) {
        image_cache_release(&cache, entry);
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
    struct image_entry *entry = NULL;
    struct image_read *read;
    struct error error;
    int fd = rig_file(image, image_size);
    get(fd, 0, &result);
    ck_assert_int_eq(image_cache_get(&cache, fd, 0, on_done, &result, &entry, &read, &error), 0);
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

START_TEST(who_cancelled_is_not_called)
{
    struct result result = {0};
    struct image_entry *entry = NULL;
    struct image_read *read;
    int fd = rig_file(image, image_size);
    ck_assert_int_eq(image_cache_get(&cache, fd, 0, on_done, &result, &entry, &read, &result.error),
                     0);
    ck_assert_ptr_null(entry);
    image_cache_cancel(read);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(result.calls, 0);
    close(fd);
}
END_TEST

START_TEST(reads_at_a_time_are_bounded)
{
    struct result result = {0};
    struct image_entry *entry = NULL;
    struct image_read *read;
    struct error error;
    int fd = rig_file(image, image_size);
    /* The loop does not turn, so none of them ends. Cancelling does not make room. */
    for (unsigned i = 0; i < LIMIT_USER_IMAGE_READS; i++) {
        ck_assert_int_eq(image_cache_get(&cache, fd, 1000, on_done, &result, &entry, &read, &error),
                         0);
        image_cache_cancel(read);
    }
    ck_assert_int_eq(image_cache_get(&cache, fd, 1000, on_done, &result, &entry, &read, &error),
                     -UKVM_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "user-image-reads"));
    for (unsigned i = LIMIT_USER_IMAGE_READS; i < LIMIT_IMAGE_READS; i++)
        ck_assert_int_eq(image_cache_get(&cache, fd, 0, on_done, &result, &entry, &read, &error),
                         0);
    ck_assert_int_eq(image_cache_get(&cache, fd, 0, on_done, &result, &entry, &read, &error),
                     -UKVM_E_LIMIT);
    ck_assert(loop_fake_wait(loop, no_reads, NULL));
    ck_assert_uint_eq(result.calls, LIMIT_IMAGE_READS - LIMIT_USER_IMAGE_READS);
    ck_assert_uint_eq(cache.entry_count, 1);
    while (result.entry->users > 0)
        image_cache_release(&cache, result.entry);
    close(fd);
}
END_TEST

START_TEST(the_end_abandons_reads)
{
    struct result result = {0};
    struct image_entry *entry = NULL;
    struct image_read *read;
    int fd = rig_file(image, image_size);
    ck_assert_int_eq(image_cache_get(&cache, fd, 0, on_done, &result, &entry, &read, &result.error),
                     0);
    image_cache_fini(&cache);
    ck_assert_uint_eq(result.calls, 0);
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
                     who_cancelled_is_not_called, reads_at_a_time_are_bounded,
                     the_end_abandons_reads);
}
