/* Requests of chaosd, and how the guest stops. Kernel only. */
#ifndef UKG_CONTROL_H
#define UKG_CONTROL_H

/* Answers a request if there is a new one. Does not return if it was one to stop. */
void control_check(void);

#endif
