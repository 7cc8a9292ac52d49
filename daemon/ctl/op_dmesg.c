/* The hypervisor's messages, a piece a request: docs/protocol.md. */
#include "core/core.h"
#include "ctl/ops.h"

/* A byte takes at most six in JSON: a piece fits into a message. */
#define PIECE_BYTES 8192u
#define PLAIN_MAX   '~'

/* Guests' words are among them, and need not be UTF-8. */
static void make_text(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0' || (unsigned char)text[i] > PLAIN_MAX)
            text[i] = '?';
}

void op_dmesg(struct ctl_request *request)
{
    struct hv *hv = request->core->hv;
    struct error error;
    char text[PIECE_BYTES];
    uint64_t after = 0;
    bool clear = false;
    const struct arg args[] = {
        {.name = "after", .type = ARG_NUMBER, .out = &after, .max = UINT32_MAX},
        {.name = "clear", .type = ARG_BOOL, .out = &clear},
    };

    if (ctl_request_args(request, args, 2, &error) < 0) {
        ctl_fail(request, &error);
        return;
    }
    uint32_t index = (uint32_t)after;
    int count = hv->ops->messages(hv, clear, &index, text, sizeof(text));
    if (count < 0) {
        error_from_errno(&error, -count, "dmesg");
        ctl_fail(request, &error);
        return;
    }
    make_text(text, (size_t)count);
    ctl_reply(request,
              json_pack("{s:s#, s:I, s:b}", "text", text, count, "next", (json_int_t)index, "more",
                        (int)(count == (int)sizeof(text))),
              -1);
}
