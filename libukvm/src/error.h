/*
 * Error codes and their one-line messages. Private to libukvm.
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdarg.h>

#include "ukvm.h"

/*
 * Write a message (UKVM_MESSAGE_MAX bytes, or NULL to drop it) and return -code, so that a
 * failing path is one line. Control characters become '?': a message stays one line whatever a
 * file or a peer put into it, and cannot drive a terminal.
 */
int error_fail(char *message, enum ukvm_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_fail_list(char *message, enum ukvm_error_code code, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

/* The code of a name on the wire ("not-found"), or UKVM_E_PROTOCOL for one we do not know. */
enum ukvm_error_code error_code(const char *name);

#endif
