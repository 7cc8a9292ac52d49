/* core/image.h: good images come apart, each kind of bad one is told from the others. */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"
#include "fixture/elf_build.h"

static uint8_t file[ELF_BUILD_SIZE_MAX];
static size_t file_size;
static struct image image;
static char text[IMAGE_TEXT_MAX];

/* Parse an exact copy, so that a read past the end is seen by the sanitizer. */
static int parse(void)
{
    uint8_t *copy = malloc(file_size > 0 ? file_size : 1);
    int rc;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, file, file_size);
    strcpy(text, "untouched");
    memset(&image, 0xee, sizeof(image));
    rc = image_parse(copy, file_size, &image, text);
    if (rc == 0)
        for (size_t i = 0; i < image.segment_count; i++)
            image.segments[i].data = file + (image.segments[i].data - copy);
    free(copy);
    return rc;
}

static int build_and_parse(const struct elf_build *spec)
{
    file_size = elf_build(spec, file);
    return parse();
}

/* The text is one line that names the trouble. */
static void assert_text(const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "'%s' lacks '%s'", text, part);
    ck_assert_ptr_null(strchr(text, '\n'));
}

START_TEST(good_images_come_apart)
{
    for (int variant = 0; variant < 4; variant++) {
        struct elf_build spec = elf_build_good();

        spec.narrow = variant & 1;
        spec.section_notes = variant & 2;
        spec.segments[1] = (struct elf_build_segment){0x1000, 0x10, 0x10};
        spec.segments[2] = (struct elf_build_segment){0x1010, 0x5000, 0};
        spec.segments[3] = (struct elf_build_segment){0x9000, 0, 0};
        spec.segment_count = 4;
        ck_assert_int_eq(build_and_parse(&spec), 0);
        ck_assert_uint_eq(image.segment_count, 3);
        ck_assert_uint_eq(image.segments[0].paddr, 0x1000);
        ck_assert_uint_eq(image.segments[1].paddr, 0x1010);
        ck_assert_uint_eq(image.segments[2].paddr, 0x100000);
        ck_assert_uint_eq(image.segments[2].filesz_bytes, 64);
        ck_assert_uint_eq(image.segments[2].data[63], 1);
        ck_assert_uint_eq(image.segments[0].data[0], 2);
        ck_assert_uint_eq(image.end_paddr, 0x103000);
        ck_assert_uint_eq(image.entry, 0x100010);
        ck_assert_uint_eq(image.abi, 1);
    }
}
END_TEST

START_TEST(fits_up_to_the_last_page)
{
    struct elf_build spec = elf_build_good();

    ck_assert_int_eq(build_and_parse(&spec), 0);
    ck_assert_int_eq(image_fits(&image, 0x103, text), 0);
    ck_assert_int_eq(image_fits(&image, 0x102, text), -E2BIG);
    assert_text("1036 KiB, the guest has 1032 KiB");
}
END_TEST

START_TEST(not_an_x86_executable)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *part;
    } rows[] = {
        {0, 'X', "not an ELF file"},
        {EI_CLASS, 3, "not a little-endian ELF"},
        {EI_DATA, ELFDATA2MSB, "not a little-endian ELF"},
        {EI_VERSION, 2, "not a little-endian ELF"},
        {offsetof(Elf64_Ehdr, e_machine), EM_ARM, "ELF machine 40"},
        {offsetof(Elf64_Ehdr, e_type), ET_DYN, "-no-pie"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct elf_build spec = elf_build_good();

        file_size = elf_build(&spec, file);
        file[rows[i].at] = rows[i].value;
        ck_assert_int_eq(parse(), -ENOEXEC);
        assert_text(rows[i].part);
        ck_assert_uint_eq(((uint8_t *)&image)[0], 0xee);
    }
    file_size = 0;
    ck_assert_int_eq(parse(), -ENOEXEC);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    for (int variant = 0; variant < 4; variant++) {
        struct elf_build spec = elf_build_good();
        size_t size;

        spec.narrow = variant & 1;
        spec.section_notes = variant & 2;
        size = elf_build(&spec, file);
        for (file_size = 0; file_size < size; file_size++) {
            int rc = parse();
            ck_assert(rc == -ENOEXEC || rc == -EBADMSG);
        }
    }
}
END_TEST

START_TEST(broken_headers)
{
    static const struct {
        size_t at;
        uint16_t value;
        const char *part;
    } rows[] = {
        {offsetof(Elf64_Ehdr, e_phnum), 65, "65 program headers"},
        {offsetof(Elf64_Ehdr, e_phnum), 0, "no segment"},
        {offsetof(Elf64_Ehdr, e_phnum), 60, "program headers lie outside"},
        {offsetof(Elf64_Ehdr, e_phentsize), 32, "of 32 bytes instead of 56"},
        {offsetof(Elf64_Ehdr, e_phoff) + 6, 0xffff, "program headers lie outside"},
        {offsetof(Elf64_Ehdr, e_shnum), 1025, "section headers"},
        {offsetof(Elf64_Ehdr, e_shnum), 1000, "section headers lie outside"},
        {offsetof(Elf64_Ehdr, e_shentsize), 1, "section headers"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct elf_build spec = elf_build_good();

        spec.section_notes = true;
        file_size = elf_build(&spec, file);
        memcpy(file + rows[i].at, &rows[i].value, 2);
        ck_assert_int_eq(parse(), -EBADMSG);
        assert_text(rows[i].part);
    }
}
END_TEST

START_TEST(broken_segments)
{
    struct elf_build spec = elf_build_good();
    uint64_t offset = UINT64_MAX - 8;

    spec.segments[1] = (struct elf_build_segment){0x102fff, 1, 0};
    spec.segment_count = 2;
    ck_assert_int_eq(build_and_parse(&spec), -EBADMSG);
    assert_text("overlap at physical address 0x102fff");
    spec.segments[1] = (struct elf_build_segment){UINT64_MAX - 5, 7, 0};
    ck_assert_int_eq(build_and_parse(&spec), -EBADMSG);
    assert_text("beyond all addresses");
    spec.segments[1] = (struct elf_build_segment){0x1000, 7, 8};
    ck_assert_int_eq(build_and_parse(&spec), -EBADMSG);
    assert_text("larger in the file");

    spec.segment_count = 1;
    file_size = elf_build(&spec, file);
    memcpy(file + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), &offset, sizeof(offset));
    ck_assert_int_eq(parse(), -EBADMSG);
    assert_text("contents lie outside");

    for (unsigned i = 0; i < IMAGE_SEGMENTS_MAX + 1; i++)
        spec.segments[i] = (struct elf_build_segment){0x100000 + i * 0x100, 0x100, 0x20};
    spec.segment_count = IMAGE_SEGMENTS_MAX;
    ck_assert_int_eq(build_and_parse(&spec), 0);
    spec.segment_count++;
    ck_assert_int_eq(build_and_parse(&spec), -EBADMSG);
    assert_text("more than 32 segments");
}
END_TEST

START_TEST(entry_must_be_there_and_inside)
{
    struct elf_build spec = elf_build_good();

    spec.pvh = false;
    ck_assert_int_eq(build_and_parse(&spec), -ENODATA);
    assert_text("no PVH entry");
    spec.pvh = true;
    spec.entry = 0x100040;
    ck_assert_int_eq(build_and_parse(&spec), -ENODATA);
    assert_text("0x100040 is not inside");
    spec.entry = 0xfffff;
    ck_assert_int_eq(build_and_parse(&spec), -ENODATA);
}
END_TEST

START_TEST(abi_must_be_there_and_common)
{
    struct elf_build spec = elf_build_good();

    spec.noxs = false;
    ck_assert_int_eq(build_and_parse(&spec), -EPROTONOSUPPORT);
    assert_text("no noxs note");
    spec.noxs = true;
    spec.abi_min = 2;
    spec.abi_max = 7;
    ck_assert_int_eq(build_and_parse(&spec), -EPROTONOSUPPORT);
    assert_text("ABI 2 to 7, chaos 1 to 1");
    spec.abi_min = spec.abi_max = 0;
    ck_assert_int_eq(build_and_parse(&spec), -EPROTONOSUPPORT);
    spec.abi_min = 1;
    ck_assert_int_eq(build_and_parse(&spec), -EBADMSG);
    assert_text("ABI 1 to 0");
    spec.abi_max = 9;
    ck_assert_int_eq(build_and_parse(&spec), 0);
    ck_assert_uint_eq(image.abi, 1);
    ck_assert_uint_eq(image.abi_max, 9);
}
END_TEST

START_TEST(broken_notes)
{
    struct elf_build spec = elf_build_good();
    uint32_t value = 12;

    /* The noxs note is the last of the file: header, "noxs" padded to 8, two words. */
    file_size = elf_build(&spec, file);
    memcpy(file + file_size - 28 + offsetof(Elf64_Nhdr, n_descsz), &value, sizeof(value));
    ck_assert_int_eq(parse(), -EBADMSG);
    assert_text("longer than its segment");
    value = 4;
    memcpy(file + file_size - 28 + offsetof(Elf64_Nhdr, n_descsz), &value, sizeof(value));
    ck_assert_int_eq(parse(), -EBADMSG);
    assert_text("holds 4 bytes instead of 8");

    /* The Xen note is before it: header, "Xen", one 64-bit word. */
    file_size = elf_build(&spec, file);
    file[file_size - 28 - 1] = 1;
    ck_assert_int_eq(parse(), -EBADMSG);
    assert_text("not a 32-bit address");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, good_images_come_apart);
    tcase_add_test(tcase, fits_up_to_the_last_page);
    tcase_add_test(tcase, not_an_x86_executable);
    tcase_add_test(tcase, every_truncation_is_refused);
    tcase_add_test(tcase, broken_headers);
    tcase_add_test(tcase, broken_segments);
    tcase_add_test(tcase, entry_must_be_there_and_inside);
    tcase_add_test(tcase, abi_must_be_there_and_common);
    tcase_add_test(tcase, broken_notes);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
