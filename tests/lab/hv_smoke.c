/*
 * Runs domains through the Xen port, for use in the lab:
 *
 *     tests/lab/lab run --copy build/release/tests/hv_smoke:/hv_smoke -- /hv_smoke
 *
 * usage: hv_smoke [ROUNDS [RAM_PAGES]]. Prints the time of each step, averaged over all rounds
 * but the first. Exit 0 only if every guest found what the port promises and the host got back
 * all it gave.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <xen/xen.h>

#include <xen/sys/evtchn.h>

#include "hv/xen/hv_xen.h"
#include "noxs/page.h"

#define WINDOW_PAGES 8u
#define LOAD_PADDR   0x10000u
#define BSS_BYTES    0x2000u
#define STEPS_MAX    32

/*
 * The guest, 32-bit code at LOAD_PADDR: checks start_info's magic (ebx), that its .bss is zero and
 * that its wall clock is past 2020, adds 1 to the first word of the noxs page (esi, patched in
 * below), sends an event on the control channel and powers off. On a mismatch it reports a crash.
 * Hypercalls are plain vmmcall: AMD only, as the lab is.
 */
__asm__(".pushsection .rodata\n"
        ".code32\n"
        "smoke_guest:\n"
        "    mov $0x11223344, %esi\n"
        "    cmpl $0x336ec578, (%ebx)\n"
        "    jne 1f\n"
        "    xor %eax, %eax\n"
        "    mov $0x11000, %edi\n"
        "    mov $0x800, %ecx\n"
        "    repe scasl\n"
        "    jne 1f\n"
        "    cmpl $1577836800, 0xfeffec04\n" /* shared_info, 64-bit layout: wc_sec */
        "    jb 1f\n"
        "    incl (%esi)\n"
        "    mov $32, %eax\n" /* event_channel_op: send, port 1 */
        "    mov $4, %ebx\n"
        "    mov $0x10000 + 3f - smoke_guest, %ecx\n"
        "    vmmcall\n"
        "    mov $0x10000 + 4f - smoke_guest, %ecx\n"
        "    jmp 2f\n"
        "1:  mov $0x10000 + 5f - smoke_guest, %ecx\n"
        "2:  mov $29, %eax\n" /* sched_op: shutdown */
        "    mov $2, %ebx\n"
        "    vmmcall\n"
        "    hlt\n"
        "3:  .long 1\n"
        "4:  .long 0\n"
        "5:  .long 3\n"
        "smoke_guest_end:\n"
        ".code64\n"
        ".popsection\n");

extern const uint8_t smoke_guest[];
extern const uint8_t smoke_guest_end[];

static struct {
    const char *name;
    uint64_t ns;
} steps[STEPS_MAX];
static int step_count, step_at, round_at;
static struct hv_host_info before;
static long long overhead_bytes; /* of Xen for one domain, beside its RAM */
static uint64_t step_start;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The step that just ended. The first round warms caches and is not counted. */
static void mark(const char *name)
{
    uint64_t ns = now_ns() - step_start;

    steps[step_at].name = name;
    if (round_at > 0)
        steps[step_at].ns += ns;
    step_at++;
    if (step_at > step_count)
        step_count = step_at;
    step_start = now_ns();
}

static void require(const char *what, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "hv_smoke: %s: %s\n", what, strerror(-rc));
    exit(EXIT_FAILURE);
}

static void expect(const char *what, int rc, int expected)
{
    if (rc == expected)
        return;
    fprintf(stderr, "hv_smoke: %s: %d, expected %d\n", what, rc, expected);
    exit(EXIT_FAILURE);
}

static void load(struct hv *hv, uint32_t domid, uint64_t ram_pages)
{
    uint8_t code[256];
    size_t size = (size_t)(smoke_guest_end - smoke_guest);
    uint32_t window = (uint32_t)(ram_pages - WINDOW_PAGES) * HV_PAGE_SIZE;
    struct hv_segment segments[] = {
        {.paddr = LOAD_PADDR, .memsz_bytes = size, .filesz_bytes = size, .data = code},
        {.paddr = LOAD_PADDR + HV_PAGE_SIZE, .memsz_bytes = BSS_BYTES},
    };
    struct hv_load order = {
        .segments = segments,
        .segment_count = 2,
        .entry = LOAD_PADDR,
        .info_gfn = {ram_pages - WINDOW_PAGES - 1},
        .ram_pages = ram_pages,
        .reserved_first = ram_pages - WINDOW_PAGES - 1,
        .cmdline = "smoke",
    };

    memcpy(code, smoke_guest, size);
    memcpy(code + 1, &window, sizeof(window));
    require("domain_load", hv->ops->domain_load(hv, domid, &order));
}

/* Wait for an event on the control channel and take it. */
static void wait_event(struct hv *hv, struct hv_port local)
{
    struct pollfd poll_for = {.fd = hv->ops->events_fd(hv), .events = POLLIN};
    struct hv_port port = {0};

    if (poll(&poll_for, 1, 5000) != 1)
        require("event", -ETIMEDOUT);
    require("event_next", hv->ops->event_next(hv, &port));
    if (port.n != local.n)
        require("event port", -EBADMSG);
    require("port_unmask", hv->ops->port_unmask(hv, port));
}

static void check_stopped(struct hv *hv, uint32_t domid, const uint8_t *uuid)
{
    struct hv_domain_info info = {0};

    for (int tries = 0; tries < 1000; tries++) {
        int count = hv->ops->domain_list(hv, domid, &info, 1);
        require("domain_list", count);
        if (count != 1 || info.domid != domid || memcmp(info.uuid, uuid, 16) != 0)
            require("domain_list entry", -EBADMSG);
        if (info.shutdown)
            break;
        usleep(1000);
    }
    if (!info.shutdown || info.reason != HV_SHUTDOWN_POWEROFF) {
        fprintf(stderr, "hv_smoke: the guest ended with reason %d\n", (int)info.reason);
        exit(EXIT_FAILURE);
    }
}

/* The data plane's fd must be of no use for another domain. */
static void check_restricted(int fd, uint32_t domid)
{
    struct ioctl_evtchn_bind_interdomain bind = {.remote_domain = domid + 1, .remote_port = 1};

    if (ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind) >= 0 || errno != EACCES)
        require("an I/O channel bound to one domain", -EBADMSG);
}

static void measure_overhead(struct hv *hv, uint64_t ram_pages)
{
    struct hv_host_info now = {0};

    require("host_info", hv->ops->host_info(hv, &now));
    overhead_bytes = (long long)before.free_bytes - (long long)now.free_bytes -
                     (long long)ram_pages * HV_PAGE_SIZE;
    step_start = now_ns();
}

static void run_round(struct hv *hv, uint64_t ram_pages)
{
    const struct hv_ops *ops = hv->ops;
    struct hv_domain_params params = {
        .uuid = {1, 2, 3, (uint8_t)round_at},
        .vcpus = 1,
        .ram_pages = ram_pages,
        .grant_frames = 1,
        .event_ports = 64,
    };
    const struct hv_gfn window = {ram_pages - WINDOW_PAGES};
    struct hv_port control = {0}, io = {0}, local = {0}, io_local = {0};
    uint32_t domid = 0;
    int io_fd = -1, grant_fd = -1;
    void *page = NULL;

    step_at = 0;
    step_start = now_ns();
    require("domain_create", ops->domain_create(hv, &params, &domid));
    mark("domain_create");
    require("domain_populate", ops->domain_populate(hv, domid, ram_pages));
    mark("domain_populate");
    load(hv, domid, ram_pages);
    mark("domain_load");
    require("domain_clock", ops->domain_clock(hv, domid, (struct hv_gfn){NOXS_SHARED_INFO_GFN}));
    mark("domain_clock");
    require("port_alloc", ops->port_alloc(hv, domid, &control));
    require("port_alloc", ops->port_alloc(hv, domid, &io));
    if (control.n != NOXS_PORT_CONTROL || io.n != NOXS_PORT_IO)
        require("fixed port numbers", -EBADMSG);
    mark("port_alloc x2");
    require("domain_params", ops->domain_params(hv, domid, window, control));
    mark("domain_params");
    require("grants_write",
            ops->grants_write(hv, domid, (struct hv_gref){NOXS_GREF_FIRST}, window, WINDOW_PAGES));
    mark("grants_write");
    require("domain_map", ops->domain_map(hv, domid, window, 1, &page));
    mark("domain_map 1");
    require("port_bind", ops->port_bind(hv, domid, control, &local));
    wait_event(hv, local);
    mark("port_bind");
    require("io_channel", ops->io_channel(hv, domid, io, &io_fd, &io_local));
    mark("io_channel");
    check_restricted(io_fd, domid);
    mark("check_restricted");
    require("grant_fd", ops->grant_fd(hv, &grant_fd));
    mark("grant_fd");
    require("pause nests", ops->domain_pause(hv, domid));
    require("unpause nests", ops->domain_unpause(hv, domid));
    mark("pause, unpause");
    require("domain_unpause", ops->domain_unpause(hv, domid));
    mark("domain_unpause");
    wait_event(hv, local);
    mark("first event");
    check_stopped(hv, domid, params.uuid);
    if (*(volatile uint32_t *)page != 1)
        require("noxs page", -EBADMSG);
    mark("shutdown seen");
    require("domain_trim", ops->domain_trim(hv, domid, &params));
    mark("domain_trim");
    measure_overhead(hv, ram_pages);
    ops->port_unbind(hv, local);
    close(io_fd);
    close(grant_fd);
    mark("unbind, close");
    ops->domain_unmap(hv, page, 1);
    mark("domain_unmap 1");
    require("domain_destroy", ops->domain_destroy(hv, domid));
    mark("domain_destroy");
}

static void print_steps(int rounds)
{
    uint64_t sum = 0;

    for (int i = 0; i < step_count; i++) {
        uint64_t ns = steps[i].ns / (uint64_t)rounds;
        sum += ns;
        printf("%-16s %8.1f us   sum %8.1f us\n", steps[i].name, (double)ns / 1e3,
               (double)sum / 1e3);
    }
}

/* Errors that core tells apart must be the documented ones. */
static void check_errors(struct hv *hv)
{
    const uint32_t nobody = 32000;
    struct hv_port port = {0};
    void *page = NULL;

    expect("unpause nobody", hv->ops->domain_unpause(hv, nobody), -ESRCH);
    expect("destroy nobody", hv->ops->domain_destroy(hv, nobody), -ESRCH);
    expect("map nobody", hv->ops->domain_map(hv, nobody, (struct hv_gfn){0}, 1, &page), -ESRCH);
    expect("port of nobody", hv->ops->port_alloc(hv, nobody, &port), -ESRCH);
    expect("bind nobody", hv->ops->port_bind(hv, nobody, port, &port), -ESRCH);
    expect("no event", hv->ops->event_next(hv, &port), -EAGAIN);
}

/* What tests/fixture/hv_fake.c imitates: a domain stays, dying, while a page of it is mapped. */
static void check_zombie(struct hv *hv)
{
    const struct hv_domain_params params = {
        .vcpus = 1, .ram_pages = 1, .grant_frames = 1, .event_ports = 2};
    struct hv_domain_info info = {0};
    struct hv_port port = {0};
    uint32_t domid = 0;
    void *page = NULL;

    require("zombie: create", hv->ops->domain_create(hv, &params, &domid));
    require("zombie: populate", hv->ops->domain_populate(hv, domid, params.ram_pages));
    require("zombie: map", hv->ops->domain_map(hv, domid, (struct hv_gfn){0}, 1, &page));
    expect("unpause twice", hv->ops->domain_unpause(hv, domid), 0);
    expect("unpause twice", hv->ops->domain_unpause(hv, domid), -EINVAL);
    expect("zombie: destroy", hv->ops->domain_destroy(hv, domid), 0);
    expect("zombie: list", hv->ops->domain_list(hv, domid, &info, 1), 1);
    expect("zombie: dying", info.dying, 1);
    expect("zombie: pause", hv->ops->domain_pause(hv, domid), 0);
    expect("zombie: map", hv->ops->domain_map(hv, domid, (struct hv_gfn){0}, 1, &page), -EINVAL);
    expect("zombie: port", hv->ops->port_alloc(hv, domid, &port), -EINVAL);
    expect("zombie: destroy again", hv->ops->domain_destroy(hv, domid), 0);
    hv->ops->domain_unmap(hv, page, 1);
}

/* Xen returns the memory of a destroyed domain a little later. */
static int settle(struct hv *hv, struct hv_host_info *info_out)
{
    struct hv_domain_info infos[2];

    for (int tries = 0; tries < 100 && hv->ops->domain_list(hv, 0, infos, 2) > 1; tries++)
        usleep(10000);
    usleep(200000);
    return hv->ops->host_info(hv, info_out);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 5;
    uint64_t ram_pages = argc > 2 ? strtoull(argv[2], NULL, 0) : 512;
    struct hv *hv = NULL;
    struct hv_host_info after = {0};

    require("hv_xen_open", hv_xen_open(&hv));
    check_errors(hv);
    check_zombie(hv);
    for (round_at = 0; round_at <= rounds; round_at++) {
        if (round_at == 1)
            require("host_info", settle(hv, &before));
        run_round(hv, ram_pages);
    }
    require("host_info", settle(hv, &after));
    print_steps(rounds);
    printf("overhead %lld KiB a domain\n", overhead_bytes / 1024);
    printf("xen %s, %u cpus, free %llu of %llu KiB, %lld KiB lost\n", after.version, after.cpus,
           (unsigned long long)after.free_bytes / 1024,
           (unsigned long long)after.total_bytes / 1024,
           ((long long)before.free_bytes - (long long)after.free_bytes) / 1024);
    hv->ops->close(hv);
    return before.free_bytes == after.free_bytes ? EXIT_SUCCESS : EXIT_FAILURE;
}
