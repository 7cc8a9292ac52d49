/*
 * boot-latency: how long a guest takes to start, by the caller's clock.
 *
 * usage: boot-latency [--mode MODE,...] [--guests N] [--image CFG] [--memory MIB,...] [--hold]
 *                     [--step N] [--pause MS] [--counted N] [--spin US] [--json]
 *
 * Each mode is run N times for each size of memory (1 and 2 MiB, with --image that of the file),
 * one guest at a time. In the lab under icount one microsecond is 1,000 instructions of the whole
 * machine. Afterwards a few runs more are not timed but counted (trace.h).
 *
 *   mode      what is timed
 *   loaded    ukvm_create() of a guest whose image is in a shell already
 *   shell     the same with an empty shell
 *   cold      the same without a shell
 *   chaos     the process `chaos create`
 *   xl        the process `xl create`, with 4 MiB, the least that its builder accepts
 *   exec      fork, exec and wait of a static program that does nothing
 *   crun      the process `crun run` of the same program, in namespaces but no cgroup
 *   connect   a process that only connects to chaosd
 *   version   ukvm_version_json(): a round trip that does nothing
 *   bind      of a cold create, by chaosd's clock: binding its two event channels, which takes
 * longer the more are open daytime   ukvm_create() until the first byte from TCP port 13 of the
 * guest
 *
 *   phase     until
 *   create    the call's return, which asked not to wait for the guest
 *   ready     the guest said that it is ready; for xl its exit with the domain running (the guest
 *             may not have run yet)
 *   work      all processors' time from the call until the pool is full again, shells included
 *   destroy   ukvm_destroy() returned, which waits until memory has returned; for xl the process
 *   ack       the same without waiting
 *   exit, reply, answer, bind
 *
 * --hold: guests stay until the end, and there is a line for every STEP of them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "cpu_time.h"
#include "guests.h"
#include "trace.h"

#define RUNS_MAX    20000
#define POOL_TARGET 8
#define REFILL_US   20000
#define XL_MIB      4
#define BUNDLE      "/tmp/chaos-bench-bundle"

enum phase { CREATE, READY, WORK, DESTROY, ACK, PHASES };

struct run {
    char directory[256]; /* of the programs that come with this one */
    size_t count, step, counted;
    bool hold, json;
    unsigned memory[GUESTS_SIZES], memory_count;
    double spin_us;      /* in what is timed: to see that a check of the figures can fail */
    useconds_t pause_us; /* between two runs, so that Xen scrubs what the last one freed */
    struct guests guests;
    struct trace *trace;
    struct cpu_time *cpu;
    size_t image_bytes; /* of the last guest */
    bool counting;
    size_t running; /* guests held */
    double start_us;
    struct bench_series series[PHASES];
    unsigned counted_runs[PHASES];
};

/* ---- what is timed or counted ------------------------------------------------------- */

static void begin(struct run *run)
{
    if (run->counting)
        trace_begin(run->trace);
    run->start_us = bench_now_us();
}

static void end(struct run *run, enum phase phase)
{
    struct bench_series *series = &run->series[phase];
    double until_us = run->spin_us > 0 ? bench_now_us() + run->spin_us : 0;

    while (run->spin_us > 0 && bench_now_us() < until_us) {
    }
    if (!run->counting)
        bench_add(series, bench_now_us() - run->start_us);
    else if (trace_end(run->trace, &series->counts))
        run->counted_runs[phase]++;
}

static void time_process(struct run *run, enum phase phase, const char *const argv[])
{
    begin(run);
    bench_process(argv);
    end(run, phase);
}

/* ---- guests by the library ---------------------------------------------------------- */

static void create(struct run *run, size_t index, enum ukvm_path path, bool wait)
{
    struct ukvm_create_options options = {.size = sizeof(options), .path = path, .no_wait = !wait};
    struct ukvm_config *config = guests_config(&run->guests, index);
    struct ukvm_guest guest;
    struct stat image;

    begin(run);
    guests_create(&run->guests, config, &options, &guest);
    end(run, wait ? READY : CREATE);
    ukvm_config_free(config);
    if (stat(guest.kernel, &image) == 0)
        run->image_bytes = (size_t)image.st_size;
}

static void destroy(struct run *run, size_t index, bool wait)
{
    begin(run);
    if (ukvm_destroy(run->guests.ukvm, guests_name(index), wait) != 0)
        bench_fail("destroy", ukvm_error_message(run->guests.ukvm));
    end(run, wait ? DESTROY : ACK);
}

/* To ask whether the pool is full costs more than to fill it, so it gets time enough. */
static void add_work(struct run *run, enum ukvm_path path)
{
    usleep(REFILL_US);
    double us = run->cpu != NULL ? cpu_time_end_us(run->cpu) : 0;
    bool full = path == UKVM_PATH_COLD || guests_pool_wait(&run->guests);

    if (!run->counting && run->cpu != NULL && full)
        bench_add(&run->series[WORK], us);
}

/* One guest that is not waited for, and one that is and may stay. */
static void run_library(struct run *run, size_t index, enum ukvm_path path)
{
    create(run, index, path, false);
    usleep(run->pause_us);
    destroy(run, index, false);
    usleep(run->pause_us);
    if (path != UKVM_PATH_COLD)
        guests_pool_wait(&run->guests);
    cpu_time_begin(run->cpu);
    create(run, index, path, true);
    add_work(run, path);
    if (run->counting || !run->hold)
        destroy(run, index, true);
    else
        run->running++;
    if (path != UKVM_PATH_COLD)
        guests_pool_wait(&run->guests);
}

static void run_loaded(struct run *run, size_t index)
{
    run_library(run, index, UKVM_PATH_LOADED);
}

static void run_shell(struct run *run, size_t index)
{
    run_library(run, index, UKVM_PATH_SHELL);
}

static void run_cold(struct run *run, size_t index)
{
    run_library(run, index, UKVM_PATH_COLD);
}

static void fill_loaded(struct run *run)
{
    guests_pool(&run->guests, true, POOL_TARGET);
}

static void empty_loaded(struct run *run)
{
    guests_pool(&run->guests, true, 0);
}

static void fill_shell(struct run *run)
{
    guests_pool(&run->guests, false, POOL_TARGET);
}

static void empty_shell(struct run *run)
{
    guests_pool(&run->guests, false, 0);
}

static void run_daytime(struct run *run, size_t index)
{
    struct ukvm_create_options options = {.size = sizeof(options), .path = UKVM_PATH_LOADED};
    struct ukvm_config *config = guests_config(&run->guests, index);
    struct ukvm_guest guest;

    begin(run);
    guests_create(&run->guests, config, &options, &guest);
    guests_await_answer(&guest);
    end(run, READY);
    ukvm_config_free(config);
    if (run->counting || !run->hold)
        guests_destroy(&run->guests, guest.name);
    else
        run->running++;
    guests_pool_wait(&run->guests);
}

static void run_bind(struct run *run, size_t index)
{
    struct ukvm_phase phases[UKVM_PHASES_MAX];
    struct ukvm_create_options options = {
        .size = sizeof(options), .path = UKVM_PATH_COLD, .phases = phases};
    struct ukvm_config *config = guests_config(&run->guests, index);
    struct ukvm_guest guest;
    double us = 0;

    guests_create(&run->guests, config, &options, &guest);
    ukvm_config_free(config);
    for (uint32_t i = 0; i < options.phase_count; i++)
        if (strcmp(phases[i].name, "control") == 0 || strcmp(phases[i].name, "io") == 0)
            us += phases[i].us;
    if (!run->counting)
        bench_add(&run->series[READY], us);
    if (run->counting || !run->hold)
        guests_destroy(&run->guests, guest.name);
    else
        run->running++;
}

static void run_version(struct run *run, size_t index)
{
    char *json;

    (void)index;
    begin(run);
    if (ukvm_version_json(run->guests.ukvm, &json) != 0)
        bench_fail("version", ukvm_error_message(run->guests.ukvm));
    end(run, READY);
    free(json);
}

/* ---- processes ---------------------------------------------------------------------- */

#define GUEST_CFG "/tmp/bench-guest.cfg"

/* The image's configuration, with this guest's name and memory in place of its own. */
static void write_config(const struct run *run, size_t index)
{
    FILE *from = fopen(run->guests.image, "r"), *to = fopen(GUEST_CFG, "w");
    char line[512];

    if (from == NULL || to == NULL)
        bench_fail(from == NULL ? run->guests.image : GUEST_CFG, strerror(errno));
    while (fgets(line, sizeof(line), from) != NULL)
        if (strncmp(line, "name", 4) != 0 && strncmp(line, "memory", 6) != 0)
            fputs(line, to);
    fprintf(to, "name = '%s'\nmemory = %u\n", guests_name(index), run->guests.memory_mib);
    fclose(from);
    if (fclose(to) != 0)
        bench_fail(GUEST_CFG, strerror(errno));
}

static void create_by_cli(struct run *run, size_t index, bool wait)
{
    const char *const argv[] = {bench_program("chaos"),    "create", "-q", GUEST_CFG,
                                wait ? NULL : "--no-wait", NULL};

    write_config(run, index);
    time_process(run, wait ? READY : CREATE, argv);
    unlink(GUEST_CFG);
}

static void run_chaos(struct run *run, size_t index)
{
    create_by_cli(run, index, false);
    usleep(run->pause_us);
    guests_destroy(&run->guests, guests_name(index));
    usleep(run->pause_us);
    guests_pool_wait(&run->guests);
    create_by_cli(run, index, true);
    if (run->counting || !run->hold)
        guests_destroy(&run->guests, guests_name(index));
    else
        run->running++;
    guests_pool_wait(&run->guests);
}

static void run_xl(struct run *run, size_t index)
{
    char name[64], memory[32];
    const char *const argv[] = {bench_program("xl"), "create", "-q",
                                run->guests.image,   name,     memory,
                                "shadow_memory=1",   NULL};
    const char *const gone[] = {bench_program("xl"), "destroy", guests_name(index), NULL};

    snprintf(name, sizeof(name), "name=\"%s\"", guests_name(index));
    snprintf(memory, sizeof(memory), "memory=%d", XL_MIB);
    time_process(run, READY, argv);
    if (run->counting || !run->hold)
        time_process(run, DESTROY, gone);
    else
        run->running++;
}

static void run_exec(struct run *run, size_t index)
{
    char path[300];
    const char *const argv[] = {path, NULL};

    (void)index;
    snprintf(path, sizeof(path), "%s/true", run->directory);
    time_process(run, READY, argv);
}

static void run_connect(struct run *run, size_t index)
{
    char path[300];
    const char *const argv[] = {path, NULL};

    (void)index;
    snprintf(path, sizeof(path), "%s/only-connect", run->directory);
    time_process(run, READY, argv);
}

/* ---- crun --------------------------------------------------------------------------- */

static const char bundle_config[] =
    "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
    "\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"/true\"],\"cwd\":\"/\"},"
    "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"},{\"type\":\"network\"}]}}\n";

static void make_bundle(struct run *run)
{
    char program[300];
    const char *const copy[] = {"cp", program, BUNDLE "/rootfs/true", NULL};
    const char *const directories[] = {BUNDLE, BUNDLE "/rootfs", BUNDLE "/rootfs/proc",
                                       BUNDLE "/rootfs/dev"};
    FILE *file;

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        if (mkdir(directories[i], 0755) != 0 && errno != EEXIST)
            bench_fail(directories[i], strerror(errno));
    snprintf(program, sizeof(program), "%s/true", run->directory);
    bench_process(copy);
    file = fopen(BUNDLE "/config.json", "w");
    if (file == NULL || fputs(bundle_config, file) < 0 || fclose(file) != 0)
        bench_fail(BUNDLE "/config.json", strerror(errno));
}

static void run_crun(struct run *run, size_t index)
{
    const char *const argv[] = {bench_program("crun"),
                                "--cgroup-manager=disabled",
                                "run",
                                "--no-pivot",
                                "--bundle",
                                BUNDLE,
                                guests_name(index),
                                NULL};

    time_process(run, READY, argv);
}

/* ---- modes -------------------------------------------------------------------------- */

enum kind {
    PROCESS, /* no guest */
    CLIENT,  /* no guest, but a connection */
    GUEST,   /* of each size */
    XL,
};

static const struct mode {
    const char *name;
    enum kind kind;
    const char *ready; /* what this phase is called */
    void (*run)(struct run *run, size_t index);
    void (*prepare)(struct run *run);
    void (*finish)(struct run *run);
} modes[] = {
    {"loaded", GUEST, "ready", run_loaded, fill_loaded, empty_loaded},
    {"shell", GUEST, "ready", run_shell, fill_shell, empty_shell},
    {"cold", GUEST, "ready", run_cold, NULL, NULL},
    {"chaos", GUEST, "ready", run_chaos, fill_loaded, empty_loaded},
    {"bind", GUEST, "bind", run_bind, NULL, NULL},
    {"daytime", GUEST, "answer", run_daytime, fill_loaded, empty_loaded},
    {"xl", XL, "ready", run_xl, NULL, NULL},
    {"exec", PROCESS, "exit", run_exec, NULL, NULL},
    {"crun", PROCESS, "exit", run_crun, make_bundle, NULL},
    {"connect", CLIENT, "exit", run_connect, NULL, NULL},
    {"version", CLIENT, "reply", run_version, NULL, NULL},
};

static void print_all(struct run *run, const struct mode *mode)
{
    const char *const phases[PHASES] = {"create", mode->ready, "work", "destroy", "ack"};
    struct bench_line line = {.bench = "boot-latency",
                              .mode = mode->name,
                              .memory_mib = run->guests.memory_mib,
                              .image_bytes = run->image_bytes,
                              .guests = run->running};

    if (mode->kind == XL)
        line.memory_mib = XL_MIB;
    for (unsigned i = 0; i < PHASES; i++) {
        line.phase = phases[i];
        bench_print(&line, &run->series[i], run->json);
        bench_clear(&run->series[i]);
    }
}

/* Counts are means; of a phase that once overflowed the buffers there are none. */
static void count(struct run *run, const struct mode *mode, size_t index)
{
    if (run->trace == NULL || run->counted == 0)
        return;
    memset(run->counted_runs, 0, sizeof(run->counted_runs));
    run->counting = true;
    for (size_t i = 0; i < run->counted; i++) {
        usleep(run->pause_us);
        mode->run(run, index);
    }
    run->counting = false;
    for (unsigned i = 0; i < PHASES; i++) {
        struct bench_counts *counts = &run->series[i].counts;
        double runs = (double)run->counted;
        run->series[i].counted = run->counted_runs[i] == run->counted;
        counts->hypercalls /= runs;
        counts->context_switches /= runs;
        counts->grant_ops /= runs;
        counts->events /= runs;
    }
}

static bool is_step(const struct run *run, size_t count)
{
    return run->step > 0 && count % run->step == 0;
}

/* Those that are held, timed like all else: a line says how many were there at first. */
static void destroy_held(struct run *run, const struct mode *mode)
{
    size_t done = 0;

    while (run->running > 0) {
        const char *const xl[] = {"xl", "destroy", guests_name(++done), NULL};
        usleep(run->pause_us);
        if (mode->kind == XL)
            time_process(run, DESTROY, xl);
        else
            destroy(run, done, true);
        if (is_step(run, done) || run->running == 1)
            print_all(run, mode);
        run->running--;
    }
}

static void run_series(struct run *run, const struct mode *mode)
{
    if (mode->prepare != NULL)
        mode->prepare(run);
    for (size_t i = 1; i <= run->count; i++) {
        usleep(run->pause_us);
        mode->run(run, i);
        if (is_step(run, i) || i == run->count) {
            count(run, mode, i + 1);
            print_all(run, mode);
        }
    }
    destroy_held(run, mode);
    if (mode->finish != NULL)
        mode->finish(run);
}

static void run_mode(struct run *run, const struct mode *mode, const char *image)
{
    bool is_daytime = mode->run == run_daytime;

    run->guests.image = image != NULL ? image : is_daytime ? DAYTIME_CFG : NOOP_CFG;
    if (mode->kind == GUEST || mode->kind == CLIENT)
        guests_open(&run->guests);
    for (unsigned i = 0; i < (mode->kind == GUEST ? run->memory_count : 1); i++) {
        run->guests.memory_mib = mode->kind == GUEST ? run->memory[i] : 0;
        run->image_bytes = 0;
        run_series(run, mode);
    }
}

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    }
    bench_fail(name, "no such mode");
}

/* ---- the command line --------------------------------------------------------------- */

static void find_directory(struct run *run)
{
    ssize_t length = readlink("/proc/self/exe", run->directory, sizeof(run->directory) - 1);

    if (length < 0)
        bench_fail("/proc/self/exe", strerror(errno));
    run->directory[length] = '\0';
    *strrchr(run->directory, '/') = '\0';
}

static void parse(struct run *run, int argc, char **argv, char **modes_out, const char **image_out)
{
    static const struct option options[] = {
        {"mode", required_argument, NULL, 'm'},
        {"guests", required_argument, NULL, 'n'},
        {"image", required_argument, NULL, 'i'},
        {"memory", required_argument, NULL, 'b'},
        {"pause", required_argument, NULL, 'p'},
        {"step", required_argument, NULL, 't'},
        {"counted", required_argument, NULL, 'c'},
        {"spin", required_argument, NULL, 's'},
        {"hold", no_argument, NULL, 'h'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'm':
            *modes_out = optarg;
            break;
        case 'n':
            run->count = bench_number("--guests", optarg, 1, RUNS_MAX);
            break;
        case 'i':
            *image_out = optarg;
            break;
        case 'b':
            run->memory_count = guests_sizes(optarg, run->memory);
            break;
        case 'p':
            run->pause_us = (useconds_t)bench_number("--pause", optarg, 0, 10000) * 1000;
            break;
        case 't':
            run->step = bench_number("--step", optarg, 1, RUNS_MAX);
            break;
        case 'c':
            run->counted = bench_number("--counted", optarg, 0, 1000);
            break;
        case 's':
            run->spin_us = (double)bench_number("--spin", optarg, 0, 1000000);
            break;
        case 'h':
            run->hold = true;
            break;
        case 'j':
            run->json = true;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc)
        bench_fail(argv[optind], "unknown argument");
}

int main(int argc, char **argv)
{
    static struct run run = {.count = 20, .counted = 5, .pause_us = 50000};
    static char default_modes[] = "cold";
    char *list = default_modes;
    const char *image = NULL, *why = "";

    parse(&run, argc, argv, &list, &image);
    find_directory(&run);
    if (run.memory_count == 0)
        run.memory_count = guests_default_sizes(image, run.memory);
    if (!run.hold || run.step == 0)
        run.step = run.hold ? 100 : run.count;
    if (run.counted > 0 && (run.trace = trace_open(&why)) == NULL)
        fprintf(stderr, "boot-latency: nothing is counted: Xen's trace buffers: %s\n", why);
    run.cpu = cpu_time_open();
    for (char *name = strsep(&list, ","); name != NULL; name = strsep(&list, ","))
        run_mode(&run, find_mode(name), image);
    for (unsigned i = 0; i < PHASES; i++)
        bench_series_fini(&run.series[i]);
    cpu_time_close(run.cpu);
    trace_close(run.trace);
    guests_close(&run.guests);
    return 0;
}
