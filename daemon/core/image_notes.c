/* ELF notes: what an image says about itself. */
#include <errno.h>
#include <string.h>

#include "core/image_elf.h"
#include "noxs/page.h"

#define XEN_NOTE_OWNER        "Xen"
#define XEN_NOTE_PHYS32_ENTRY 18u

/* Bounds on the work that a file can ask for; real kernels stay far below. */
#define NOTE_AREAS_MAX        32u
#define NOTE_AREA_MAX         65536u /* bytes */

static uint32_t read_u32(const uint8_t *data)
{
    uint32_t value;

    memcpy(&value, data, sizeof(value));
    return value;
}

/* One note, whose name and desc are inside the file. The first of a kind counts. */
static int take_note(const struct image_elf *elf, const Elf64_Nhdr *note, const uint8_t *name,
                     const uint8_t *desc, struct image_notes *notes)
{
    bool xen = note->n_namesz == sizeof(XEN_NOTE_OWNER) &&
               memcmp(name, XEN_NOTE_OWNER, sizeof(XEN_NOTE_OWNER)) == 0;
    bool noxs = note->n_namesz == sizeof(NOXS_NOTE_OWNER) &&
                memcmp(name, NOXS_NOTE_OWNER, sizeof(NOXS_NOTE_OWNER)) == 0;

    if (xen && note->n_type == XEN_NOTE_PHYS32_ENTRY && !notes->has_entry) {
        /* An address of the file's own width; the upper half must not say anything else. */
        if ((note->n_descsz != 4 && note->n_descsz != 8) ||
            (note->n_descsz == 8 && read_u32(desc + 4) != 0))
            return image_elf_fail(elf, -EBADMSG,
                                  "the PVH entry note is not a 32-bit address: fix the note");
        notes->entry = read_u32(desc);
        notes->has_entry = true;
    }
    if (noxs && note->n_type == NOXS_NOTE_ABI && !notes->has_abi) {
        if (note->n_descsz != 8)
            return image_elf_fail(elf, -EBADMSG,
                                  "the noxs note holds %u bytes instead of 8: fix the note",
                                  note->n_descsz);
        notes->abi_min = read_u32(desc);
        notes->abi_max = read_u32(desc + 4);
        notes->has_abi = true;
    }
    return 0;
}

static uint64_t note_padded(uint32_t bytes)
{
    return ((uint64_t)bytes + 3) & ~(uint64_t)3;
}

/* All notes of data[0, size). */
static int scan_notes(const struct image_elf *elf, const uint8_t *data, size_t size,
                      struct image_notes *notes)
{
    Elf64_Nhdr note; /* the same in 32-bit files */
    int rc;

    while (size >= sizeof(note)) {
        uint64_t name_bytes, desc_bytes;

        memcpy(&note, data, sizeof(note));
        data += sizeof(note);
        size -= sizeof(note);
        name_bytes = note_padded(note.n_namesz);
        desc_bytes = note_padded(note.n_descsz);
#ifdef CHAOS_PLANTED_BUG_IMAGE
        if (name_bytes > size || note.n_descsz > size)
#else
        if (name_bytes > size || note.n_descsz > size - name_bytes)
#endif
            return image_elf_fail(elf, -EBADMSG,
                                  "a note is longer than its segment: relink the image");
        rc = take_note(elf, &note, data, data + name_bytes, notes);
        if (rc != 0)
            return rc;
        /* The last note may come without its padding. */
        if (desc_bytes > size - name_bytes)
            return 0;
        data += name_bytes + desc_bytes;
        size -= name_bytes + desc_bytes;
    }
    return 0;
}

int image_notes_scan(const struct image_elf *elf, uint64_t offset, uint64_t bytes,
                     struct image_notes *notes)
{
    if (!image_elf_inside(elf, offset, bytes))
        return image_elf_truncated(elf, "notes");
    if (bytes > NOTE_AREA_MAX || notes->areas++ == NOTE_AREAS_MAX)
        return image_elf_fail(elf, -EBADMSG,
                              "more than %u parts with notes, or one above %u bytes: strip it",
                              NOTE_AREAS_MAX, NOTE_AREA_MAX);
    return scan_notes(elf, elf->data + offset, bytes, notes);
}
