/*
 * The lies that the liar knows: one function each, named by a word of the table in liar.c.
 * Every one breaks exactly one rule, so that a test can hold the host's answer to it.
 */
#ifndef LIES_H
#define LIES_H

/* lies_page.c: words of the noxs page. */
void lie_page(void);
void lie_page_all(void);
void lie_state(void);
void lie_state_back(void);
void lie_ack(void);
void lie_device_state(void);
void lie_refuse(void);
void lie_agree(void);
void lie_unsupported(void);
void lie_exiting(void);

/* lies_ring.c: device rings. */
void lie_tx_index(void);
void lie_rx_index(void);
void lie_tx_gref(void);
void lie_tx_offset(void);
void lie_tx_size(void);
void lie_tx_flags(void);
void lie_rx_gref(void);
void lie_rx_id(void);
void lie_console_index(void);
void lie_console_input_index(void);

/* lies_storm.c: too much of what is allowed. */
void lie_storm_control(void);
void lie_storm_io(void);
void lie_storm_doorbell(void);
void lie_flood(void);
void lie_flood_console(void);
void lie_spin(void);

/* lies_frame.c: frames in another's name. */
void lie_spoof_mac(void);
void lie_spoof_ip(void);
void lie_spoof_arp(void);

/* lies_fault.c: crashes. */
void lie_null(void);
void lie_overflow(void);
void lie_write_text(void);
void lie_divide(void);
void lie_invalid(void);

#endif
