/*
 * Faults at every point of every scenario: chaosd or chaos-iod or both are killed there, or the
 * n-th hypercall, call of the host network or allocation fails. usage:
 *
 *     test_faults MODE [SCENARIO [N]]     one mode; of one scenario; only the n-th point of it
 *
 * Points, rows and messages are those that the code itself shows (util/fault.h): when all are run,
 * a row of a state machine, a message type or a machine that had no kill fails the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults_scenarios.h"
#include "fixture/fault_alloc.h"
#include "io/io_msg.h"

#define POINTS_MAX   5000u
#define CHILDREN     2
#define FAILURES_MAX 20u /* then it is enough */

static const struct {
    const char *name;
    bool kills; /* points are counted in one run first; else they are tried until none is left */
    bool rows;  /* every row of every table must have one */
    unsigned every; /* only so many of the points, unless one scenario is asked for */
} modes[FAULT_MODES] = {
    [FAULT_CHAOSD] = {"chaosd", true, true, 1},
    [FAULT_IOD] = {"iod", true, false, 1},
    [FAULT_BOTH] = {"both", true, false, 3},
    [FAULT_TWICE] = {"twice", true, false, 3},
    [FAULT_HYPERCALL] = {"hypercall", false, false, 1},
    [FAULT_HOSTNET] = {"hostnet", false, false, 1},
    [FAULT_ALLOC] = {"alloc", false, false, 1},
};

/* What a child has to say; one slot each. */
struct verdict {
    unsigned points; /* of a kill: those it passed. Else 1: the fault was delivered */
    char last[128];
};

static struct verdict *verdicts;
static struct {
    pid_t pid;
    const struct scenario *scenario;
    unsigned at;
} children[CHILDREN];
static unsigned failures;
static unsigned scenarios; /* that were run */
static enum fault_mode mode;

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

/* ---- children ----------------------------------------------------------------------- */

static _Noreturn void be_child(unsigned slot, const struct scenario *scenario, unsigned at)
{
    verdicts[slot] = (struct verdict){0};
    verdicts[slot].points = fault_world_run(scenario, mode, at);
    _exit(0);
}

static void collect(unsigned slot, int status)
{
    pid_t pid = children[slot].pid;

    children[slot].pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    failures++;
    rig_sweep(pid);
    fprintf(stderr, "^ %s, scenario %s, point %u: test_faults %s %s %u\n", modes[mode].name,
            children[slot].scenario->name, children[slot].at, modes[mode].name,
            children[slot].scenario->name, children[slot].at);
    if (!WIFEXITED(status))
        fprintf(stderr, "  (signal %d)\n", WTERMSIG(status));
}

/* A slot that is free, after waiting for one. */
static unsigned free_slot(void)
{
    for (;;) {
        for (unsigned i = 0; i < CHILDREN; i++)
            if (children[i].pid == 0)
                return i;
        int status;
        pid_t pid = wait(&status);
        for (unsigned i = 0; i < CHILDREN; i++)
            if (children[i].pid == pid)
                collect(i, status);
    }
}

static void join(void)
{
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status;
        if (children[i].pid == 0)
            continue;
        waitpid(children[i].pid, &status, 0);
        collect(i, status);
    }
}

static unsigned launch(const struct scenario *scenario, unsigned at)
{
    unsigned slot = free_slot();

    fflush(NULL);
    children[slot].scenario = scenario;
    children[slot].at = at;
    children[slot].pid = fork();
    if (children[slot].pid == 0)
        be_child(slot, scenario, at);
    return slot;
}

/* ---- all points of a scenario ------------------------------------------------------- */

static unsigned kill_at_each(const struct scenario *scenario, unsigned every)
{
    unsigned slot = launch(scenario, 0);

    join();
    unsigned points = verdicts[slot].points;
    if (points == 0 || points > POINTS_MAX) {
        fprintf(stderr, "%s: %u points\n", scenario->name, points);
        failures++;
        return 0;
    }
    unsigned done = 0;
    for (unsigned at = 1; at <= points && failures < FAILURES_MAX; at += every, done++)
        launch(scenario, at);
    join();
    return done;
}

static unsigned fail_each(const struct scenario *scenario)
{
    for (unsigned at = 1; at <= POINTS_MAX && failures < FAILURES_MAX; at++) {
        unsigned slot = launch(scenario, at);
        /* Every few, whether the last one came at all. */
        if (at % 16 != 0)
            continue;
        join();
        if (verdicts[slot].points == 0)
            return at;
    }
    join();
    return 0;
}

/* ---- all scenarios ------------------------------------------------------------------ */

/* NULL: there are no more. */
static const struct scenario *scenario_at(unsigned i)
{
    if (i < fault_scenario_count)
        return &fault_scenarios[i];
    i -= fault_scenario_count;
    if (i < fault_vif_scenario_count)
        return &fault_vif_scenarios[i];
    i -= fault_vif_scenario_count;
    return i < fault_definition_scenario_count ? &fault_definition_scenarios[i] : NULL;
}

/* ---- what was not hit --------------------------------------------------------------- */

static unsigned check_machine(unsigned index, unsigned *rows)
{
    const struct sm_type *type = fault_coverage->machines[index];
    unsigned missing = 0;

    for (unsigned from = 0; from < type->count; from++)
        for (unsigned to = 0; to < type->count; to++) {
            if ((type->states[from].next & SM_BIT(to)) == 0)
                continue;
            ++*rows;
            if (fault_coverage->moves[index][from][to])
                continue;
            fprintf(stderr, "no fault at %s: %s -> %s\n", type->name, type->states[from].name,
                    type->states[to].name);
            missing++;
        }
    return missing;
}

static void check_rows(void)
{
    unsigned rows = 0, missing = 0, messages = 0;

    for (unsigned i = 0; i < fault_coverage->machine_count; i++)
        missing += check_machine(i, &rows);
    for (uint32_t type = IO_MSG_HELLO; type < IO_MSG_TYPE_END; type++) {
        if (fault_coverage->sent[type] || fault_coverage->received[type]) {
            messages++;
            continue;
        }
        fprintf(stderr, "no fault at message type %u\n", type);
        missing++;
    }
    if (fault_coverage->machine_count != FAULTS_MACHINES) {
        fprintf(stderr, "the sources of core define %u state machines, %u were seen\n",
                FAULTS_MACHINES, fault_coverage->machine_count);
        missing++;
    }
    failures += missing;
    printf("%s: %u of %u rows of %u state machines, %u of %u message types, %u at the store, %u at "
           "calls\n",
           modes[mode].name, rows - missing, rows, fault_coverage->machine_count, messages,
           IO_MSG_TYPE_END - 1, fault_coverage->records, fault_coverage->calls);
}

/* ------------------------------------------------------------------------------------- */

static bool find_mode(const char *name)
{
    for (unsigned i = 0; i < FAULT_MODES; i++)
        if (strcmp(modes[i].name, name) == 0) {
            mode = (enum fault_mode)i;
            return true;
        }
    return false;
}

/* How many points there were. */
static unsigned run(const char *only)
{
    unsigned points = 0;

    const struct scenario *scenario;

    for (unsigned i = 0; (scenario = scenario_at(i)) != NULL && failures < FAILURES_MAX; i++) {
        if (only != NULL && strcmp(only, scenario->name) != 0)
            continue;
        unsigned count = modes[mode].kills
                             ? kill_at_each(scenario, only == NULL ? modes[mode].every : 1)
                             : fail_each(scenario);
        printf("%s, %s: %u points\n", modes[mode].name, scenario->name, count);
        fflush(stdout);
        points += count;
        scenarios++;
    }
    return points;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 4 || !find_mode(argv[1])) {
        fprintf(stderr, "usage: test_faults MODE [SCENARIO [N]]\n");
        return 2;
    }
    fault_coverage = shared(sizeof(*fault_coverage));
    verdicts = shared(CHILDREN * sizeof(*verdicts));
    if (argc == 4) {
        const struct scenario *scenario;
        for (unsigned i = 0; (scenario = scenario_at(i)) != NULL; i++)
            if (strcmp(scenario->name, argv[2]) == 0)
                launch(scenario, (unsigned)atoi(argv[3]));
        join();
        printf("at: %s\n", fault_coverage->last);
        return failures > 0;
    }
    time_t start = time(NULL);
    unsigned points = run(argc == 3 ? argv[2] : NULL);
    printf("%s: %u points in %u scenarios, %u failures, %u s\n", modes[mode].name, points,
           scenarios, failures, (unsigned)(time(NULL) - start));
    if (argc == 2 && modes[mode].rows && failures == 0)
        check_rows();
    return failures > 0;
}
