/*
 * nested: three functions deep it does what its command line says: "spin", "panic" or "fault". A
 * debugger that is given a dump of it must name all three, and what the innermost was called with.
 */
#include <string.h>

#include "ukg.h"

#define EXIT_USAGE 64

static volatile uint32_t turns;

static __attribute__((noinline)) uint32_t innermost(const char *mode, uint32_t secret)
{
    uint32_t *volatile nowhere = (uint32_t *)8; /* volatile: the compiler must not see what it is */

    ukg_print("nested: %s\n", mode);
    if (strcmp(mode, "panic") == 0)
        ukg_panic("as asked");
    if (strcmp(mode, "fault") == 0)
        *nowhere = secret;
    while (strcmp(mode, "spin") == 0)
        turns += secret;
    return turns;
}

/* What follows each call keeps it from being the function's last, which would leave no frame. */
static __attribute__((noinline)) uint32_t middle(const char *mode, uint32_t secret)
{
    uint32_t result = innermost(mode, secret + 1);
    return result + turns;
}

static __attribute__((noinline)) uint32_t outermost(const char *mode)
{
    uint32_t result = middle(mode, 4710);
    return result + turns;
}

int ukg_main(const struct ukg_start *start)
{
    turns = outermost(start->cmdline);
    return EXIT_USAGE;
}
