/* Network devices. Kernel only; applications call ukg_net_*(). */
#ifndef UKG_NET_H
#define UKG_NET_H

#include <stdint.h>

#define NET_MAX_DEVICES 8u /* bits of UKG_READY_NET */

/* Starts to use the network device in a slot of the device table. */
void net_open(unsigned slot);

unsigned net_count(void);

/* The bits of ukg_yield() for the wanted network devices that have a frame to read. */
uint64_t net_ready(uint64_t wanted);

#endif
