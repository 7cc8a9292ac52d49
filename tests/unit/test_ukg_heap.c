/* guests/kernel/heap.h. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

#define AREA   4096u
#define BLOCKS 64u
#define ROUNDS 20000u

static _Alignas(16) unsigned char area[AREA];
static struct heap heap;

static void set_up(void)
{
    heap = (struct heap){0};
    heap_add(&heap, area, sizeof area);
}

START_TEST(empty_heap_has_nothing)
{
    struct heap none = {0};
    ck_assert_ptr_null(heap_alloc(&none, 1));
    heap_add(&none, area, 20); /* too small to hold a block */
    ck_assert_ptr_null(none.first);
}
END_TEST

START_TEST(all_of_it_can_be_had_and_given_back)
{
    set_up();
    size_t all = heap.free_bytes;
    void *memory = heap_alloc(&heap, all);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq(heap.free_bytes, 0);
    ck_assert_ptr_null(heap_alloc(&heap, 1));
    ck_assert(heap_free(&heap, memory));
    ck_assert_uint_eq(heap.free_bytes, all);
}
END_TEST

START_TEST(the_end_can_be_cut_off_and_added_again)
{
    set_up();
    size_t all = heap.free_bytes;
    unsigned char *end = area + AREA;
    /* Not what is in use, nor more than there is, nor the whole of a block. */
    ck_assert_ptr_null(heap_cut(&heap, end, AREA));
    ck_assert_ptr_null(heap_cut(&heap, end, SIZE_MAX - 15));
    ck_assert_ptr_null(heap_cut(&heap, end, all));
    ck_assert_ptr_null(heap_cut(&heap, end - 16, 16));
    ck_assert_ptr_eq(heap_cut(&heap, end, 1024), end - 1024);
    ck_assert_uint_eq(heap.free_bytes, all - 1024);
    ck_assert_ptr_eq(heap_cut(&heap, end - 1024, all - 1024 - HEAP_ALIGN), area + 2 * HEAP_ALIGN);
    ck_assert_uint_eq(heap.free_bytes, HEAP_ALIGN);
    heap_add(&heap, area + 2 * HEAP_ALIGN, all - 1024 - HEAP_ALIGN);
    heap_add(&heap, end - 1024, 1024);
    ck_assert_uint_eq(heap.free_bytes, all);
    void *memory = heap_alloc(&heap, all - 512);
    ck_assert_ptr_nonnull(memory);
    ck_assert_ptr_null(heap_cut(&heap, end, 512));
    ck_assert_ptr_eq(heap_cut(&heap, end, 480), end - 480);
    ck_assert(heap_free(&heap, memory));
    ck_assert_ptr_eq(heap_cut(&heap, end - 480, 1024), end - 1504);
}
END_TEST

START_TEST(sizes_that_cannot_be)
{
    set_up();
    ck_assert_ptr_null(heap_alloc(&heap, SIZE_MAX));
    ck_assert_ptr_null(heap_alloc(&heap, AREA));
    ck_assert_ptr_nonnull(heap_alloc(&heap, 0));
}
END_TEST

START_TEST(free_checks_what_it_is_given)
{
    set_up();
    char *memory = heap_alloc(&heap, 100);
    memset(memory, 0, 100);
    ck_assert(!heap_free(&heap, memory + 16));
    ck_assert(!heap_free(&heap, memory + 1));
    ck_assert(heap_free(&heap, memory));
    ck_assert(!heap_free(&heap, memory));
}
END_TEST

START_TEST(areas_that_touch_become_one)
{
    struct heap two = {0};
    heap_add(&two, area + AREA / 2, AREA / 2);
    heap_add(&two, area, AREA / 2);
    ck_assert_ptr_nonnull(heap_alloc(&two, AREA - HEAP_ALIGN));
}
END_TEST

/* Blocks keep their contents and never overlap, and in the end everything is whole again. */
START_TEST(random_use)
{
    struct {
        unsigned char *memory;
        size_t size;
    } held[BLOCKS] = {{0}};
    set_up();
    size_t all = heap.free_bytes;
    srand(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = (unsigned)rand() % BLOCKS;
        if (held[i].memory == NULL) {
            held[i].size = (size_t)rand() % 200;
            held[i].memory = heap_alloc(&heap, held[i].size);
            if (held[i].memory == NULL)
                continue;
            ck_assert_uint_eq((uintptr_t)held[i].memory % HEAP_ALIGN, 0);
            memset(held[i].memory, (int)i, held[i].size);
            continue;
        }
        for (size_t at = 0; at < held[i].size; at++)
            ck_assert_uint_eq(held[i].memory[at], i);
        ck_assert(heap_free(&heap, held[i].memory));
        held[i].memory = NULL;
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (held[i].memory != NULL)
            ck_assert(heap_free(&heap, held[i].memory));
    }
    ck_assert_uint_eq(heap.free_bytes, all);
    ck_assert_ptr_nonnull(heap_alloc(&heap, all));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_heap");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60); /* a sanitizer on a busy machine */
    tcase_add_test(tcase, empty_heap_has_nothing);
    tcase_add_test(tcase, all_of_it_can_be_had_and_given_back);
    tcase_add_test(tcase, the_end_can_be_cut_off_and_added_again);
    tcase_add_test(tcase, sizes_that_cannot_be);
    tcase_add_test(tcase, free_checks_what_it_is_given);
    tcase_add_test(tcase, areas_that_touch_become_one);
    tcase_add_test(tcase, random_use);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
