#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum ukvm_error_code code;
    const char *name;
} errors[] = {
#define ERROR_ROW(symbol, number, name, meaning) {UKVM_E_##symbol, name},
    UKVM_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

#define ERROR_COUNT (sizeof(errors) / sizeof(errors[0]))

const char *ukvm_error_name(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        if (code == (int)errors[i].code || code == -(int)errors[i].code)
            return errors[i].name;
    }
    return code == UKVM_OK ? "ok" : "unknown";
}

enum ukvm_error_code error_code(const char *name)
{
    for (size_t i = 0; i < ERROR_COUNT; i++) {
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].code;
    }
    return UKVM_E_PROTOCOL;
}

void error_write(char *message, const char *format, ...)
{
    va_list list;

    if (message == NULL)
        return;
    va_start(list, format);
    vsnprintf(message, UKVM_MESSAGE_MAX, format, list);
    va_end(list);
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
}
