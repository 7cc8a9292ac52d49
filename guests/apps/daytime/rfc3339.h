/* Time as text. Pure, also compiled into a unit test. */
#ifndef RFC3339_H
#define RFC3339_H

#include <stddef.h>
#include <stdint.h>

#define RFC3339_SIZE 21u /* bytes of "2026-11-23T06:45:12Z" with its NUL */

/* Writes UTC as RFC 3339 says; the year must be below 10000. */
void rfc3339_format(char text_out[RFC3339_SIZE], uint64_t unix_seconds);

#endif
