/*
 * How long it takes until chaosd notices the end of a guest, for use in the lab under --icount:
 *
 *     death_time crash|exit GUEST...
 *
 * Crashes each guest through Xen, as the guest itself would, and waits until chaosd says so; or
 * asks it to power off. Prints the longest time, in us.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ukvm.h>
#include <xenctrl.h>

#include <xen/sched.h>

static struct ukvm *ukvm;
static xc_interface *xen;

static void need(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "death_time: %s: %s\n", what, ukvm != NULL ? ukvm_error_message(ukvm) : "");
    exit(EXIT_FAILURE);
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

/* dom0 rests meanwhile, as it would. */
static void rest(long us)
{
    const struct timespec delay = {.tv_nsec = us * 1000};

    nanosleep(&delay, NULL);
}

static uint64_t crash(const char *name)
{
    struct ukvm_guest guest;

    need(ukvm_info(ukvm, name, &guest) == 0, name);
    uint64_t from_us = now_us();
    need(xc_domain_shutdown(xen, guest.domid, SHUTDOWN_crash) == 0, "shutdown");
    do {
        rest(50);
        need(ukvm_info(ukvm, name, &guest) == 0, name);
        need(now_us() - from_us < 20000000, "it was never noticed");
    } while (strcmp(guest.state, "crashed") != 0);
    return now_us() - from_us;
}

static uint64_t leave(const char *name)
{
    uint64_t from_us = now_us();

    need(ukvm_shutdown(ukvm, name, 0, false) == 0, name);
    return now_us() - from_us;
}

int main(int argc, char **argv)
{
    uint64_t longest_us = 0;

    need(argc > 2, "usage");
    xen = xc_interface_open(NULL, NULL, 0);
    need(xen != NULL, "no Xen");
    need(ukvm_open(NULL, &ukvm, NULL) == 0, "no chaosd");
    for (int i = 2; i < argc; i++) {
        /* Not in step with chaosd's timers. */
        rest(300000 + 37000 * i % 100000);
        uint64_t us = strcmp(argv[1], "crash") == 0 ? crash(argv[i]) : leave(argv[i]);
        longest_us = us > longest_us ? us : longest_us;
    }
    printf("%llu\n", (unsigned long long)longest_us);
    ukvm_close(ukvm);
    xc_interface_close(xen);
    return EXIT_SUCCESS;
}
