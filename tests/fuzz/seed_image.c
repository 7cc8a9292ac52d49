/* Writes the seeds of fuzz_image. usage: seed_image DIR */
#include <stdio.h>
#include <stdlib.h>

#include "fixture/elf_build.h"

static void write_seed(const char *dir, const char *name, const struct elf_build *spec)
{
    uint8_t file[ELF_BUILD_SIZE_MAX];
    size_t size = elf_build(spec, file);
    char path[1024];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    out = fopen(path, "wb");
    if (out == NULL || fwrite(file, 1, size, out) != size || fclose(out) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"wide", "narrow", "wide-sections", "narrow-sections"};
    struct elf_build spec = elf_build_good();

    if (argc != 2)
        return EXIT_FAILURE;
    spec.segments[1] = (struct elf_build_segment){0x1000, 0x20, 0x10};
    spec.segment_count = 2;
    for (unsigned i = 0; i < 4; i++) {
        spec.narrow = i & 1;
        spec.section_notes = i & 2;
        write_seed(argv[1], names[i], &spec);
    }
    spec.noxs = false;
    write_seed(argv[1], "no-noxs", &spec);
    spec.pvh = false;
    write_seed(argv[1], "no-pvh", &spec);
    spec = elf_build_good();
    spec.abi_min = spec.abi_max = 2;
    write_seed(argv[1], "abi-2", &spec);
    spec.abi_min = 3;
    write_seed(argv[1], "abi-reversed", &spec);
    spec = elf_build_good();
    spec.entry = 0;
    write_seed(argv[1], "entry-outside", &spec);
    spec.segments[1] = (struct elf_build_segment){0x101000, 0x20, 0x10};
    spec.segment_count = 2;
    write_seed(argv[1], "overlap", &spec);
    return EXIT_SUCCESS;
}
