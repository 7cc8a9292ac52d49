/*
 * The tables of an ELF file, read without trust. Private to the image parser (image*.c).
 *
 * Every offset and size in the file is hostile: each is read once into a local, checked against
 * the size of the file without overflow, and only then used.
 */
#ifndef CHAOS_CORE_IMAGE_ELF_H
#define CHAOS_CORE_IMAGE_ELF_H

#include <elf.h>
#include <stdbool.h>

#include "core/image.h"

/* The file, with its header in the form of 64-bit files whatever its width. */
struct image_elf {
    const uint8_t *data;
    size_t size;
    char *text;
    bool wide; /* a 64-bit file */
    Elf64_Ehdr header;
};

struct image_notes {
    unsigned areas;
    bool has_entry, has_abi;
    uint32_t entry;
    uint32_t abi_min, abi_max;
};

/* Write the error text and return rc. */
int image_elf_fail(const struct image_elf *elf, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a part that is not in the file: "WHAT lie outside the file". */
int image_elf_truncated(const struct image_elf *elf, const char *what);
bool image_elf_inside(const struct image_elf *elf, uint64_t offset, uint64_t bytes);

/* Fill elf->wide and elf->header and check them and the table of program headers. */
int image_elf_open(struct image_elf *elf);
/* index < elf->header.e_phnum */
Elf64_Phdr image_elf_program(const struct image_elf *elf, unsigned index);
/* Check the table of section headers, which an executable need not have. */
int image_elf_check_sections(const struct image_elf *elf);
/* index < elf->header.e_shnum, after image_elf_check_sections */
Elf64_Shdr image_elf_section(const struct image_elf *elf, unsigned index);

/* Take the notes of one part of the file. The first of a kind counts. */
int image_notes_scan(const struct image_elf *elf, uint64_t offset, uint64_t bytes,
                     struct image_notes *notes);

#endif
