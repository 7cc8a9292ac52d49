/* Functions that lwipopts.h has lwIP call. Included by lwIP and by what implements them. */
#ifndef UKG_LWIP_HOOKS_H
#define UKG_LWIP_HOOKS_H

#include "lwip/ip_addr.h"

/* Initial sequence number of a connection, as RFC 6528 wants it. */
u32_t ukg_lwip_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                   u16_t remote_port);

#endif
