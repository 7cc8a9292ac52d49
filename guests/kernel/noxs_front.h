/*
 * The guest's side of the noxs page: finding it, its doorbells and its state words. Kernel and
 * test guests.
 */
#ifndef UKG_NOXS_FRONT_H
#define UKG_NOXS_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "noxs/access.h"

/*
 * Looks for the page and maps it and its window; start_info is in frame `info_gfn`. Afterwards
 * noxs_page() is NULL if this guest was not started by a toolstack that knows noxs; that is no
 * error: there are no devices then.
 */
void noxs_front_init(uint64_t info_gfn);

struct noxs_page *noxs_page(void);

/*
 * The address of frames named by the page: NULL if [gfn, gfn + count) are neither in the window nor
 * among those of devices that come later, which boot.S has mapped with shared_info.
 */
void *noxs_frame(uint32_t gfn, uint32_t count);

/* Tells iod that slots have work for it. */
void noxs_ring_doorbell(uint64_t slots);

/* Acknowledges iod's doorbells. What has work is then seen in the rings themselves. */
void noxs_take_doorbells(void);

/* Says that a slot's device is in use. */
void noxs_open_slot(unsigned slot);

/* Says that it is not any more. */
void noxs_close_slot(unsigned slot);

/* Publishes where the guest is and tells chaosd. */
void noxs_set_state(enum noxs_guest_state state, int exit_code);

#endif
