/* ukg_format(): as much of printf as dumps and greetings need. Also compiled into a unit test. */
#include "ukg.h"

struct output {
    char *buffer;
    size_t size_bytes;
    size_t length; /* of the whole text, also of what did not fit */
};

struct conversion {
    bool left;
    char pad;
    size_t width;
    size_t precision; /* SIZE_MAX: none given */
    unsigned longs;   /* 0: int, else 64 bits */
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size_bytes)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_padding(struct output *out, char c, size_t length, size_t width)
{
    for (; length < width; length++)
        put(out, c);
}

static void put_text(struct output *out, const struct conversion *how, const char *text)
{
    size_t length = 0;
    while (length < how->precision && text[length] != '\0')
        length++;
    if (!how->left)
        put_padding(out, ' ', length, how->width);
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    if (how->left)
        put_padding(out, ' ', length, how->width);
}

static void put_number(struct output *out, const struct conversion *how, uint64_t value,
                       unsigned base, bool negative)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);

    size_t length = count + negative;
    if (!how->left && how->pad == ' ')
        put_padding(out, ' ', length, how->width);
    if (negative)
        put(out, '-');
    if (!how->left && how->pad == '0')
        put_padding(out, '0', length, how->width);
    while (count > 0)
        put(out, digits[--count]);
    if (how->left)
        put_padding(out, ' ', length, how->width);
}

static const char *parse_number(const char *at, size_t *number_out)
{
    *number_out = 0;
    while (*at >= '0' && *at <= '9')
        *number_out = *number_out * 10 + (size_t)(*at++ - '0');
    return at;
}

/* Parses what stands between '%' and the conversion's letter; returns where the letter is. */
static const char *parse_conversion(const char *at, struct conversion *how)
{
    *how = (struct conversion){.pad = ' ', .precision = SIZE_MAX};
    for (;; at++) {
        if (*at == '-')
            how->left = true;
        else if (*at == '0')
            how->pad = '0';
        else
            break;
    }
    at = parse_number(at, &how->width);
    if (*at == '.')
        at = parse_number(at + 1, &how->precision);
    for (; *at == 'l' || *at == 'z'; at++)
        how->longs++;
    return at;
}

static void put_signed(struct output *out, const struct conversion *how, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(out, how, magnitude, 10, value < 0);
}

size_t ukg_vformat(char *buffer, size_t size_bytes, const char *format, va_list arguments)
{
    struct output out = {buffer, size_bytes, 0};
    for (const char *at = format; *at != '\0'; at++) {
        struct conversion how;
        if (*at != '%') {
            put(&out, *at);
            continue;
        }
        at = parse_conversion(at + 1, &how);
        switch (*at) {
        case 's':
            put_text(&out, &how, va_arg(arguments, const char *));
            break;
        case 'c':
            put(&out, (char)va_arg(arguments, int));
            break;
        case 'd':
            put_signed(&out, &how, how.longs ? va_arg(arguments, int64_t) : va_arg(arguments, int));
            break;
        case 'u':
        case 'x':
            put_number(&out, &how,
                       how.longs ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned),
                       *at == 'u' ? 10 : 16, false);
            break;
        case 'p':
            put_number(&out, &how, (uintptr_t)va_arg(arguments, void *), 16, false);
            break;
        case '\0':
            at--;
            break;
        default:
            put(&out, *at);
        }
    }
    if (size_bytes > 0)
        buffer[out.length < size_bytes ? out.length : size_bytes - 1] = '\0';
    return out.length;
}

size_t ukg_format(char *buffer, size_t size_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = ukg_vformat(buffer, size_bytes, format, arguments);
    va_end(arguments);
    return length;
}
