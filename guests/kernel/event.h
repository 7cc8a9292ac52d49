/*
 * Events without interrupts. The order that loses none: event_clear(), then look for work, then
 * event_poll(). An event that arrives after the look sets its bit again, and poll returns at
 * once. Kernel and test guests.
 */
#ifndef UKG_EVENT_H
#define UKG_EVENT_H

#include <stdint.h>

/* Clears the pending bits of the two noxs ports. */
void event_clear(void);

/*
 * Blocks until one of the two noxs ports is pending, or until the deadline (UKG_FOREVER: none).
 * May return early. Without a noxs page only the deadline ends it.
 */
void event_poll(uint64_t deadline_ns);

/* Sends an event to the other side of one of our ports. */
void event_send(uint32_t port);

#endif
