/*
 * A kernel image: an x86 ELF executable with a PVH entry and a noxs note, taken apart and
 * validated. The bytes are hostile; the result is not. May be included by core only.
 */
#ifndef CHAOS_CORE_IMAGE_H
#define CHAOS_CORE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "hv/hv.h"

#define IMAGE_SEGMENTS_MAX 32u
#define IMAGE_TEXT_MAX     160u /* bytes of an error text, with its NUL */

struct image {
    /* Ascending by paddr, disjoint, none empty. data points into the parsed bytes: borrowed. */
    struct hv_segment segments[IMAGE_SEGMENTS_MAX];
    size_t segment_count;
    uint64_t end_paddr; /* bytes: first address above all segments */
    uint32_t entry;     /* physical, inside a segment's file part: for hv_load.entry */
    uint32_t abi_min;   /* noxs ABI versions the image speaks, at least one of them ours */
    uint32_t abi_max;
    uint32_t abi; /* the highest that both sides speak */
};

/*
 * Takes apart data[0, size). *image_out is written on success only and borrows data. On an
 * error text holds one line without a trailing newline: what is wrong and what to do.
 *   -ENOEXEC          not a little-endian x86 ELF executable
 *   -EBADMSG          an ELF file, but broken: truncated, overlapping or oversized parts
 *   -ENODATA          no PVH entry (Xen ELF note 18), or one outside the image
 *   -EPROTONOSUPPORT  no noxs note, or none of its ABI versions is ours
 */
int image_parse(const uint8_t *data, size_t size, struct image *image_out,
                char text[IMAGE_TEXT_MAX]);

/* Bytes of memory that loading it writes: whole pages of all segments, zeroes included. */
uint64_t image_footprint(const struct image *image);
/*
 * Whether the image lies within a guest's usable RAM, gfn [0, usable_pages). 0 or -E2BIG with
 * text.
 */
int image_fits(const struct image *image, uint64_t usable_pages, char text[IMAGE_TEXT_MAX]);

#endif
