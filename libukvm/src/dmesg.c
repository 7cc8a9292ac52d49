#include <stdlib.h>
#include <string.h>

#include "client.h"

/* The largest ring that Xen has is smaller; it may go on growing while it is read. */
#define TEXT_MAX ((size_t)64 << 20)

/* Appends to a string of *length_inout bytes. */
static int append(struct ukvm *handle, char **text_inout, size_t *length_inout, const json_t *piece)
{
    size_t size = json_string_length(piece);
    char *grown = realloc(*text_inout, *length_inout + size + 1);

    if (grown == NULL)
        return error_fail(handle->message, UKVM_E_INTERNAL, "out of memory");
    memcpy(grown + *length_inout, json_string_value(piece), size);
    *text_inout = grown;
    *length_inout += size;
    grown[*length_inout] = '\0';
    return 0;
}

/* One piece, from *after on, which is moved behind it. */
static int read_piece(struct ukvm *handle, bool clear, json_int_t *after, char **text_inout,
                      size_t *length_inout, bool *more_out)
{
    struct client_reply reply;
    int rc = client_call(handle, "dmesg",
                         json_pack("{s:I, s:b}", "after", *after, "clear", (int)clear), -1, &reply);

    if (rc != 0)
        return rc;
    const json_t *piece = json_object_get(reply.ok, "text");
    const json_t *next = json_object_get(reply.ok, "next");
    *more_out = json_is_true(json_object_get(reply.ok, "more"));
    if (!json_is_string(piece) || !json_is_integer(next) ||
        (*more_out && json_string_length(piece) == 0))
        rc = client_malformed(handle, "messages without text");
    else
        rc = append(handle, text_inout, length_inout, piece);
    *after = json_integer_value(next);
    client_reply_fini(&reply);
    return rc;
}

int ukvm_dmesg(struct ukvm *handle, bool clear, char **text_out)
{
    char *text = NULL;
    size_t length = 0;
    json_int_t after = 0;
    bool more = true;
    int rc = 0;

    while (rc == 0 && more && length < TEXT_MAX)
        rc = read_piece(handle, clear, &after, &text, &length, &more);
    if (rc == 0)
        *text_out = text;
    else
        free(text);
    return rc;
}
