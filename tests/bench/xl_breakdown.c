/*
 * xl-breakdown: where `xl create` of noop spends its time, by the library calls it makes.
 *
 * usage: xl-breakdown [--guests N]      lines of JSON, as boot-latency's; phases:
 *
 *   start        until its own code runs: exec and the dynamic linker
 *   config       the configuration file
 *   xenstore     requests to xenstored, and waiting for it
 *   build        loading the image, without its hypercalls
 *   hypervisor   hypercalls
 *   toolstack    all else in libxl and xl
 *   exit         from its last line to the end of the process
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define PROFILE  "/tmp/xl-profile"
#define NOOP_CFG "/usr/share/chaos/guests/noop.cfg"
#define XL_MIB   4
#define PAUSE_US 50000

enum { START, EXIT, TOOLSTACK, CONFIG, XENSTORE, BUILD, HYPERVISOR, TOTAL, PHASES };

static const char *const names[PHASES] = {
    [START] = "start",       [EXIT] = "exit",   [TOOLSTACK] = "toolstack",   [CONFIG] = "config",
    [XENSTORE] = "xenstore", [BUILD] = "build", [HYPERVISOR] = "hypervisor", [TOTAL] = "total"};

static void find_library(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 20);

    if (length < 0)
        bench_fail("/proc/self/exe", strerror(errno));
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    snprintf(path + strlen(path), size - strlen(path), "/xl-profile.so");
}

static void read_profile(double ns[2 + TOTAL - TOOLSTACK])
{
    FILE *file = fopen(PROFILE, "r");
    int got = 0;

    while (file != NULL && got < 2 + TOTAL - TOOLSTACK && fscanf(file, "%lf", &ns[got]) == 1)
        got++;
    if (file != NULL)
        fclose(file);
    if (got != 2 + TOTAL - TOOLSTACK)
        bench_fail(PROFILE, "xl wrote no profile");
    unlink(PROFILE);
}

static void run(struct bench_series *series, const char *library)
{
    static const char *const create[] = {
        "xl", "create", "-q", NOOP_CFG, "name=\"bench-xl\"", "memory=4", "shadow_memory=1", NULL};
    static const char *const gone[] = {"xl", "destroy", "bench-xl", NULL};
    double ns[2 + TOTAL - TOOLSTACK];

    setenv("LD_PRELOAD", library, 1);
    setenv("XL_PROFILE", PROFILE, 1);
    double start_us = bench_now_us();
    bench_process(create);
    double end_us = bench_now_us();
    unsetenv("LD_PRELOAD");
    unsetenv("XL_PROFILE");
    read_profile(ns);
    bench_add(&series[START], ns[0] / 1e3 - start_us);
    bench_add(&series[EXIT], end_us - ns[1] / 1e3);
    for (unsigned i = TOOLSTACK; i < TOTAL; i++)
        bench_add(&series[i], ns[2 + i - TOOLSTACK] / 1e3);
    bench_add(&series[TOTAL], end_us - start_us);
    bench_process(gone);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"guests", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    static struct bench_series series[PHASES];
    char library[300];
    size_t count = 20;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 'n')
            return 2;
        count = bench_number("--guests", optarg, 1, 1000);
    }
    find_library(library, sizeof(library));
    for (size_t i = 0; i < count; i++) {
        usleep(PAUSE_US);
        run(series, library);
    }
    for (unsigned i = 0; i < PHASES; i++) {
        struct bench_line line = {
            .bench = "xl-breakdown", .mode = "xl", .phase = names[i], .memory_mib = XL_MIB};
        bench_print(&line, &series[i], true);
        bench_series_fini(&series[i]);
    }
    return 0;
}
