/*
 * How often one guest may wake the data plane. Pure arithmetic on the times it is given.
 *
 * Every event is paced: a short burst is free, then one each IO_THROTTLE_EVENT_NS. Events that
 * bring no work are idle; a guest that sends many is made to wait twice as long each time, and one
 * that keeps at it is a storm. Idle events are forgiven at one each IO_THROTTLE_FORGIVE_NS, because
 * an honest guest sends some: a doorbell rung while its ring is being read. A guest whose every
 * frame is refused waits like an idle one, but that alone is no storm: it may only be set up
 * wrongly.
 *
 * May be included by io only.
 */
#ifndef CHAOS_IO_THROTTLE_H
#define CHAOS_IO_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#define IO_THROTTLE_EVENT_NS        UINT64_C(100000)
#define IO_THROTTLE_BURST           64u
#define IO_THROTTLE_IDLE_FREE       32u  /* idle events before the waiting begins */
#define IO_THROTTLE_IDLE_REFUSED    128u /* as far as refused work goes */
#define IO_THROTTLE_IDLE_STORM      256u
#define IO_THROTTLE_FORGIVE_NS      UINT64_C(20000000)
#define IO_THROTTLE_WAIT_FIRST_NS   UINT64_C(100000)
#define IO_THROTTLE_WAIT_LONGEST_NS UINT64_C(5000000)

/* What an event brought. */
enum io_throttle_work {
    IO_THROTTLE_IDLE,    /* nothing */
    IO_THROTTLE_REFUSED, /* only what was refused */
    IO_THROTTLE_WORKED,
};

/* All zero is a guest that has sent nothing. */
struct io_throttle {
    uint64_t paced_ns; /* when the events so far are paid for */
    uint64_t last_ns;  /* when idle was last brought up to date */
    uint32_t idle;
};

/*
 * One event was served. Returns how long to keep the channel masked, 0 for not at all. *storm_out
 * is set to true when the guest must be stopped.
 */
uint64_t io_throttle_event(struct io_throttle *throttle, uint64_t now_ns,
                           enum io_throttle_work work, bool *storm_out);

/* A token bucket that may go into debt once: one large thing passes, and is paid for after. */
struct bucket {
    int64_t tokens;
    uint64_t last_ns;
};

void bucket_init(struct bucket *bucket, uint64_t now_ns, uint32_t burst);
/* Whether something may pass now. Its cost is taken by bucket_pay. */
bool bucket_ready(struct bucket *bucket, uint64_t now_ns, uint32_t per_second, uint32_t burst);
void bucket_pay(struct bucket *bucket, uint32_t cost);

#endif
