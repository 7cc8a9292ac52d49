/*
 * TCP/IP for guest applications: lwIP's raw API (lwip/tcp.h) over one network device of the guest
 * API. May be included by applications that link ukg_lwip.
 *
 * lwIP runs only inside ukg_lwip_wait(): so do the callbacks that an application registers.
 */
#ifndef UKG_LWIP_H
#define UKG_LWIP_H

#include <stdbool.h>

#include "ukg.h"

/*
 * Starts lwIP on a network device with the address that the toolstack assigned to it. Call it
 * once. The device may come later, and go again, with its connections; listeners stay. False: it
 * has no address, or there is not enough memory.
 */
bool ukg_lwip_start(unsigned index);

/*
 * Waits until a frame arrives, an lwIP timer is due or the deadline is reached; handles what
 * there is; returns. Call it in a loop, for as long as the guest lives, instead of ukg_yield().
 */
void ukg_lwip_wait(uint64_t deadline_ns);

#endif
