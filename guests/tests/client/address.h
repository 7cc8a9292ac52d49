/* IP:PORT as text. Pure, also compiled into a unit test. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdint.h>

struct address {
    uint8_t ip[4];
    uint16_t port;
};

/* Parses "a.b.c.d:port" at the start of text; returns what follows it, NULL if it is not one. */
const char *address_parse(const char *text, struct address *address_out);

#endif
