/* The image parser: segments to load, entry and noxs version of an ELF file. */
#include "core/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/image_elf.h"
#include "noxs/page.h"

/* Keep segments ascending by address, as hv_load wants them. */
static void insert_segment(struct image *image, const struct hv_segment *segment)
{
    size_t at = image->segment_count++;

    while (at > 0 && image->segments[at - 1].paddr > segment->paddr) {
        image->segments[at] = image->segments[at - 1];
        at--;
    }
    image->segments[at] = *segment;
}

static int add_segment(const struct image_elf *elf, const Elf64_Phdr *header, struct image *image)
{
    struct hv_segment segment = {
        .paddr = header->p_paddr,
        .memsz_bytes = header->p_memsz,
        .filesz_bytes = header->p_filesz,
    };

    if (segment.memsz_bytes == 0)
        return 0;
    if (image->segment_count == IMAGE_SEGMENTS_MAX)
        return image_elf_fail(elf, -EBADMSG, "more than %u segments: link with fewer",
                              IMAGE_SEGMENTS_MAX);
    if (segment.filesz_bytes > segment.memsz_bytes)
        return image_elf_fail(elf, -EBADMSG,
                              "segment at 0x%llx is larger in the file than in memory: relink",
                              (unsigned long long)segment.paddr);
    if (segment.memsz_bytes > UINT64_MAX - segment.paddr)
        return image_elf_fail(elf, -EBADMSG,
                              "segment at 0x%llx ends beyond all addresses: relink the image",
                              (unsigned long long)segment.paddr);
    if (!image_elf_inside(elf, header->p_offset, segment.filesz_bytes))
        return image_elf_truncated(elf, "a segment's contents");
    segment.data = elf->data + header->p_offset;
    insert_segment(image, &segment);
    return 0;
}

static int check_segments(const struct image_elf *elf, struct image *image)
{
    uint64_t end = 0;

    if (image->segment_count == 0)
        return image_elf_fail(elf, -EBADMSG, "no segment to load: link the image as an executable");
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct hv_segment *segment = &image->segments[i];

        if (segment->paddr < end)
            return image_elf_fail(elf, -EBADMSG,
                                  "segments overlap at physical address 0x%llx: relink",
                                  (unsigned long long)segment->paddr);
        end = segment->paddr + segment->memsz_bytes;
    }
    image->end_paddr = end;
    return 0;
}

static int scan_programs(const struct image_elf *elf, struct image *image,
                         struct image_notes *notes)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf64_Phdr header = image_elf_program(elf, i);
        int rc = 0;

        if (header.p_type == PT_LOAD)
            rc = add_segment(elf, &header, image);
        else if (header.p_type == PT_NOTE)
            rc = image_notes_scan(elf, header.p_offset, header.p_filesz, notes);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Some linker scripts make no PT_NOTE: the sections still name the notes. */
static int scan_sections(const struct image_elf *elf, struct image_notes *notes)
{
    int rc = image_elf_check_sections(elf);

    if (rc != 0)
        return rc;
    for (unsigned i = 0; i < elf->header.e_shnum; i++) {
        const Elf64_Shdr header = image_elf_section(elf, i);

        if (header.sh_type != SHT_NOTE)
            continue;
        rc = image_notes_scan(elf, header.sh_offset, header.sh_size, notes);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int take_entry(const struct image_elf *elf, const struct image_notes *notes,
                      struct image *image)
{
    if (!notes->has_entry)
        return image_elf_fail(elf, -ENODATA,
                              "no PVH entry: the image needs the Xen ELF note 18 (PHYS32_ENTRY)");
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct hv_segment *segment = &image->segments[i];

        if (notes->entry >= segment->paddr &&
            notes->entry - segment->paddr < segment->filesz_bytes) {
            image->entry = notes->entry;
            return 0;
        }
    }
    return image_elf_fail(elf, -ENODATA,
                          "the PVH entry 0x%x is not inside a segment: fix the Xen ELF note 18",
                          notes->entry);
}

static int take_abi(const struct image_elf *elf, const struct image_notes *notes,
                    struct image *image)
{
    if (!notes->has_abi)
        return image_elf_fail(elf, -EPROTONOSUPPORT,
                              "no noxs note: link the image with the noxs guest library");
    if (notes->abi_min > notes->abi_max)
        return image_elf_fail(elf, -EBADMSG, "the noxs note says ABI %u to %u: fix the note",
                              notes->abi_min, notes->abi_max);
    if (notes->abi_min > NOXS_ABI_VERSION || notes->abi_max < NOXS_ABI_MIN)
        return image_elf_fail(
            elf, -EPROTONOSUPPORT,
            "the image speaks noxs ABI %u to %u, chaos %u to %u: rebuild the older", notes->abi_min,
            notes->abi_max, NOXS_ABI_MIN, NOXS_ABI_VERSION);
    image->abi_min = notes->abi_min;
    image->abi_max = notes->abi_max;
    image->abi = notes->abi_max < NOXS_ABI_VERSION ? notes->abi_max : NOXS_ABI_VERSION;
    return 0;
}

int image_parse(const uint8_t *data, size_t size, struct image *image_out,
                char text[IMAGE_TEXT_MAX])
{
    struct image_elf elf = {.data = data, .size = size, .text = text};
    struct image image = {0};
    struct image_notes notes = {0};
    int rc;

    rc = image_elf_open(&elf);
    if (rc == 0)
        rc = scan_programs(&elf, &image, &notes);
    if (rc == 0 && !(notes.has_entry && notes.has_abi))
        rc = scan_sections(&elf, &notes);
    if (rc == 0)
        rc = check_segments(&elf, &image);
    if (rc == 0)
        rc = take_entry(&elf, &notes, &image);
    if (rc == 0)
        rc = take_abi(&elf, &notes, &image);
    if (rc == 0)
        *image_out = image;
    return rc;
}

uint64_t image_footprint(const struct image *image)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < image->segment_count; i++) {
        const struct hv_segment *segment = &image->segments[i];
        uint64_t last = segment->paddr + segment->memsz_bytes - 1;
        pages += last / HV_PAGE_SIZE - segment->paddr / HV_PAGE_SIZE + 1;
    }
    return pages * HV_PAGE_SIZE;
}

int image_fits(const struct image *image, uint64_t usable_pages, char text[IMAGE_TEXT_MAX])
{
    if (image->end_paddr <= usable_pages * HV_PAGE_SIZE)
        return 0;
    snprintf(text, IMAGE_TEXT_MAX,
             "the image needs RAM up to %llu KiB, the guest has %llu KiB for it: raise memory",
             (unsigned long long)(image->end_paddr + 1023) / 1024,
             (unsigned long long)usable_pages * (HV_PAGE_SIZE / 1024));
    return -E2BIG;
}
