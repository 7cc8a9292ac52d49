/* Any bytes: image_parse() refuses them with a text, or what it returns holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check(const struct image *image, const uint8_t *data, size_t size)
{
    uint64_t end = 0;
    int entry_found = 0;

    require(image->segment_count >= 1 && image->segment_count <= IMAGE_SEGMENTS_MAX);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct hv_segment *segment = &image->segments[i];

        require(segment->paddr >= end && segment->memsz_bytes > 0);
        require(segment->filesz_bytes <= segment->memsz_bytes);
        end = segment->paddr + segment->memsz_bytes;
        require(end > segment->paddr);
        require(segment->data >= data && segment->data <= data + size);
        require(segment->filesz_bytes <= (size_t)(data + size - segment->data));
        entry_found |=
            image->entry >= segment->paddr && image->entry - segment->paddr < segment->filesz_bytes;
    }
    require(entry_found && image->end_paddr == end);
    require(image->abi >= image->abi_min && image->abi <= image->abi_max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[IMAGE_TEXT_MAX] = "";
    struct image image;

    if (image_parse(data, size, &image, text) != 0) {
        require(text[0] != '\0' && strchr(text, '\n') == NULL);
        return 0;
    }
    check(&image, data, size);
    require((image_fits(&image, 256, text) == 0) == (image.end_paddr <= 256 * HV_PAGE_SIZE));
    return 0;
}
