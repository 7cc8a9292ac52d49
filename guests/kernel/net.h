/* Network devices. Kernel only; applications call ukg_net_*(). */
#ifndef UKG_NET_H
#define UKG_NET_H

#include <stdbool.h>
#include <stdint.h>

#define NET_MAX_DEVICES 8u /* bits of UKG_READY_NET */

/* Starts to use the network device in a slot of the device table. */
void net_open(unsigned slot);

/*
 * The device table has changed: stop to use what is gone or is another device by now, start to use
 * what has come. False if that could not be used.
 */
bool net_follow(void);

unsigned net_count(void);

/* Whether devices came or went since the application asked last. */
bool net_has_changed(void);

/* The bits of ukg_yield() for the wanted network devices that have a frame to read. */
uint64_t net_ready(uint64_t wanted);

#endif
