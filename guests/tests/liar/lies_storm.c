/* Too much of what is allowed. */
#include "lies.h"

#include "kernel/event.h"
#include "kernel/noxs_front.h"
#include "ukg.h"

/* In all loops requests to stop are still answered, to show who is throttled by what. */
#define BETWEEN_YIELDS 1000u

static void storm(uint32_t port)
{
    for (;;) {
        for (unsigned i = 0; i < BETWEEN_YIELDS; i++)
            event_send(port);
        ukg_yield(0, 0);
    }
}

void lie_storm_control(void)
{
    storm(NOXS_PORT_CONTROL);
}

void lie_storm_io(void)
{
    storm(NOXS_PORT_IO);
}

/* Rings every slot of the table, also those that have no device. */
void lie_storm_doorbell(void)
{
    for (;;) {
        for (unsigned i = 0; i < BETWEEN_YIELDS; i++) {
            noxs_write64(&noxs_page()->guest_kick, ~noxs_read64(&noxs_page()->guest_kick));
            event_send(NOXS_PORT_IO);
        }
        ukg_yield(0, 0);
    }
}

void lie_flood_console(void)
{
    for (uint64_t i = 0;; i++) {
        ukg_print("liar: line %lu of many, and many more are to come\n", i);
        if (i % BETWEEN_YIELDS == 0)
            ukg_yield(0, 0);
    }
}

/* Computes for ever and answers nobody. */
void lie_spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}
