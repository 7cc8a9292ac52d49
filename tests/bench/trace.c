#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

/* After xenctrl.h, which says that this is not a guest. */
#include <xen/event_channel.h>
#include <xen/trace.h>
#include <xen/xen.h>

#define BUFFER_PAGES 256u /* for each processor */
#define CPUS_MAX     64u
#define PAGE         4096u
/* One mask for classes and one for subclasses: it lets more in than is looked at. */
#define CALLS_MASK   (TRC_PV_ENTRY | TRC_PV_SUBCALL | TRC_HVM_HANDLER)
#define WAKES_MASK   TRC_SCHED_VERBOSE
#define OP_MASK      (~TRC_PV_HYPERCALL_V2_ARG_MASK)

struct trace {
    xc_interface *xen;
    xenforeignmemory_handle *memory;
    struct t_info *info;
    size_t info_pages;
    unsigned cpus;
    struct t_buf *buffers[CPUS_MAX];
    uint32_t data_bytes; /* of a buffer */
    double context_switches;
    struct bench_counts *counts;
    uint64_t *wakes;
    bool lost;
};

/* ---- the buffers -------------------------------------------------------------------- */

static bool map_info(struct trace *trace, unsigned long mfn, unsigned long bytes)
{
    xen_pfn_t frames[16];

    trace->info_pages = (bytes + PAGE - 1) / PAGE;
    if (trace->info_pages > sizeof(frames) / sizeof(frames[0]))
        return false;
    for (size_t i = 0; i < trace->info_pages; i++)
        frames[i] = mfn + i;
    trace->info =
        xenforeignmemory_map(trace->memory, DOMID_XEN, PROT_READ, trace->info_pages, frames, NULL);
    return trace->info != NULL;
}

static bool map_buffer(struct trace *trace, unsigned cpu)
{
    const uint32_t *mfns = (const uint32_t *)trace->info + trace->info->mfn_offset[cpu];
    size_t pages = trace->info->tbuf_size;
    xen_pfn_t *frames = calloc(pages, sizeof(frames[0]));

    if (frames == NULL)
        return false;
    for (size_t i = 0; i < pages; i++)
        frames[i] = mfns[i];
    trace->buffers[cpu] =
        xenforeignmemory_map(trace->memory, DOMID_XEN, PROT_READ | PROT_WRITE, pages, frames, NULL);
    free(frames);
    return trace->buffers[cpu] != NULL;
}

static bool map_all(struct trace *trace)
{
    unsigned long mfn, bytes;
    xc_physinfo_t host = {0};

    if (xc_tbuf_enable(trace->xen, BUFFER_PAGES, &mfn, &bytes) != 0 ||
        xc_physinfo(trace->xen, &host) != 0 || !map_info(trace, mfn, bytes))
        return false;
    trace->cpus = host.max_cpu_id + 1;
    trace->data_bytes = trace->info->tbuf_size * PAGE - (uint32_t)sizeof(struct t_buf);
    if (trace->cpus > CPUS_MAX)
        return false;
    for (unsigned cpu = 0; cpu < trace->cpus; cpu++)
        if (trace->info->mfn_offset[cpu] != 0 && !map_buffer(trace, cpu))
            return false;
    return true;
}

struct trace *trace_open(const char **why_out)
{
    struct trace *trace = calloc(1, sizeof(*trace));

    if (trace == NULL)
        bench_fail("memory", strerror(ENOMEM));
    trace->xen = xc_interface_open(NULL, NULL, 0);
    trace->memory = xenforeignmemory_open(NULL, 0);
    if (trace->xen != NULL && trace->memory != NULL && map_all(trace)) {
        xc_tbuf_disable(trace->xen);
        return trace;
    }
    *why_out = strerror(errno);
    trace_close(trace);
    return NULL;
}

void trace_close(struct trace *trace)
{
    if (trace == NULL)
        return;
    for (unsigned cpu = 0; cpu < trace->cpus; cpu++)
        if (trace->buffers[cpu] != NULL)
            xenforeignmemory_unmap(trace->memory, trace->buffers[cpu], trace->info->tbuf_size);
    if (trace->info != NULL)
        xenforeignmemory_unmap(trace->memory, trace->info, trace->info_pages);
    if (trace->xen != NULL)
        xc_interface_close(trace->xen);
    if (trace->memory != NULL)
        xenforeignmemory_close(trace->memory);
    free(trace);
}

/* ---- records ------------------------------------------------------------------------ */

/* Words of arguments that a record of a PV hypercall holds, from the first on. */
static void note_call(struct bench_counts *counts, const uint32_t *words, unsigned count)
{
    uint32_t op = words[0] & OP_MASK;

    if (op == __HYPERVISOR_grant_table_op && count >= 3)
        counts->grant_ops += words[2];
    if (op == __HYPERVISOR_event_channel_op && count >= 2 && words[1] == EVTCHNOP_send)
        counts->events++;
}

static void note(struct trace *trace, uint32_t event, const uint32_t *words, unsigned count)
{
    if (event == TRC_LOST_RECORDS)
        trace->lost = true;
    if (trace->wakes != NULL) {
        *trace->wakes += event == TRC_SCHED_WAKE && count >= 1 && words[0] != 0;
        return;
    }
    if (count == 0)
        return;
    if (event == TRC_PV_HYPERCALL_V2)
        trace->counts->hypercalls++;
    if (event == TRC_PV_HYPERCALL_V2 || event == TRC_PV_HYPERCALL_SUBCALL)
        note_call(trace->counts, words, count);
    if (event == TRC_HVM_VMMCALL) {
        trace->counts->hypercalls++;
        /* Its arguments are not recorded; noxs guests do nothing with event channels but send. */
        trace->counts->events += words[0] == __HYPERVISOR_event_channel_op;
    }
}

static uint32_t word_at(const struct trace *trace, const struct t_buf *buffer, uint32_t at)
{
    const uint8_t *data = (const uint8_t *)(buffer + 1);
    uint32_t word;

    memcpy(&word, data + at % trace->data_bytes, sizeof(word));
    return word;
}

/* Positions run to twice the size, so that full and empty differ. Returns that of the next. */
static uint32_t read_record(struct trace *trace, const struct t_buf *buffer, uint32_t at)
{
    uint32_t head = word_at(trace, buffer, at), words[8];
    unsigned count = head >> 28 & 7, skip = head >> 31 != 0 ? 3 : 1;

    for (unsigned i = 0; i < count; i++)
        words[i] = word_at(trace, buffer, at + 4 * (skip + i));
    note(trace, head & 0x0fffffff, words, count);
    return (at + 4 * (skip + count)) % (2 * trace->data_bytes);
}

static void drain(struct trace *trace, bool look)
{
    for (unsigned cpu = 0; cpu < trace->cpus; cpu++) {
        struct t_buf *buffer = trace->buffers[cpu];
        if (buffer == NULL)
            continue;
        /* Records were written before prod, and may be written over after cons. */
        uint32_t end = __atomic_load_n(&buffer->prod, __ATOMIC_ACQUIRE), at = buffer->cons;
        while (look && at != end)
            at = read_record(trace, buffer, at);
        __atomic_store_n(&buffer->cons, end, __ATOMIC_RELEASE);
    }
}

static void restart(struct trace *trace, uint32_t mask)
{
    unsigned long mfn, bytes;

    if (xc_tbuf_set_evt_mask(trace->xen, mask) != 0 ||
        xc_tbuf_enable(trace->xen, BUFFER_PAGES, &mfn, &bytes) != 0)
        bench_fail("trace buffers", strerror(errno));
    trace->lost = false;
    drain(trace, false);
}

/* ---- counts ------------------------------------------------------------------------- */

static double context_switches(void)
{
    FILE *file = fopen("/proc/stat", "r");
    char line[8192];
    double count = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "ctxt ", 5) == 0)
            count = strtod(line + 5, NULL);
    if (file != NULL)
        fclose(file);
    return count;
}

void trace_begin(struct trace *trace)
{
    restart(trace, CALLS_MASK);
    trace->context_switches = context_switches();
    drain(trace, false);
}

bool trace_end(struct trace *trace, struct bench_counts *counts)
{
    struct bench_counts more = {0};

    trace->counts = &more;
    trace->wakes = NULL;
    drain(trace, true);
    xc_tbuf_disable(trace->xen);
    more.context_switches = context_switches() - trace->context_switches;
    if (trace->lost)
        return false;
    counts->hypercalls += more.hypercalls;
    counts->context_switches += more.context_switches;
    counts->grant_ops += more.grant_ops;
    counts->events += more.events;
    return true;
}

void trace_wakes_begin(struct trace *trace)
{
    restart(trace, WAKES_MASK);
}

void trace_wakes_end(struct trace *trace)
{
    xc_tbuf_disable(trace->xen);
}

bool trace_wakes_read(struct trace *trace, uint64_t *wakes)
{
    trace->wakes = wakes;
    drain(trace, true);
    trace->wakes = NULL;
    return !trace->lost;
}
