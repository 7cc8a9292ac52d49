/*
 * The kernel's own words: to the console ring once it is up, before that (and where there is no
 * noxs page) to I/O port 0xe9, which Xen copies to its log. Kernel only.
 */
#ifndef UKG_LOG_H
#define UKG_LOG_H

#include <stdbool.h>

void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Gives a reader a moment to take what is in the console ring, before the guest stops. */
void log_flush(void);

#endif
