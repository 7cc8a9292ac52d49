/* The kernel's own words. */
#include "log.h"

#include <stdint.h>
#include <string.h>

#include "console.h"
#include "ukg.h"

#define XEN_LOG_PORT 0xe9
#define FLUSH_NS     UINT64_C(5000000)

static void write_to_xen(const char *text)
{
    for (; *text != '\0'; text++)
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)XEN_LOG_PORT));
}

void log_print(const char *format, ...)
{
    char text[UKG_PRINT_MAX];
    va_list arguments;
    va_start(arguments, format);
    ukg_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    if (console_is_open())
        ukg_console_write(text, strlen(text));
    else
        write_to_xen(text);
}

void log_flush(void)
{
    if (console_is_open())
        console_drain(ukg_clock_monotonic() + FLUSH_NS);
}
