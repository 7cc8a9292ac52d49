/* noop: says that it is there, then waits to be told to stop. */
#include "ukg.h"

int ukg_main(const struct ukg_start *start)
{
    ukg_print("noop: %s is ready, %zu KiB free\n", start->name, start->heap_bytes / 1024);
    for (;;)
        ukg_yield(0, UKG_FOREVER);
}
