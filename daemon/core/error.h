/*
 * An error that reaches a user: the code of ukvm_errors.h and one line that says what failed, why
 * and what to do. May be included by core, ctl and composition roots.
 *
 * Functions that take a struct error return 0, or a negated enum ukvm_error_code with *error set.
 */
#ifndef CHAOS_CORE_ERROR_H
#define CHAOS_CORE_ERROR_H

#include "ukvm_errors.h"

#define ERROR_TEXT_MAX 256

struct error {
    int code; /* enum ukvm_error_code; 0: no error */
    char text[ERROR_TEXT_MAX];
};

/* Fills *error and returns -code. */
int error_set(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The name on the wire. */
const char *error_name(int code);
/* For an errno of a call below core: no-memory for ENOMEM, internal for the rest. */
int error_from_errno(struct error *error, int errnum, const char *what);

#endif
