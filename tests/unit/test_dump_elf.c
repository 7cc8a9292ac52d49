/* core/dump_elf: what gdb finds in front of the memory, byte for byte. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "core/dump_elf.h"
#include "fixture/suite.h"

#define PRSTATUS_SIZE 336u /* as the kernel's, on x86-64 */
#define PRSTATUS_PID  32u
#define PRSTATUS_REGS 112u

static uint8_t *out;
static size_t size;

static void build(const struct dump_elf *elf)
{
    size = dump_elf_size(elf);
    out = malloc(size);
    memset(out, 0xa5, size);
    dump_elf_write(elf, out);
}

static void teardown(void)
{
    free(out);
    out = NULL;
}

static void setup(void)
{
}

static uint64_t word(size_t offset)
{
    uint64_t value;
    memcpy(&value, out + offset, sizeof(value));
    return value;
}

static uint32_t half(size_t offset)
{
    uint32_t value;
    memcpy(&value, out + offset, sizeof(value));
    return value;
}

static const struct dump_elf_vcpu vcpus[] = {
    {0,
     {.rax = 1,
      .rbx = 2,
      .rcx = 3,
      .rdx = 4,
      .rsi = 5,
      .rdi = 6,
      .rbp = 7,
      .rsp = 8,
      .r8 = 9,
      .r9 = 10,
      .r10 = 11,
      .r11 = 12,
      .r12 = 13,
      .r13 = 14,
      .r14 = 15,
      .r15 = 16,
      .rip = 17,
      .rflags = 18,
      .fs_base = 19,
      .gs_base = 20,
      .cs = 21,
      .ss = 22,
      .ds = 23,
      .es = 24,
      .fs = 25,
      .gs = 26}},
    {3, {.rip = 0x1234}},
};

START_TEST(heads_and_segments)
{
    static const uint8_t header[64] = {
        0x7f, 'E', 'L', 'F', 2,  1, 1,  0, 0, 0, 0, 0, 0, 0, 0, 0, /* 64 bits, little-endian */
        4,    0,   62,  0,   1,  0, 0,  0,                         /* core, x86-64 */
        0,    0,   0,   0,   0,  0, 0,  0,                         /* no entry */
        64,   0,   0,   0,   0,  0, 0,  0,                         /* program headers follow */
        0,    0,   0,   0,   0,  0, 0,  0,                         /* no sections */
        0,    0,   0,   0,   64, 0, 56, 0, 2, 0, 0, 0, 0, 0, 0, 0};
    struct dump_elf elf = {.vcpus = vcpus, .vcpu_count = 1, .text = "name=a\n", .ram_pages = 512};
    build(&elf);
    ck_assert_uint_eq(size, 4096);
    ck_assert_mem_eq(out, header, sizeof(header));
    /* type, flags, offset, virtual, physical, in the file, in memory, alignment */
    ck_assert_uint_eq(word(64), PT_NOTE);
    ck_assert_uint_eq(word(72), 176);
    ck_assert_uint_eq(word(96), 12 + 8 + PRSTATUS_SIZE + 12 + 8 + 8);
    ck_assert_uint_eq(word(120), PT_LOAD | (uint64_t)7 << 32);
    ck_assert_uint_eq(word(128), 4096);
    ck_assert_uint_eq(word(136), 0);
    ck_assert_uint_eq(word(144), 0);
    ck_assert_uint_eq(word(152), 512 * 4096);
    ck_assert_uint_eq(word(160), 512 * 4096);
    ck_assert_uint_eq(word(168), 4096);
}
END_TEST

START_TEST(registers_are_where_gdb_looks)
{
    /* r15 .. rbx, r11 .. rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, flags, rsp, ss, bases, rest */
    static const uint64_t expected[27] = {16, 15, 14, 13, 7,  2, 12, 11, 10, 9,  1,  3,  4, 5,
                                          6,  -1, 17, 21, 18, 8, 22, 19, 20, 23, 24, 25, 26};
    struct dump_elf elf = {.vcpus = vcpus, .vcpu_count = 2, .text = "", .ram_pages = 1};
    size_t note = 176, next = note + 12 + 8 + PRSTATUS_SIZE;
    build(&elf);
    ck_assert_uint_eq(half(note), 5);
    ck_assert_uint_eq(half(note + 4), PRSTATUS_SIZE);
    ck_assert_uint_eq(half(note + 8), NT_PRSTATUS);
    ck_assert_mem_eq(out + note + 12, "CORE\0\0\0\0", 8);
    ck_assert_uint_eq(half(note + 20 + PRSTATUS_PID), 1);
    ck_assert_mem_eq(out + note + 20 + PRSTATUS_REGS, expected, sizeof(expected));
    ck_assert_uint_eq(half(next + 20 + PRSTATUS_PID), 4);
    ck_assert_uint_eq(word(next + 20 + PRSTATUS_REGS + 16 * 8), 0x1234);
}
END_TEST

START_TEST(it_says_who_it_was)
{
    struct dump_elf elf = {.text = "name=web\nreason=crashed\n", .ram_pages = 1};
    build(&elf);
    ck_assert_uint_eq(half(176), 5);
    ck_assert_uint_eq(half(180), 25);
    ck_assert_uint_eq(half(184), DUMP_ELF_NOTE);
    ck_assert_mem_eq(out + 188, "noxs\0\0\0\0name=web\nreason=crashed\n", 33);
    /* What follows is zeroes to the end of the page. */
    for (size_t i = 188 + 33; i < size; i++)
        ck_assert_uint_eq(out[i], 0);
}
END_TEST

START_TEST(many_vcpus_take_more_pages)
{
    struct dump_elf_vcpu many[32];
    struct dump_elf elf = {.vcpus = many, .vcpu_count = 32, .text = "x", .ram_pages = 1};
    memset(many, 0, sizeof(many));
    build(&elf);
    ck_assert_uint_eq(size, 12288);
    ck_assert_uint_eq(word(128), size);
}
END_TEST

int main(void)
{
    return SUITE_RUN("dump_elf", setup, teardown, heads_and_segments, registers_are_where_gdb_looks,
                     it_says_who_it_was, many_vcpus_take_more_pages);
}
