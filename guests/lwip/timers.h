/* lwIP's periodic work, without a tick while nothing needs one. Internal to the lwIP port. */
#ifndef UKG_LWIP_TIMERS_H
#define UKG_LWIP_TIMERS_H

#include <stdint.h>

struct netif;

void timers_start(struct netif *netif, uint64_t now_ns);

/* Does what has fallen due since the last call. Call it before frames are handed to lwIP. */
void timers_run(uint64_t now_ns);

/* When timers_run() must be called next; UKG_FOREVER while no connection is open. */
uint64_t timers_deadline(void);

#endif
