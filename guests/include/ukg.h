/*
 * The guest API: all that an application on the chaos guest kernel needs. One address space, one
 * thread, one vCPU, no interrupts: a function returns before anything else runs, and nothing
 * happens behind the application's back except inside ukg_yield() and ukg_exit().
 *
 * May be included by guest applications and by the kernel. docs/guest-api.md is the guide.
 */
#ifndef UKG_H
#define UKG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Result of calls that can fail. */
enum ukg_result {
    UKG_OK = 0,
    UKG_AGAIN = 1,  /* not now: nothing to read, or no room; ukg_yield() says when to try again */
    UKG_EINVAL = 2, /* an argument is out of its stated bounds; nothing was done */
};

/*
 * Start
 */

/* What the kernel hands to the application. Valid until the guest stops. */
struct ukg_start {
    const char *cmdline; /* NUL-terminated, "" if none was given */
    const char *name;    /* of this guest, "" if the toolstack did not say */
    unsigned net_count;  /* network devices at the start: indices 0..net_count-1 */
    size_t heap_bytes;   /* memory that ukg_alloc() has to give */
};

/*
 * The application's entry point, written by the application. By now memory, clock and all devices
 * work, and the toolstack has been told that the guest is ready. Returning from it is
 * ukg_exit() with the returned value.
 */
int ukg_main(const struct ukg_start *start);

/* Powers the guest off with an exit code for the toolstack to report. */
_Noreturn void ukg_exit(int code);

/* Stops the guest as crashed, after writing "panic: " and the reason to the console. */
_Noreturn void ukg_panic(const char *reason);

/* What the toolstack asked for. */
enum ukg_stop {
    UKG_STOP_POWEROFF = 0,
    UKG_STOP_REBOOT = 1,
};

/*
 * Registers a function to call when the toolstack asks the guest to stop; NULL, the default, for
 * none. It is called from ukg_yield(), the request already acknowledged, and may use the whole
 * API but ukg_yield(). When it returns the guest stops with exit code 0.
 */
void ukg_on_stop(void (*hook)(enum ukg_stop stop));

/*
 * Time
 */

/* Nanoseconds since an unspecified origin. Never goes back. */
uint64_t ukg_clock_monotonic(void);

/* Nanoseconds since 1970-01-01 00:00:00 UTC. */
uint64_t ukg_clock_wall(void);

/*
 * Waiting
 */

#define UKG_FOREVER          UINT64_MAX

/* Bits of a set of devices. */
#define UKG_READY_CONSOLE    ((uint64_t)1)                  /* input to read */
#define UKG_READY_NET_CHANGE ((uint64_t)2)                  /* see ukg_net_changed() */
#define UKG_READY_NET(index) ((uint64_t)1 << (8 + (index))) /* a frame to read */

/*
 * Gives the CPU away until a device of the set `wanted` is ready or ukg_clock_monotonic() reaches
 * deadline_ns. Returns the devices of `wanted` that are ready, 0 at the deadline. A device stays
 * ready until what is there has been read. A deadline that has passed, such as 0, makes this a
 * check that does not block. Requests of the toolstack are answered in here, so an application
 * that computes for long should call it now and then; a request to power off does not return.
 */
uint64_t ukg_yield(uint64_t wanted, uint64_t deadline_ns);

/*
 * Console
 */

/*
 * Writes to the guest's console. If nobody takes the output, waits for at most a few
 * milliseconds and then drops the rest: a console never stops a guest.
 */
void ukg_console_write(const char *text, size_t size_bytes);

/* Reads at most size_bytes of input that has arrived; returns how many were read, 0 if none. */
size_t ukg_console_read(char *buffer, size_t size_bytes);

/*
 * Formats into buffer, always NUL-terminated if size_bytes is not 0. Returns the length the whole
 * text would have, without its NUL. Knows %s %c %d %u %x %p %%, a width, '0' and '-' before it,
 * a precision for %s, and the lengths l, ll and z.
 */
size_t ukg_format(char *buffer, size_t size_bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t ukg_vformat(char *buffer, size_t size_bytes, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* ukg_format() to the console, at most UKG_PRINT_MAX bytes. */
#define UKG_PRINT_MAX 256u
void ukg_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Memory
 */

/* Memory aligned to 16 bytes, not cleared; NULL if there is not enough. ukg_free(NULL) is fine. */
void *ukg_alloc(size_t size_bytes);
void ukg_free(void *memory);

/*
 * Network: raw Ethernet frames, without frame check sequence
 */

#define UKG_NET_HEADER_BYTES 14u

struct ukg_net_info {
    uint8_t mac[6];
    uint8_t prefix_len; /* of ip */
    uint8_t ip[4];      /* network byte order; 0.0.0.0: none was assigned */
    uint8_t gateway[4]; /* network byte order; 0.0.0.0: none */
    uint16_t mtu;       /* bytes, without UKG_NET_HEADER_BYTES */
    uint32_t serial;    /* another for each device that was ever at this index */
};

/*
 * Whether devices came or went since the last call. The toolstack may do that at any time, but it
 * happens only in ukg_yield(): what waited in a device that went is lost, and its index is free for
 * another.
 */
bool ukg_net_changed(void);

/* UKG_EINVAL: no such device. */
enum ukg_result ukg_net_info(unsigned index, struct ukg_net_info *info_out);

/*
 * Sends one frame of 14 to mtu + 14 bytes; it is copied, so the buffer is free again. Never
 * blocks. UKG_AGAIN: no room, see ukg_net_wait_room(). UKG_EINVAL: no such device, or size.
 */
enum ukg_result ukg_net_write(unsigned index, const void *frame, size_t size_bytes);

/*
 * Waits until there is room to send a frame, and looks at nothing else meanwhile. UKG_AGAIN: the
 * deadline came first. UKG_EINVAL: no such device.
 */
enum ukg_result ukg_net_wait_room(unsigned index, uint64_t deadline_ns);

/*
 * Receives one frame into buffer, which must hold at least mtu + 14 bytes. Never blocks.
 * UKG_AGAIN: none has arrived. UKG_EINVAL: no such device, or buffer too small.
 */
enum ukg_result ukg_net_read(unsigned index, void *buffer, size_t buffer_bytes,
                             size_t *size_bytes_out);

#endif
