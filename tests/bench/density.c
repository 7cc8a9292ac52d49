/*
 * density: what guests cost that are there, not while they start.
 *
 * usage: density [--guests N] [--step N] [--image CFG] [--memory MIB,...] [--answer] [--idle S]
 *                [--many] [--json]
 *
 * Creates N guests (noop of 1 and 2 MiB, with --image that of the file), as fast as it can, and
 * says after every STEP what one of them takes, on average:
 *   xen_bytes        of Xen's memory: its own, and Xen's for it
 *   dom0_bytes       of dom0's: kernel, daemons and all
 *   total_bytes      both
 *   mapped_pages     pages of it that dom0 keeps mapped
 *   ports            of dom0
 *   creates_per_second   of this step
 * --many: each step in one ukvm_create_many(), else one ukvm_create() after the other.
 * --answer: then every guest must answer a ping and TCP port 13; says how many did.
 * --idle: then waits for S seconds and says, in percent of one processor, what was used by all
 * together, by dom0 and by guests, and how often a second a guest was woken.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "census.h"
#include "cpu_time.h"
#include "guests.h"
#include "trace.h"

#define GUESTS_MAX 32000
#define SETTLE_S   3 /* what is given back after a create has been by then, and Xen has scrubbed */

struct run {
    size_t count, step;
    unsigned memory[GUESTS_SIZES], memory_count, idle_s;
    bool answer, many, json;
    struct guests guests;
    struct ukvm_guest *made;
    struct census before;
};

/* ---- memory ------------------------------------------------------------------------- */

static void print_step(struct run *run, size_t count, double per_second)
{
    struct census now;

    sleep(SETTLE_S);
    census_take(&run->guests, &now);
    double n = (double)count;
    double xen = (run->before.xen_free_bytes - now.xen_free_bytes) / n;
    double dom0 = (run->before.dom0_available_bytes - now.dom0_available_bytes) / n;
    double pages = (now.mapped_pages - run->before.mapped_pages) / n;
    double ports = (now.ports - run->before.ports) / n;
    if (run->json)
        printf("{\"bench\":\"density\",\"mode\":\"memory\",\"guests\":%zu,\"memory_mib\":%u,"
               "\"xen_bytes\":%.0f,\"dom0_bytes\":%.0f,\"total_bytes\":%.0f,"
               "\"chaosd_bytes\":%.0f,\"iod_bytes\":%.0f,\"mapped_pages\":%.2f,\"ports\":%.2f,"
               "\"creates_per_second\":%.0f}\n",
               count, run->guests.memory_mib, xen, dom0, xen + dom0, now.chaosd_bytes,
               now.iod_bytes, pages, ports, per_second);
    else
        printf("%5zu guests of %u MiB: %.3f MiB each (Xen %.3f, dom0 %.3f), %.1f mapped pages, "
               "%.1f ports; %.0f creates a second\n",
               count, run->guests.memory_mib, (xen + dom0) / 1048576, xen / 1048576, dom0 / 1048576,
               pages, ports, per_second);
    fflush(stdout);
}

static void create_each(struct run *run, size_t from, size_t to)
{
    struct ukvm_create_options options = {.size = sizeof(options)};

    for (size_t i = from; i < to; i++) {
        struct ukvm_config *config = guests_config(&run->guests, i + 1);
        guests_create(&run->guests, config, &options, &run->made[i]);
        ukvm_config_free(config);
    }
}

static void on_created(void *arg, const struct ukvm_created *created)
{
    struct ukvm_guest **made = arg;

    if (created->guest != NULL)
        *(*made)++ = *created->guest;
}

static void create_many(struct run *run, size_t from, size_t to)
{
    struct ukvm_config *config = guests_config(&run->guests, to);
    struct ukvm_guest *made = &run->made[from];

    if (ukvm_create_many(run->guests.ukvm, config, NULL, (uint32_t)(to - from), on_created,
                         &made) != 0)
        bench_fail("create many", ukvm_error_message(run->guests.ukvm));
    ukvm_config_free(config);
}

static void create_all(struct run *run)
{
    for (size_t done = 0; done < run->count;) {
        size_t to = done + run->step < run->count ? done + run->step : run->count;
        double start_us = bench_now_us();
        if (run->many)
            create_many(run, done, to);
        else
            create_each(run, done, to);
        double per_second = (double)(to - done) / (bench_now_us() - start_us) * 1e6;
        run->guests.memory_mib = (unsigned)(run->made[0].memory_bytes >> 20);
        print_step(run, to, per_second);
        done = to;
    }
}

/* ---- answers ------------------------------------------------------------------------ */

static void ask_all(struct run *run)
{
    size_t pings = 0;

    for (size_t i = 0; i < run->count; i++) {
        pings += guests_ping(&run->made[i]);
        guests_await_answer(&run->made[i]);
    }
    if (run->json)
        printf("{\"bench\":\"density\",\"mode\":\"answer\",\"guests\":%zu,\"memory_mib\":%u,"
               "\"ping_answers\":%zu,\"tcp_answers\":%zu}\n",
               run->count, run->guests.memory_mib, pings, run->count);
    else
        printf("%5zu guests: %zu answered a ping, all a TCP connection\n", run->count, pings);
    fflush(stdout);
    if (pings != run->count)
        bench_fail("ping", "not every guest answered");
}

/* ---- at rest ------------------------------------------------------------------------ */

/* Recording costs time itself, so this is not done while that is measured. -1: not known. */
static double wakes_per_second(unsigned seconds)
{
    const char *why;
    struct trace *trace = trace_open(&why);
    uint64_t wakes = 0;
    bool known = trace != NULL;

    if (known)
        trace_wakes_begin(trace);
    for (unsigned i = 0; known && i < seconds; i++) {
        sleep(1);
        known = trace_wakes_read(trace, &wakes);
    }
    if (trace != NULL)
        trace_wakes_end(trace);
    trace_close(trace);
    return known ? (double)wakes / seconds : -1;
}

static void print_idle(const struct run *run, double busy, double dom0, double guests, double wakes)
{
    if (run->json)
        printf("{\"bench\":\"density\",\"mode\":\"idle\",\"guests\":%zu,\"memory_mib\":%u,"
               "\"seconds\":%u,\"busy_percent\":%.3f,\"dom0_percent\":%.3f,"
               "\"guests_percent\":%.3f,\"wakes_per_guest_second\":%.3f}\n",
               run->count, run->guests.memory_mib, run->idle_s, busy, dom0, guests, wakes);
    else
        printf("%5zu guests at rest: %.2f %% of a processor (dom0 %.2f, guests %.2f); each is "
               "woken %.2f times a second\n",
               run->count, busy, dom0, guests, wakes);
    fflush(stdout);
}

static void rest(const struct run *run)
{
    struct cpu_time *cpu = cpu_time_open();
    double n = (double)run->count, window_us = (double)run->idle_s * 1e6;

    if (cpu == NULL)
        bench_fail("xenctrl", strerror(errno));
    sleep(SETTLE_S);
    /* To look at a thousand guests takes time itself: nobody may look inside the window. */
    double guests_us = cpu_time_guests_us(cpu), dom0_us = cpu_time_dom0_us(cpu);
    cpu_time_begin(cpu);
    sleep(run->idle_s);
    double busy_us = cpu_time_end_us(cpu);
    dom0_us = cpu_time_dom0_us(cpu) - dom0_us;
    guests_us = cpu_time_guests_us(cpu) - guests_us;
    cpu_time_close(cpu);
    print_idle(run, busy_us / window_us * 100, dom0_us / window_us * 100,
               guests_us / window_us * 100, wakes_per_second(run->idle_s) / n);
}

/* ---- all of it ---------------------------------------------------------------------- */

/* A guest that was there already leaves behind what only the first one costs. */
static void warm_up(struct run *run)
{
    struct ukvm_create_options options = {.size = sizeof(options)};
    struct ukvm_config *config = guests_config(&run->guests, 0);

    guests_create(&run->guests, config, &options, &run->made[0]);
    ukvm_config_free(config);
    guests_destroy(&run->guests, run->made[0].name);
    sleep(SETTLE_S);
    census_take(&run->guests, &run->before);
}

static void run_size(struct run *run)
{
    warm_up(run);
    create_all(run);
    if (run->answer)
        ask_all(run);
    if (run->idle_s > 0)
        rest(run);
    for (size_t i = 0; i < run->count; i++)
        guests_destroy(&run->guests, run->made[i].name);
}

static void parse(struct run *run, int argc, char **argv)
{
    static const struct option options[] = {
        {"guests", required_argument, NULL, 'n'},
        {"step", required_argument, NULL, 't'},
        {"image", required_argument, NULL, 'i'},
        {"memory", required_argument, NULL, 'b'},
        {"many", no_argument, NULL, 'm'},
        {"idle", required_argument, NULL, 's'},
        {"answer", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'n')
            run->count = bench_number("--guests", optarg, 1, GUESTS_MAX);
        else if (option == 't')
            run->step = bench_number("--step", optarg, 1, GUESTS_MAX);
        else if (option == 'i')
            run->guests.image = optarg;
        else if (option == 'b')
            run->memory_count = guests_sizes(optarg, run->memory);
        else if (option == 's')
            run->idle_s = (unsigned)bench_number("--idle", optarg, 1, 3600);
        else if (option == 'm')
            run->many = true;
        else if (option == 'a')
            run->answer = true;
        else if (option == 'j')
            run->json = true;
        else
            exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct run run = {.count = 100};

    parse(&run, argc, argv);
    if (run.memory_count == 0)
        run.memory_count = guests_default_sizes(run.guests.image, run.memory);
    if (run.guests.image == NULL)
        run.guests.image = NOOP_CFG;
    if (run.step == 0)
        run.step = run.count;
    guests_open(&run.guests);
    /* Touched now, so that it is not counted as the guests'. */
    run.made = malloc(run.count * sizeof(run.made[0]));
    if (run.made == NULL)
        bench_fail("memory", strerror(ENOMEM));
    memset(run.made, 0, run.count * sizeof(run.made[0]));
    for (unsigned i = 0; i < run.memory_count; i++) {
        run.guests.memory_mib = run.memory[i];
        run_size(&run);
    }
    free(run.made);
    guests_close(&run.guests);
    return 0;
}
