/*
 * lwIP as small as a single-purpose guest wants it: IPv4, ICMP echo, TCP with the raw API, no
 * operating system, no timers of its own (timers.c), objects in fixed pools, packets in the
 * kernel's heap. Included by lwIP only.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                  1
#define SYS_LIGHTWEIGHT_PROT    0
#define LWIP_NETCONN            0
#define LWIP_SOCKET             0
#define LWIP_TIMERS             0
#define LWIP_SINGLE_NETIF       1
#define LWIP_HOOK_FILENAME      "lwip_hooks.h"

/* Memory. */
#define MEM_LIBC_MALLOC         1
#define mem_clib_malloc         ukg_alloc
#define mem_clib_calloc         ukg_lwip_calloc
#define mem_clib_free           ukg_free
#define MEM_ALIGNMENT           8
#define MEMP_NUM_TCP_PCB        32
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG        64
#define MEMP_NUM_PBUF           32
#define PBUF_POOL_SIZE          0 /* arriving frames are read into the heap */

/* Protocols. */
#define LWIP_IPV4               1
#define LWIP_ARP                1
#define ARP_TABLE_SIZE          16
#define ARP_QUEUEING            0
#define LWIP_ICMP               1
#define LWIP_RAW                0
#define LWIP_UDP                0
#define LWIP_DHCP               0
#define IP_REASSEMBLY           0
#define IP_FRAG                 0
#define LWIP_STATS              0
#define LWIP_NETIF_LOOPBACK     0
#define LWIP_HAVE_LOOPIF        0

/* TCP: a window that the receive buffers of a small arena can hold. */
#define LWIP_TCP                1
#define TCP_MSS                 1460
#define TCP_WND                 (4 * TCP_MSS)
#define TCP_SND_BUF             (4 * TCP_MSS)
#define TCP_SND_QUEUELEN        16
#define TCP_OOSEQ_MAX_PBUFS     4
#define TCP_LISTEN_BACKLOG      1
#define LWIP_HOOK_TCP_ISN       ukg_lwip_isn

#define LWIP_NO_CTYPE_H         1

#endif
