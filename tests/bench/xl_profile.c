/*
 * Preloaded into xl by xl-breakdown: where its time goes, by the library calls it makes. Time
 * within a call that is made by another belongs to the inner one. Writes one line of ns to
 * $XL_PROFILE.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum part { TOOLSTACK, CONFIG, XENSTORE, BUILD, HYPERVISOR, PARTS };

static uint64_t spent_ns[PARTS], since_ns, start_ns;

static enum part now = TOOLSTACK;
static pid_t owner;

static uint64_t clock_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static enum part enter(enum part part)
{
    uint64_t ns = clock_ns();
    enum part before = now;

    spent_ns[now] += ns - since_ns;
    since_ns = ns;
    now = part;
    return before;
}

static void leave(enum part before)
{
    enter(before);
}

__attribute__((constructor)) static void start(void)
{
    owner = getpid();
    start_ns = since_ns = clock_ns();
}

/* xl leaves a process behind that looks after the guest; that one is not timed. */
__attribute__((destructor)) static void finish(void)
{
    const char *path = getenv("XL_PROFILE");
    FILE *file = path != NULL && getpid() == owner ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    enter(TOOLSTACK);
    fprintf(file, "%llu %llu", (unsigned long long)start_ns, (unsigned long long)since_ns);
    for (unsigned i = 0; i < PARTS; i++)
        fprintf(file, " %llu", (unsigned long long)spent_ns[i]);
    fputc('\n', file);
    fclose(file);
}

/* All of these take at most six arguments, numbers or pointers, and so look alike to the caller. */
typedef long call(long a, long b, long c, long d, long e, long f);

#define WRAP(name, its_part)                                                                       \
    call name;                                                                                     \
    long name(long a, long b, long c, long d, long e, long f)                                      \
    {                                                                                              \
        static call *real;                                                                         \
        if (real == NULL)                                                                          \
            real = (call *)dlsym(RTLD_NEXT, #name);                                                \
        enum part before = enter(its_part);                                                        \
        long result = real(a, b, c, d, e, f);                                                      \
        leave(before);                                                                             \
        return result;                                                                             \
    }

WRAP(xlu_cfg_readdata, CONFIG)
WRAP(xlu_cfg_readfile, CONFIG)
WRAP(xs_open, XENSTORE)
WRAP(xs_close, XENSTORE)
WRAP(xs_directory, XENSTORE)
WRAP(xs_read, XENSTORE)
WRAP(xs_write, XENSTORE)
WRAP(xs_mkdir, XENSTORE)
WRAP(xs_rm, XENSTORE)
WRAP(xs_set_permissions, XENSTORE)
WRAP(xs_transaction_start, XENSTORE)
WRAP(xs_transaction_end, XENSTORE)
WRAP(xs_introduce_domain, XENSTORE)
WRAP(xs_release_domain, XENSTORE)
WRAP(xs_watch, XENSTORE)
WRAP(xs_unwatch, XENSTORE)
WRAP(xs_check_watch, XENSTORE)
WRAP(xc_dom_allocate, BUILD)
WRAP(xc_dom_release, BUILD)
WRAP(xc_dom_kernel_file, BUILD)
WRAP(xc_dom_boot_xen_init, BUILD)
WRAP(xc_dom_parse_image, BUILD)
WRAP(xc_dom_mem_init, BUILD)
WRAP(xc_dom_boot_mem_init, BUILD)
WRAP(xc_dom_build_image, BUILD)
WRAP(xc_dom_boot_image, BUILD)
WRAP(xc_dom_gnttab_init, BUILD)
WRAP(ioctl, HYPERVISOR)
