/*
 * churn: guests that come and go without a pause.
 *
 * usage: churn [--seconds S] [--mode cold,any] [--image CFG] [--memory MIB,...] [--json]
 *
 * First each part alone, with pauses between: a create until ready and a destroy until memory has
 * returned, by the caller's clock and as processor time, which has all that follows a call too.
 * Then one after the other, for S seconds. Says what a cycle takes beside the sum of the parts, and
 * what is left behind afterwards: bytes of Xen's memory, domains, ports of dom0, descriptors and
 * mapped pages of the daemons. mode any takes the shells that the pool has time to build.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "census.h"
#include "cpu_time.h"
#include "guests.h"

#define PART_RUNS 40
#define PAUSE_US  50000
#define SETTLE_S  3

struct run {
    unsigned seconds;
    bool json;
    unsigned memory[GUESTS_SIZES], memory_count;
    struct guests guests;
    enum ukvm_path path;
    struct cpu_time *cpu;
};

static double create(struct run *run, struct ukvm_config *config)
{
    struct ukvm_create_options options = {.size = sizeof(options), .path = run->path};
    double start_us = bench_now_us();

    guests_create(&run->guests, config, &options, &run->guests.like);
    return bench_now_us() - start_us;
}

static double destroy(struct run *run)
{
    double start_us = bench_now_us();

    guests_destroy(&run->guests, run->guests.like.name);
    return bench_now_us() - start_us;
}

/* By the caller's clock, and all that processors did for it, also after it had returned. */
struct parts {
    double us, busy_us;
};

static void rest(const struct run *run, struct bench_series *busy)
{
    usleep(PAUSE_US);
    if (run->cpu != NULL)
        bench_add(busy, cpu_time_end_us(run->cpu));
    cpu_time_begin(run->cpu);
}

static double p50(struct bench_series *series)
{
    double us = series->count > 0 ? bench_percentile(series, 50) : 0;

    bench_series_fini(series);
    return us;
}

static struct parts measure_parts(struct run *run, struct ukvm_config *config)
{
    struct bench_series creates = {0}, destroys = {0};
    struct bench_series create_busy = {0}, destroy_busy = {0}, idle_busy = {0};

    cpu_time_begin(run->cpu);
    for (unsigned i = 0; i < PART_RUNS; i++) {
        rest(run, &idle_busy);
        bench_add(&creates, create(run, config));
        rest(run, &create_busy);
        bench_add(&destroys, destroy(run));
        rest(run, &destroy_busy);
    }
    /* What goes on while nothing is asked for is nobody's. */
    double idle = p50(&idle_busy);
    return (struct parts){.us = p50(&creates) + p50(&destroys),
                          .busy_us = p50(&create_busy) + p50(&destroy_busy) - 2 * idle};
}

/* *busy_us_out: of it, in which no processor was idle. */
static double cycle_us(struct run *run, struct ukvm_config *config, size_t *cycles_out,
                       double *busy_us_out)
{
    double start_us = bench_now_us(), end_us = start_us + (double)run->seconds * 1e6;
    size_t cycles = 0;

    cpu_time_begin(run->cpu);
    while (bench_now_us() < end_us) {
        create(run, config);
        destroy(run);
        cycles++;
    }
    *cycles_out = cycles;
    *busy_us_out = run->cpu != NULL ? cpu_time_end_us(run->cpu) / (double)cycles : 0;
    return (bench_now_us() - start_us) / (double)cycles;
}

static void settle(struct run *run, struct census *census_out)
{
    sleep(SETTLE_S);
    guests_pool_wait(&run->guests);
    census_take(&run->guests, census_out);
}

static void run_size(struct run *run, const char *mode)
{
    struct ukvm_config *config = guests_config(&run->guests, 1);
    struct census before, after;
    size_t cycles;
    double busy;
    struct parts parts = measure_parts(run, config);

    settle(run, &before);
    double cycle = cycle_us(run, config, &cycles, &busy);
    settle(run, &after);
    ukvm_config_free(config);
    unsigned mib = (unsigned)(run->guests.like.memory_bytes >> 20);
    double lost = before.xen_free_bytes - after.xen_free_bytes;
    printf(run->json
               ? "{\"bench\":\"churn\",\"mode\":\"%s\",\"memory_mib\":%u,\"seconds\":%u,"
                 "\"n\":%zu,\"cycle_us\":%.1f,\"busy_us\":%.1f,\"parts_us\":%.1f,"
                 "\"parts_busy_us\":%.1f,\"ratio\":%.3f,\"busy_ratio\":%.3f,"
                 "\"left_bytes\":%.0f,\"left_domains\":%.0f,\"left_ports\":%.0f,"
                 "\"left_fds\":%.0f,\"left_mapped_pages\":%.0f}\n"
               : "%s, %u MiB, %u s: %zu cycles of %.1f us (%.1f busy), parts %.1f us, %.1f busy "
                 "(%.3f, %.3f); left "
                 "behind: "
                 "%.0f bytes, %.0f domains, %.0f ports, %.0f descriptors, %.0f mapped pages\n",
           mode, mib, run->seconds, cycles, cycle, busy, parts.us, parts.busy_us, cycle / parts.us,
           busy / parts.busy_us, lost, after.domains - before.domains, after.ports - before.ports,
           after.fds - before.fds, after.mapped_pages - before.mapped_pages);
    fflush(stdout);
}

static void run_mode(struct run *run, const char *mode)
{
    if (strcmp(mode, "cold") == 0)
        run->path = UKVM_PATH_COLD;
    else if (strcmp(mode, "any") == 0)
        run->path = UKVM_PATH_ANY;
    else
        bench_fail(mode, "no such mode");
    for (unsigned i = 0; i < run->memory_count; i++) {
        run->guests.memory_mib = run->memory[i];
        run_size(run, mode);
    }
}

static void parse(struct run *run, int argc, char **argv, char **modes_out)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"mode", required_argument, NULL, 'm'},
        {"image", required_argument, NULL, 'i'},   {"memory", required_argument, NULL, 'b'},
        {"json", no_argument, NULL, 'j'},          {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            run->seconds = (unsigned)bench_number("--seconds", optarg, 1, 86400);
        else if (option == 'm')
            *modes_out = optarg;
        else if (option == 'i')
            run->guests.image = optarg;
        else if (option == 'b')
            run->memory_count = guests_sizes(optarg, run->memory);
        else if (option == 'j')
            run->json = true;
        else
            exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct run run = {.seconds = 60};
    static char default_modes[] = "cold";
    char *list = default_modes;

    parse(&run, argc, argv, &list);
    if (run.memory_count == 0)
        run.memory_count = guests_default_sizes(run.guests.image, run.memory);
    if (run.guests.image == NULL)
        run.guests.image = NOOP_CFG;
    guests_open(&run.guests);
    run.cpu = cpu_time_open();
    for (char *mode = strsep(&list, ","); mode != NULL; mode = strsep(&list, ","))
        run_mode(&run, mode);
    cpu_time_close(run.cpu);
    guests_close(&run.guests);
    return 0;
}
