/*
 * lwIP's periodic work. lwIP counts time in ticks of 250 ms and 1 s that somebody must give it,
 * for ever. A guest that has no open connection gives none: it sleeps, and when it wakes makes
 * up for the ticks that passed. What can then expire late, an old ARP entry or a connection in
 * TIME_WAIT, expires before anything looks at it.
 */
#include "timers.h"

#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "ukg.h"

#define NS_PER_MS          UINT64_C(1000000)
#define TCP_TICK_NS        (TCP_TMR_INTERVAL * NS_PER_MS)
#define ARP_TICK_NS        (ARP_TMR_INTERVAL * NS_PER_MS)

/* lwIP's ARP_MAXAGE, which it keeps to itself: after so many ticks no entry is left. */
#define ARP_LIFETIME_TICKS 300u

static struct netif *arp_netif;
static uint64_t tcp_ticked_ns, arp_ticked_ns;

u32_t sys_now(void)
{
    return (u32_t)(ukg_clock_monotonic() / NS_PER_MS);
}

/* lwIP says that a connection needs the ticks: timers_deadline() looks for itself. */
void tcp_timer_needed(void)
{
}

void timers_start(struct netif *netif, uint64_t now_ns)
{
    arp_netif = netif;
    tcp_ticked_ns = now_ns;
    arp_ticked_ns = now_ns;
}

static void run_tcp(uint64_t now_ns)
{
    uint64_t ticks = (now_ns - tcp_ticked_ns) / TCP_TICK_NS;
    if (ticks == 0)
        return;
    tcp_ticked_ns += ticks * TCP_TICK_NS;
    /* tcp_ticks counts every second tick; tcp_tmr() does so for the last one. */
    tcp_ticks += (u32_t)((ticks - 1) * TCP_TMR_INTERVAL / TCP_SLOW_INTERVAL);
    tcp_tmr();
}

static void run_arp(uint64_t now_ns)
{
    uint64_t ticks = (now_ns - arp_ticked_ns) / ARP_TICK_NS;
    arp_ticked_ns += ticks * ARP_TICK_NS;
    if (ticks > ARP_LIFETIME_TICKS) {
        etharp_cleanup_netif(arp_netif);
        return;
    }
    for (; ticks > 0; ticks--)
        etharp_tmr();
}

void timers_run(uint64_t now_ns)
{
    run_tcp(now_ns);
    run_arp(now_ns);
}

uint64_t timers_deadline(void)
{
    return tcp_active_pcbs != NULL ? tcp_ticked_ns + TCP_TICK_NS : UKG_FOREVER;
}
