#include "bench.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

double bench_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void bench_fail(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(EXIT_FAILURE);
}

size_t bench_number(const char *option, const char *text, size_t min, size_t max)
{
    char *end, why[64];
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || !isdigit((unsigned char)text[0]) || *end != '\0' || number < min ||
        number > max) {
        snprintf(why, sizeof(why), "must be %zu to %zu", min, max);
        bench_fail(option, why);
    }
    return number;
}

/* ---- series ------------------------------------------------------------------------- */

void bench_add(struct bench_series *series, double us)
{
    if (series->count == series->capacity) {
        size_t capacity = series->capacity == 0 ? 64 : 2 * series->capacity;
        double *grown = realloc(series->us, capacity * sizeof(grown[0]));
        if (grown == NULL)
            bench_fail("memory", strerror(ENOMEM));
        series->us = grown;
        series->capacity = capacity;
    }
    series->us[series->count++] = us;
}

void bench_clear(struct bench_series *series)
{
    series->count = 0;
    series->counted = false;
    series->counts = (struct bench_counts){0};
}

void bench_series_fini(struct bench_series *series)
{
    free(series->us);
    *series = (struct bench_series){0};
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

double bench_percentile(struct bench_series *series, unsigned p)
{
    size_t rank = (series->count * p + 99) / 100;

    qsort(series->us, series->count, sizeof(series->us[0]), by_value);
    return series->us[rank == 0 ? 0 : rank - 1];
}

/* ---- lines -------------------------------------------------------------------------- */

static void print_count(const char *name, bool counted, double value)
{
    if (counted)
        printf(",\"%s\":%.1f", name, value);
    else
        printf(",\"%s\":null", name);
}

static void print_json(const struct bench_line *line, struct bench_series *series)
{
    const struct bench_counts *counts = &series->counts;
    double p50 = bench_percentile(series, 50);

    printf("{\"bench\":\"%s\",\"mode\":\"%s\",\"n\":%zu,\"phase\":\"%s\",\"p50_us\":%.1f",
           line->bench, line->mode, series->count, line->phase, p50);
    if (series->count >= BENCH_P99_LEAST)
        printf(",\"p99_us\":%.1f", bench_percentile(series, 99));
    else
        printf(",\"p99_us\":null");
    printf(",\"min_us\":%.1f,\"max_us\":%.1f", series->us[0], series->us[series->count - 1]);
    print_count("hypercalls", series->counted, counts->hypercalls);
    print_count("context_switches", series->counted, counts->context_switches);
    print_count("grant_ops", series->counted, counts->grant_ops);
    print_count("events", series->counted, counts->events);
    if (line->memory_mib > 0)
        printf(",\"memory_mib\":%u", line->memory_mib);
    if (line->image_bytes > 0)
        printf(",\"image_bytes\":%zu", line->image_bytes);
    printf(",\"guests\":%zu}\n", line->guests);
}

static void print_text(const struct bench_line *line, struct bench_series *series)
{
    const struct bench_counts *counts = &series->counts;

    printf("%-8s %-8s %u MiB  n=%-5zu p50 %9.1f us", line->mode, line->phase, line->memory_mib,
           series->count, bench_percentile(series, 50));
    if (series->count >= BENCH_P99_LEAST)
        printf("  p99 %.1f", bench_percentile(series, 99));
    printf("  min %.1f  max %.1f", series->us[0], series->us[series->count - 1]);
    if (series->counted)
        printf("  %.1f hypercalls, %.1f switches, %.1f grant ops, %.1f events", counts->hypercalls,
               counts->context_switches, counts->grant_ops, counts->events);
    printf("  (%zu guests)\n", line->guests);
}

void bench_print(const struct bench_line *line, struct bench_series *series, bool json)
{
    if (series->count == 0)
        return;
    if (json)
        print_json(line, series);
    else
        print_text(line, series);
    fflush(stdout);
}

/* ---- processes ---------------------------------------------------------------------- */

const char *bench_program(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    const char *directories = getenv("PATH");
    char *path = paths[next++ % 4];

    for (const char *at = directories != NULL ? directories : ""; *at != '\0';) {
        size_t length = strcspn(at, ":");
        snprintf(path, sizeof(paths[0]), "%.*s/%s", (int)length, at, name);
        if (access(path, X_OK) == 0)
            return path;
        at += length + (at[length] == ':');
    }
    bench_fail(name, "not in PATH");
}

void bench_process(const char *const argv[])
{
    pid_t pid;
    int status;
    int rc = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);

    if (rc != 0)
        bench_fail(argv[0], strerror(rc));
    if (waitpid(pid, &status, 0) != pid)
        bench_fail(argv[0], strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail(argv[0], "exited with an error");
}

static bool is_named(const char *pid, const char *name)
{
    char path[300], comm[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool got = fgets(comm, sizeof(comm), file) != NULL;
    fclose(file);
    comm[strcspn(comm, "\n")] = '\0';
    return got && strcmp(comm, name) == 0;
}

int bench_pid(const char *name)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    int pid = 0;

    if (dir == NULL)
        return 0;
    while (pid == 0 && (entry = readdir(dir)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) && is_named(entry->d_name, name))
            pid = (int)strtol(entry->d_name, NULL, 10);
    closedir(dir);
    return pid;
}
