/* The tables of an ELF file. */
#include "core/image_elf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bounds on the work that a file can ask for; real kernels stay far below. */
#define PROGRAM_HEADERS_MAX 64u
#define SECTION_HEADERS_MAX 1024u

int image_elf_fail(const struct image_elf *elf, int rc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(elf->text, IMAGE_TEXT_MAX, format, args);
    va_end(args);
    return rc;
}

bool image_elf_inside(const struct image_elf *elf, uint64_t offset, uint64_t bytes)
{
    return offset <= elf->size && bytes <= elf->size - offset;
}

int image_elf_truncated(const struct image_elf *elf, const char *what)
{
    return image_elf_fail(elf, -EBADMSG,
                          "%s lie outside the file of %zu bytes: is the image complete?", what,
                          elf->size);
}

static void widen_header(const Elf32_Ehdr *from, Elf64_Ehdr *to)
{
    to->e_type = from->e_type;
    to->e_machine = from->e_machine;
    to->e_phoff = from->e_phoff;
    to->e_phnum = from->e_phnum;
    to->e_phentsize = from->e_phentsize;
    to->e_shoff = from->e_shoff;
    to->e_shnum = from->e_shnum;
    to->e_shentsize = from->e_shentsize;
}

static int read_header(struct image_elf *elf)
{
    const uint8_t *ident = elf->data;
    Elf32_Ehdr narrow;

    if (elf->size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return image_elf_fail(elf, -ENOEXEC,
                              "not an ELF file: build the kernel as an x86 ELF executable");
    if ((ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
        ident[EI_DATA] != ELFDATA2LSB || ident[EI_VERSION] != EV_CURRENT)
        return image_elf_fail(elf, -ENOEXEC,
                              "not a little-endian ELF file: build the kernel for x86");
    elf->wide = ident[EI_CLASS] == ELFCLASS64;
    if (elf->size < (elf->wide ? sizeof(elf->header) : sizeof(narrow)))
        return image_elf_truncated(elf, "the ELF header's fields");
    if (elf->wide) {
        memcpy(&elf->header, elf->data, sizeof(elf->header));
        return 0;
    }
    memcpy(&narrow, elf->data, sizeof(narrow));
    widen_header(&narrow, &elf->header);
    return 0;
}

static int check_header(const struct image_elf *elf)
{
    const Elf64_Ehdr *header = &elf->header;
    size_t program_size = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    if (header->e_machine != EM_386 && header->e_machine != EM_X86_64)
        return image_elf_fail(elf, -ENOEXEC, "ELF machine %u is not x86: build the kernel for x86",
                              header->e_machine);
    if (header->e_type != ET_EXEC)
        return image_elf_fail(elf, -ENOEXEC,
                              "ELF type %u is not a fixed-address executable: link it -no-pie",
                              header->e_type);
    if (header->e_phnum > PROGRAM_HEADERS_MAX)
        return image_elf_fail(elf, -EBADMSG,
                              "%u program headers, at most %u: link with fewer segments",
                              header->e_phnum, PROGRAM_HEADERS_MAX);
    if (header->e_phnum > 0 && header->e_phentsize != program_size)
        return image_elf_fail(elf, -EBADMSG,
                              "program headers of %u bytes instead of %zu: relink the image",
                              header->e_phentsize, program_size);
    if (!image_elf_inside(elf, header->e_phoff, header->e_phnum * program_size))
        return image_elf_truncated(elf, "program headers");
    return 0;
}

/* The caller has checked that the table is inside the file. */
Elf64_Phdr image_elf_program(const struct image_elf *elf, unsigned index)
{
    const uint8_t *table = elf->data + elf->header.e_phoff;
    Elf64_Phdr header = {0};
    Elf32_Phdr narrow;

    if (elf->wide) {
        memcpy(&header, table + index * sizeof(header), sizeof(header));
        return header;
    }
    memcpy(&narrow, table + index * sizeof(narrow), sizeof(narrow));
    header.p_type = narrow.p_type;
    header.p_offset = narrow.p_offset;
    header.p_paddr = narrow.p_paddr;
    header.p_filesz = narrow.p_filesz;
    header.p_memsz = narrow.p_memsz;
    return header;
}

Elf64_Shdr image_elf_section(const struct image_elf *elf, unsigned index)
{
    const uint8_t *table = elf->data + elf->header.e_shoff;
    Elf64_Shdr header = {0};
    Elf32_Shdr narrow;

    if (elf->wide) {
        memcpy(&header, table + index * sizeof(header), sizeof(header));
        return header;
    }
    memcpy(&narrow, table + index * sizeof(narrow), sizeof(narrow));
    header.sh_type = narrow.sh_type;
    header.sh_offset = narrow.sh_offset;
    header.sh_size = narrow.sh_size;
    return header;
}

int image_elf_open(struct image_elf *elf)
{
    int rc = read_header(elf);

    return rc != 0 ? rc : check_header(elf);
}

int image_elf_check_sections(const struct image_elf *elf)
{
    size_t section_size = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    unsigned count = elf->header.e_shnum;

    if (count == 0)
        return 0;
    if (count > SECTION_HEADERS_MAX || elf->header.e_shentsize != section_size)
        return image_elf_fail(elf, -EBADMSG,
                              "section headers of a wrong size or number: relink the image");
    if (!image_elf_inside(elf, elf->header.e_shoff, count * section_size))
        return image_elf_truncated(elf, "section headers");
    return 0;
}
