/*
 * What dom0 holds for a guest: its event channels, TAPs and published ports. May be included by
 * core only.
 */
#ifndef CHAOS_CORE_DEVICES_H
#define CHAOS_CORE_DEVICES_H

struct guest;

/* The page and the control channel of a guest that another chaosd has built. 0 or -errno. */
int devices_open_control(struct guest *guest);
/* The I/O channel that chaos-iod gets. 0 or -errno. */
int devices_open_channel(struct guest *guest);
/* The TAPs that are not open yet. 0, or -errno with a text (HOSTNET_TEXT_MAX). */
int devices_open_taps(struct guest *guest, char *text);
/* The ports that are not published yet; the same. */
int devices_publish(struct guest *guest, char *text);
void devices_unpublish(struct guest *guest);
void devices_unpublish_vif(struct guest *guest, unsigned index);
/* Close and unmap all but the published ports: everything that would keep the domain a zombie. */
void devices_let_go(struct guest *guest);

#endif
