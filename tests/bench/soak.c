/*
 * soak: guests that are created, used and destroyed while the daemons are killed at random.
 *
 * usage: soak [--cycles N] [--seed S] [--kill PERCENT] [--residents N] [--json]
 *
 * A cycle creates a guest, has an answer from its TCP port, and destroys it, sometimes with a pause
 * between or without waiting. When PERCENT of them begin, another process starts that kills chaosd,
 * chaos-iod or both with SIGKILL up to 4 ms later, and starts chaosd again after up to 10 ms;
 * cycles go on meanwhile. Residents live through it all. What a call that was cut off has done is
 * asked: there is the guest or there is none, in a state that it may have.
 *
 * A wrong state is: a guest that was acknowledged and is not there, one that is there and was
 * destroyed, one twice, another domain than before, a resident that does not answer. A leak is what
 * is left of domains, ports, descriptors, mapped pages and Xen's memory when all is over and both
 * daemons were started once more. Either makes the exit status 1; the seed makes a run again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "census.h"
#include "daemons.h"
#include "guests.h"

#define KILL_WITHIN_US 4000
#define AWAY_US        10000
#define ANSWER_MS      10000u
#define OPEN_TRIES     5000
#define OPEN_US        2000
#define REPORT_EVERY   500
#define RESIDENTS_MAX  64
/* dom0's kernel and Xen keep some of what they have taken. */
#define LEAK_BYTES     (256 * 1024)

struct run {
    size_t cycles;
    unsigned kill_percent, residents;
    unsigned seed;
    bool json;
    struct guests guests;
    struct ukvm_guest resident[RESIDENTS_MAX];
    struct ukvm_config *config;
    pid_t killer; /* 0: none */
    size_t kills[DAEMONS_BOTH + 1];
    size_t interrupted; /* calls that a kill cut off */
    size_t wrong;
};

static unsigned pick(struct run *run, unsigned limit)
{
    return (unsigned)rand_r(&run->seed) % limit;
}

static void wrong(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct run *run, const char *format, ...)
{
    va_list args;

    run->wrong++;
    fputs("wrong: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- kills -------------------------------------------------------------------------- */

/* By a process that kills and starts daemons meanwhile. */
static void plan_kill(struct run *run)
{
    if (run->killer != 0 || pick(run, 100) >= run->kill_percent)
        return;
    enum daemons which = (enum daemons)(DAEMONS_CHAOSD + pick(run, DAEMONS_BOTH));
    unsigned when_us = pick(run, KILL_WITHIN_US), away_us = pick(run, AWAY_US);
    run->kills[which]++;
    fflush(NULL);
    run->killer = fork();
    if (run->killer < 0)
        bench_fail("fork", strerror(errno));
    if (run->killer > 0)
        return;
    usleep(when_us);
    daemons_kill(which);
    if (which & DAEMONS_CHAOSD) {
        usleep(away_us);
        daemons_await(daemons_launch());
    }
    _exit(0);
}

/* Whether a kill is over now; options 0: waits for it. */
static bool kill_ended(struct run *run, int options)
{
    int status;

    if (run->killer == 0 || waitpid(run->killer, &status, options) == 0)
        return false;
    run->killer = 0;
    if (status != 0)
        bench_fail("kill", "chaosd did not start again");
    return true;
}

/* ---- calls that may be cut off ------------------------------------------------------ */

static void reopen(struct run *run)
{
    char message[UKVM_MESSAGE_MAX];

    run->interrupted++;
    guests_close(&run->guests);
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (ukvm_open(NULL, &run->guests.ukvm, message) == 0)
            return;
        usleep(OPEN_US);
    }
    bench_fail("open", message);
}

static bool is_cut_off(int rc)
{
    return rc == -UKVM_E_NO_DAEMON;
}

/* As the library says, but for calls that are cut off: they are made again. */
static int ask(struct run *run, const char *name, struct ukvm_guest *guest_out)
{
    int rc;

    while (is_cut_off(rc = ukvm_info(run->guests.ukvm, name, guest_out)))
        reopen(run);
    return rc;
}

/* False: it was cut off, and there is no guest. */
static bool create(struct run *run, struct ukvm_guest *guest_out)
{
    struct ukvm_create_options options = {.size = sizeof(options)};
    int rc = ukvm_create(run->guests.ukvm, run->config, &options, guest_out);

    if (rc == 0)
        return true;
    if (!is_cut_off(rc)) {
        wrong(run, "create: %s", ukvm_error_message(run->guests.ukvm));
        return false;
    }
    reopen(run);
    rc = ask(run, guests_name(0), guest_out);
    if (rc != 0 && rc != -UKVM_E_NOT_FOUND)
        wrong(run, "after a create: %s", ukvm_error_message(run->guests.ukvm));
    return rc == 0;
}

static void destroy(struct run *run, bool wait)
{
    int rc = ukvm_destroy(run->guests.ukvm, guests_name(0), wait);
    bool again = is_cut_off(rc);

    while (is_cut_off(rc)) {
        reopen(run);
        rc = ukvm_destroy(run->guests.ukvm, guests_name(0), wait);
    }
    if (rc != 0 && !(again && rc == -UKVM_E_NOT_FOUND))
        wrong(run, "destroy: %s", ukvm_error_message(run->guests.ukvm));
}

/* ---- use ---------------------------------------------------------------------------- */

static bool answers_once(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char byte;

    if (fd < 0)
        bench_fail("socket", strerror(errno));
    int rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    bool ok =
        (rc == 0 || errno == EINPROGRESS) && poll(&ready, 1, 1000) == 1 && read(fd, &byte, 1) == 1;
    close(fd);
    return ok;
}

static void use(struct run *run, const struct ukvm_guest *guest)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(13)};
    double until_us = bench_now_us() + ANSWER_MS * 1e3;

    inet_pton(AF_INET, guest->vifs[0].ip, &address.sin_addr);
    while (!answers_once(&address)) {
        if (bench_now_us() > until_us) {
            wrong(run, "%s (domain %u, %s, %s) does not answer within %u ms", guest->name,
                  guest->domid, guest->vifs[0].ip, guest->state, ANSWER_MS);
            return;
        }
        usleep(OPEN_US);
    }
}

/* ---- looking ------------------------------------------------------------------------ */

static const struct ukvm_guest *find(const struct ukvm_guest *guests, size_t count,
                                     const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(guests[i].name, name) == 0)
            return &guests[i];
    return NULL;
}

/* Residents, as they were, and nobody else. */
static void look(struct run *run)
{
    struct ukvm_guest *guests;
    size_t count;

    while (is_cut_off(ukvm_list(run->guests.ukvm, &guests, &count)))
        reopen(run);
    if (count != run->residents)
        wrong(run, "%zu guests instead of %u", count, run->residents);
    for (unsigned i = 0; i < run->residents; i++) {
        const struct ukvm_guest *was = &run->resident[i];
        const struct ukvm_guest *is = find(guests, count, was->name);
        if (is == NULL)
            wrong(run, "%s is gone", was->name);
        else if (is->domid != was->domid || strcmp(is->uuid, was->uuid) != 0 ||
                 strcmp(is->state, "running") != 0)
            wrong(run, "%s is another, or %s: %s", was->name, is->state, is->reason);
    }
    free(guests);
    if (run->residents > 0)
        use(run, &run->resident[pick(run, run->residents)]);
}

/* ---- a cycle ------------------------------------------------------------------------ */

static void pause_it(struct run *run)
{
    int rc = ukvm_pause(run->guests.ukvm, guests_name(0));
    struct ukvm_guest guest;

    if (is_cut_off(rc)) {
        reopen(run);
        /* Done or not: only that it is there is sure. */
        if (ask(run, guests_name(0), &guest) != 0)
            wrong(run, "%s is gone in a pause", guests_name(0));
        return;
    }
    if (rc != 0)
        wrong(run, "pause: %s", ukvm_error_message(run->guests.ukvm));
    if (ask(run, guests_name(0), &guest) != 0 || strcmp(guest.state, "paused") != 0)
        wrong(run, "%s was paused, and is not", guests_name(0));
}

static void cycle(struct run *run)
{
    struct ukvm_guest guest;
    unsigned kind = pick(run, 4);

    plan_kill(run);

    if (create(run, &guest)) {
        if (kind != 0)
            use(run, &guest);
        if (kind == 1)
            pause_it(run);
        destroy(run, kind != 2);
    }
    if (kill_ended(run, WNOHANG))
        look(run);
}

/* ---- the whole ---------------------------------------------------------------------- */

static void start_anew(struct run *run)
{
    guests_close(&run->guests);
    daemons_kill(DAEMONS_BOTH);
    daemons_await(daemons_launch());
    guests_open(&run->guests);
}

/* Both daemons are new, and had nothing to take over: they keep some of what they needed for that.
 */
static void settle(struct run *run, struct census *census_out)
{
    start_anew(run);
    if (ukvm_pool_set(run->guests.ukvm, "learn=0") != 0)
        bench_fail("pool", ukvm_error_message(run->guests.ukvm));
    sleep(2);
    start_anew(run);
    sleep(1);
    census_take(&run->guests, census_out);
}

static bool leaks(const struct census *before, const struct census *after)
{
    return after->domains != before->domains || after->ports != before->ports ||
           after->fds != before->fds || after->mapped_pages != before->mapped_pages ||
           before->xen_free_bytes - after->xen_free_bytes > LEAK_BYTES;
}

static void report(const struct run *run, size_t cycles, double us)
{
    printf(run->json ? "{\"bench\":\"soak\",\"cycles\":%zu,\"kills_chaosd\":%zu,\"kills_iod\":%zu,"
                       "\"kills_both\":%zu,\"interrupted\":%zu,\"wrong\":%zu,\"seconds\":%.1f}\n"
                     : "%zu cycles, kills of chaosd %zu, chaos-iod %zu, both %zu; %zu calls cut "
                       "off, %zu wrong states, %.1f s\n",
           cycles, run->kills[DAEMONS_CHAOSD], run->kills[DAEMONS_IOD], run->kills[DAEMONS_BOTH],
           run->interrupted, run->wrong, us / 1e6);
    fflush(stdout);
}

static bool report_leaks(const struct run *run, const struct census *before,
                         const struct census *after)
{
    bool leaked = leaks(before, after);

    printf(run->json ? "{\"bench\":\"soak\",\"leaked\":%d,\"left_bytes\":%.0f,\"left_domains\":"
                       "%.0f,\"left_ports\":%.0f,\"left_fds\":%.0f,\"left_mapped_pages\":%.0f}\n"
                     : "leaks: %d (%.0f bytes, %.0f domains, %.0f ports, %.0f descriptors, %.0f "
                       "mapped pages)\n",
           leaked, before->xen_free_bytes - after->xen_free_bytes, after->domains - before->domains,
           after->ports - before->ports, after->fds - before->fds,
           after->mapped_pages - before->mapped_pages);
    return leaked;
}

static void make_residents(struct run *run)
{
    struct ukvm_create_options options = {.size = sizeof(options)};

    for (unsigned i = 0; i < run->residents; i++) {
        struct ukvm_config *config = guests_config(&run->guests, i + 1);
        guests_create(&run->guests, config, &options, &run->resident[i]);
        ukvm_config_free(config);
    }
}

static void parse(struct run *run, int argc, char **argv)
{
    static const struct option options[] = {
        {"cycles", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
        {"kill", required_argument, NULL, 'k'},   {"residents", required_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            run->cycles = bench_number("--cycles", optarg, 1, 10000000);
        else if (option == 's')
            run->seed = (unsigned)bench_number("--seed", optarg, 1, 1u << 31);
        else if (option == 'k')
            run->kill_percent = (unsigned)bench_number("--kill", optarg, 0, 100);
        else if (option == 'r')
            run->residents = (unsigned)bench_number("--residents", optarg, 0, RESIDENTS_MAX);
        else if (option == 'j')
            run->json = true;
        else
            exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct run run = {.cycles = 20000,
                             .kill_percent = 10,
                             .residents = 8,
                             .seed = 1,
                             .guests.image = DAYTIME_CFG};
    struct census before, after;

    parse(&run, argc, argv);
    printf("seed %u\n", run.seed);
    guests_open(&run.guests);
    run.config = guests_config(&run.guests, 0);
    settle(&run, &before);
    make_residents(&run);
    double start_us = bench_now_us();
    for (size_t i = 1; i <= run.cycles; i++) {
        cycle(&run);
        if (i % REPORT_EVERY == 0 || i == run.cycles)
            report(&run, i, bench_now_us() - start_us);
    }
    kill_ended(&run, 0);
    look(&run);
    for (unsigned i = 0; i < run.residents; i++)
        guests_destroy(&run.guests, run.resident[i].name);
    settle(&run, &after);
    bool leaked = report_leaks(&run, &before, &after);
    ukvm_config_free(run.config);
    guests_close(&run.guests);
    return leaked || run.wrong > 0;
}
