/* The console device. Kernel only; applications call ukg_console_*(). */
#ifndef UKG_CONSOLE_H
#define UKG_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/* Starts to use the console in a slot of the device table. */
void console_open(unsigned slot);

/* True between console_open() and the end. */
bool console_is_open(void);

/* True if there is input. */
bool console_readable(void);

/* Waits until the host has taken all output, or until the deadline. */
void console_drain(uint64_t deadline_ns);

#endif
