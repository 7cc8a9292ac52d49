/*
 * Error codes and their one-line messages. Private to libukvm.
 */
#ifndef ERROR_H
#define ERROR_H

#include "ukvm.h"

/*
 * Write a message and give -code, so that a failing path is one line: an expression, so that
 * compilers see that it is not 0. message: UKVM_MESSAGE_MAX bytes, or NULL to drop it.
 */
#define error_fail(message, code, ...) (error_write(message, __VA_ARGS__), -(int)(code))

/* Control characters become '?': a message stays one line whatever a file or a peer put into it,
 * and cannot drive a terminal. */
void error_write(char *message, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The code of a name on the wire ("not-found"), or UKVM_E_PROTOCOL for one we do not know. */
enum ukvm_error_code error_code(const char *name);

#endif
