/*
 * boot-latency: how long a guest takes to start, by the caller's clock.
 *
 * usage: boot-latency [--mode loaded,shell,cold,chaos,xl,exec,connect,version,daytime] [--guests N]
 * [--image CFG]
 * [--json]
 *
 * Each mode is run N times, one guest at a time, and prints one line of percentiles. In the lab
 * under icount one microsecond is 1,000 instructions of the whole machine. Phases:
 *   loaded    ready    ukvm_create() of a guest whose image is in a shell already, until it is
 * ready shell     ready    the same with an empty shell cold      ready    ukvm_create() until the
 * guest said that it is ready destroy  ukvm_destroy() until its memory is returned chaos     ready
 * the process `chaos create` xl        ready    the process `xl create` (its exit; the guest may
 * not have run yet), with 4 MiB, the least that its builder accepts exec      exit     fork, exec
 * and wait of a static true connect   exit     a process that only connects to chaosd version reply
 * ukvm_version_json(): a round trip that does nothing daytime   answer   ukvm_create() until the
 * first byte from TCP port 13 of the guest
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ukvm.h"

extern char **environ;

#define MAX_RUNS       20000
#define P99_LEAST_RUNS 200
#define POOL_TARGET    8
#define POOL_FILL_US   500000
#define NOOP_CFG       "/usr/share/chaos/guests/noop.cfg"
#define DAYTIME_CFG    "/usr/share/chaos/guests/daytime.cfg"

struct series {
    const char *phase;
    double *us;
    size_t count;
};

struct run {
    const char *self;
    const char *image; /* NULL: the mode's own default */
    size_t guests;
    bool json;
    useconds_t pause_us; /* between two runs, so that Xen scrubs what the last one freed */
    struct ukvm *ukvm;
    struct series first, second;
    struct ukvm_guest like; /* what the pool is filled for */
};

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "boot-latency: %s: %s\n", what, why);
    exit(1);
}

static void record(struct series *series, double since_us)
{
    series->us[series->count++] = now_us() - since_us;
}

/* Runs a command to its exit and records how long that took. */
static void time_process(struct series *series, const char *const argv[])
{
    pid_t pid;
    int status;
    double start = now_us();
    int rc = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);
    if (rc != 0)
        fail(argv[0], strerror(rc));
    if (waitpid(pid, &status, 0) != pid)
        fail(argv[0], strerror(errno));
    record(series, start);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail(argv[0], "exited with an error");
}

static void open_daemon(struct run *run)
{
    char message[UKVM_MESSAGE_MAX];
    if (run->ukvm == NULL && ukvm_open(NULL, &run->ukvm, message) != 0)
        fail("open", message);
}

static struct ukvm_config *load(const char *path, size_t index)
{
    char message[UKVM_MESSAGE_MAX], name[64];
    struct ukvm_config *config;
    if (ukvm_config_load(path, &config, message) != 0)
        fail("config", message);
    snprintf(name, sizeof(name), "name='bench-%zu'", index);
    if (ukvm_config_set(config, name, message) != 0)
        fail("config", message);
    return config;
}

/* ukvm_create() to ready, by this path; the guest is the caller's to destroy. */
static double create(struct run *run, const char *path, size_t index, enum ukvm_path by,
                     struct ukvm_guest *guest)
{
    static const char *const taken[] = {"", "cold", "shell", "loaded"};
    struct ukvm_create_options options = {.size = sizeof(options), .path = by};
    struct ukvm_config *config = load(path, index);
    double start = now_us();
    if (ukvm_create(run->ukvm, config, &options, guest) != 0)
        fail("create", ukvm_error_message(run->ukvm));
    if (strncmp(options.path_taken, taken[by], strlen(taken[by])) != 0)
        fail("another path was taken", options.path_taken);
    ukvm_config_free(config);
    return start;
}

static void destroy(struct run *run, const char *name)
{
    if (ukvm_destroy(run->ukvm, name, true) != 0)
        fail("destroy", ukvm_error_message(run->ukvm));
}

static void create_and_destroy(struct run *run, size_t index, enum ukvm_path by)
{
    struct ukvm_guest guest;
    open_daemon(run);
    record(&run->first, create(run, run->image ? run->image : NOOP_CFG, index, by, &guest));
    double start = now_us();
    destroy(run, guest.name);
    record(&run->second, start);
}

static void run_cold(struct run *run, size_t index)
{
    create_and_destroy(run, index, UKVM_PATH_COLD);
}

static void set_pool(struct run *run, const char *image, unsigned target)
{
    const struct ukvm_guest *like = &run->like;
    char line[512];
    snprintf(line, sizeof(line), "memory=%u nics=%u target=%u low=%u%s%s",
             (unsigned)(like->memory_bytes >> 20), like->vif_count, target, target,
             image != NULL ? " image=" : "", image != NULL ? image : "");
    if (ukvm_pool_set(run->ukvm, line) != 0)
        fail("pool", ukvm_error_message(run->ukvm));
}

/* A guest made cold shows what its shells must be like. */
static void fill_pool(struct run *run, bool loaded)
{
    open_daemon(run);
    create(run, run->image ? run->image : NOOP_CFG, 0, UKVM_PATH_COLD, &run->like);
    destroy(run, run->like.name);
    set_pool(run, loaded ? run->like.kernel : NULL, POOL_TARGET);
    usleep(POOL_FILL_US);
}

static void run_loaded(struct run *run, size_t index)
{
    if (index == 0)
        fill_pool(run, true);
    create_and_destroy(run, index, UKVM_PATH_LOADED);
    if (index + 1 == run->guests)
        set_pool(run, run->like.kernel, 0);
}

static void run_shell(struct run *run, size_t index)
{
    if (index == 0)
        fill_pool(run, false);
    create_and_destroy(run, index, UKVM_PATH_SHELL);
    if (index + 1 == run->guests)
        set_pool(run, NULL, 0);
}

static void run_chaos(struct run *run, size_t index)
{
    char name[64], assignment[80];
    snprintf(name, sizeof(name), "bench-%zu", index);
    snprintf(assignment, sizeof(assignment), "name='%s'", name);
    open_daemon(run);
    const char *const argv[] = {"chaos",    "create", "-q", run->image ? run->image : NOOP_CFG,
                                assignment, NULL};
    time_process(&run->first, argv);
    destroy(run, name);
}

static void run_xl(struct run *run, size_t index)
{
    char name[64], assignment[80];
    snprintf(name, sizeof(name), "bench-%zu", index);
    snprintf(assignment, sizeof(assignment), "name=\"%s\"", name);
    const char *const argv[] = {
        "xl",       "create",          "-q", run->image ? run->image : NOOP_CFG, assignment,
        "memory=4", "shadow_memory=1", NULL};
    time_process(&run->first, argv);
    const char *const gone[] = {"xl", "destroy", name, NULL};
    time_process(&run->second, gone);
}

static void run_exec(struct run *run, size_t index)
{
    (void)index;
    const char *const argv[] = {"/bin/true", NULL};
    time_process(&run->first, argv);
}

static void run_connect(struct run *run, size_t index)
{
    (void)index;
    const char *const argv[] = {run->self, "--only-connect", NULL};
    time_process(&run->first, argv);
}

static void await_answer(const char *ip)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(13)};
    char byte;
    inet_pton(AF_INET, ip, &peer.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
        fail("connect to daytime", strerror(errno));
    if (read(fd, &byte, 1) != 1)
        fail("read from daytime", "no answer");
    close(fd);
}

static void run_daytime(struct run *run, size_t index)
{
    struct ukvm_guest guest;
    open_daemon(run);
    double start = create(run, run->image ? run->image : DAYTIME_CFG, index, UKVM_PATH_ANY, &guest);
    await_answer(guest.vifs[0].ip);
    record(&run->first, start);
    destroy(run, guest.name);
}

static void run_version(struct run *run, size_t index)
{
    char *json;
    (void)index;
    open_daemon(run);
    double start = now_us();
    if (ukvm_version_json(run->ukvm, &json) != 0)
        fail("version", ukvm_error_message(run->ukvm));
    record(&run->first, start);
    free(json);
}

static const struct mode {
    const char *name;
    void (*run)(struct run *run, size_t index);
    const char *first, *second; /* phases */
} modes[] = {
    {"loaded", run_loaded, "ready", "destroy"}, {"shell", run_shell, "ready", "destroy"},
    {"cold", run_cold, "ready", "destroy"},     {"chaos", run_chaos, "ready", NULL},
    {"xl", run_xl, "ready", "destroy"},         {"exec", run_exec, "exit", NULL},
    {"connect", run_connect, "exit", NULL},     {"daytime", run_daytime, "answer", NULL},
    {"version", run_version, "reply", NULL},
};

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The value that p percent of the sorted series do not exceed. */
static double percentile(const struct series *series, unsigned p)
{
    size_t rank = (series->count * p + 99) / 100;
    return series->us[rank == 0 ? 0 : rank - 1];
}

static void report(const struct run *run, const char *mode, struct series *series)
{
    char p99[32] = "null";
    if (series->count == 0)
        return;
    qsort(series->us, series->count, sizeof(series->us[0]), by_value);
    if (series->count >= P99_LEAST_RUNS)
        snprintf(p99, sizeof(p99), "%.1f", percentile(series, 99));
    double p50 = percentile(series, 50), min = series->us[0], max = series->us[series->count - 1];
    if (run->json)
        printf("{\"bench\":\"boot-latency\",\"mode\":\"%s\",\"n\":%zu,\"phase\":\"%s\","
               "\"p50_us\":%.1f,\"p99_us\":%s,\"min_us\":%.1f,\"max_us\":%.1f}\n",
               mode, series->count, series->phase, p50, p99, min, max);
    else
        printf("%-8s n=%-5zu %-8s p50 %9.1f us  p99 %s  min %.1f  max %.1f\n", mode, series->count,
               series->phase, p50, p99, min, max);
    fflush(stdout);
}

static void run_mode(struct run *run, const struct mode *mode)
{
    run->first = (struct series){mode->first, calloc(run->guests, sizeof(double)), 0};
    run->second = (struct series){mode->second, calloc(run->guests, sizeof(double)), 0};
    if (run->first.us == NULL || run->second.us == NULL)
        fail("memory", strerror(ENOMEM));
    for (size_t i = 0; i < run->guests; i++) {
        usleep(run->pause_us);
        mode->run(run, i);
    }
    report(run, mode->name, &run->first);
    report(run, mode->name, &run->second);
    free(run->first.us);
    free(run->second.us);
}

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    }
    fail(name, "no such mode");
    return NULL;
}

static int only_connect(void)
{
    char message[UKVM_MESSAGE_MAX];
    struct ukvm *ukvm;
    if (ukvm_open(NULL, &ukvm, message) != 0)
        fail("open", message);
    ukvm_close(ukvm);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"mode", required_argument, NULL, 'm'},
        {"guests", required_argument, NULL, 'n'},
        {"image", required_argument, NULL, 'i'},
        {"pause", required_argument, NULL, 'p'},
        {"json", no_argument, NULL, 'j'},
        {"only-connect", no_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    struct run run = {.self = argv[0], .guests = 20, .pause_us = 50000};
    char list[128] = "cold";
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'm')
            snprintf(list, sizeof(list), "%s", optarg);
        else if (option == 'n')
            run.guests = strtoul(optarg, NULL, 10);
        else if (option == 'p')
            run.pause_us = (useconds_t)strtoul(optarg, NULL, 10) * 1000;
        else if (option == 'i')
            run.image = optarg;
        else if (option == 'j')
            run.json = true;
        else if (option == 'c')
            return only_connect();
        else
            return 2;
    }
    if (run.guests == 0 || run.guests > MAX_RUNS)
        fail("--guests", "must be 1 to 20000");
    char *rest = list;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ","))
        run_mode(&run, find_mode(name));
    ukvm_close(run.ukvm);
    return 0;
}
