/* IP:PORT as text. */
#include "address.h"

#include <stddef.h>

/* A decimal number of at most `max`, followed by `end` unless that is NUL; NULL if not one. */
static const char *parse_number(const char *text, unsigned max, char end, unsigned *number_out)
{
    unsigned number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (unsigned)(*at - '0');
        if (number > max)
            return NULL;
    }
    if (at == text || (end != '\0' && *at != end))
        return NULL;
    *number_out = number;
    return end == '\0' ? at : at + 1;
}

const char *address_parse(const char *text, struct address *address_out)
{
    struct address address;
    unsigned number;
    for (unsigned i = 0; i < sizeof address.ip; i++) {
        text = parse_number(text, 255, i < 3 ? '.' : ':', &number);
        if (text == NULL)
            return NULL;
        address.ip[i] = (uint8_t)number;
    }
    text = parse_number(text, 65535, '\0', &number);
    if (text == NULL || number == 0)
        return NULL;
    address.port = (uint16_t)number;
    *address_out = address;
    return text;
}
