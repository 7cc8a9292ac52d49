/*
 * pad-image IN OUT KIB: a copy of a kernel image with a segment of KIB more to load behind the
 * others, to see what the size of an image costs.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"

#define SEGMENTS_MAX 16
#define PAGE         4096u

struct image {
    size_t size;
    char *data;
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS_MAX + 1];
};

static void read_image(const char *path, struct image *image)
{
    struct stat stat_buf;
    FILE *file = fopen(path, "r");

    if (file == NULL || fstat(fileno(file), &stat_buf) != 0)
        bench_fail(path, strerror(errno));
    image->size = (size_t)stat_buf.st_size;
    image->data = malloc(image->size);
    if (image->data == NULL || fread(image->data, 1, image->size, file) != image->size)
        bench_fail(path, "cannot be read");
    fclose(file);
    if (image->size < sizeof(image->header))
        bench_fail(path, "is no ELF image");
    memcpy(&image->header, image->data, sizeof(image->header));
    size_t table = image->header.e_phnum * sizeof(Elf64_Phdr);
    if (memcmp(image->header.e_ident, ELFMAG, SELFMAG) != 0 ||
        image->header.e_phentsize != sizeof(Elf64_Phdr) || image->header.e_phnum > SEGMENTS_MAX ||
        image->header.e_phoff > image->size || table > image->size - image->header.e_phoff)
        bench_fail(path, "is no ELF image");
    memcpy(image->segments, image->data + image->header.e_phoff, table);
}

static uint64_t align(uint64_t value)
{
    return (value + PAGE - 1) / PAGE * PAGE;
}

/* Behind all that is loaded, in memory and in the file. */
static void add_segment(struct image *image, uint64_t bytes)
{
    Elf64_Phdr *last = NULL, *added = &image->segments[image->header.e_phnum];

    for (unsigned i = 0; i < image->header.e_phnum; i++) {
        Elf64_Phdr *segment = &image->segments[i];
        if (segment->p_type == PT_LOAD && (last == NULL || segment->p_paddr > last->p_paddr))
            last = segment;
    }
    if (last == NULL)
        bench_fail("image", "loads nothing");
    *added = (Elf64_Phdr){.p_type = PT_LOAD,
                          .p_flags = PF_R,
                          .p_offset = align(image->size),
                          .p_paddr = align(last->p_paddr + last->p_memsz),
                          .p_vaddr = align(last->p_vaddr + last->p_memsz),
                          .p_filesz = bytes,
                          .p_memsz = bytes,
                          .p_align = PAGE};
    image->header.e_phnum++;
}

static void write_at(FILE *file, uint64_t offset, const void *data, size_t size)
{
    if (fseek(file, (long)offset, SEEK_SET) != 0 || fwrite(data, 1, size, file) != size)
        bench_fail("output", strerror(errno));
}

/* The table of segments moves to the end. Bytes of the pad are not zero, so that no file is sparse.
 */
static void write_image(const char *path, struct image *image)
{
    const Elf64_Phdr *added = &image->segments[image->header.e_phnum - 1];
    FILE *file = fopen(path, "w");
    char page[PAGE];

    if (file == NULL)
        bench_fail(path, strerror(errno));
    memset(page, 0x5a, sizeof(page));
    image->header.e_phoff = added->p_offset + added->p_filesz;
    write_at(file, 0, image->data, image->size);
    write_at(file, 0, &image->header, sizeof(image->header));
    for (uint64_t at = 0; at < added->p_filesz; at += PAGE)
        write_at(file, added->p_offset + at, page, sizeof(page));
    write_at(file, image->header.e_phoff, image->segments,
             image->header.e_phnum * sizeof(image->segments[0]));
    if (fclose(file) != 0)
        bench_fail(path, strerror(errno));
}

int main(int argc, char **argv)
{
    static struct image image;

    if (argc != 4) {
        fputs("usage: pad-image IN OUT KIB\n", stderr);
        return 2;
    }
    size_t kib = bench_number("KIB", argv[3], 0, 1u << 20);
    read_image(argv[1], &image);
    if (kib > 0) {
        add_segment(&image, (uint64_t)align(kib * 1024));
        write_image(argv[2], &image);
    } else {
        const char *const copy[] = {"cp", argv[1], argv[2], NULL};
        bench_process(copy);
    }
    free(image.data);
    return 0;
}
