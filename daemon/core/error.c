#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
    va_list args;

    error->code = code;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return -code;
}

const char *error_name(int code)
{
    switch (code) {
#define NAME_CASE(symbol, number, name, meaning)                                                   \
    case number:                                                                                   \
        return name;
        UKVM_ERRORS(NAME_CASE)
#undef NAME_CASE
    default:
        return "internal";
    }
}

int error_from_errno(struct error *error, int errnum, const char *what)
{
    int code = errnum == ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL;
    return error_set(error, code, "%s: %s", what, strerror(errnum));
}
