/* chaos: the command line of the toolstack. A verb is one row here and one file cmd_<verb>.c. */
#include <jansson.h>
#include <string.h>
#include <sys/auxv.h>

#include "cli.h"

const struct cli_option cli_common_options[] = {
    {"--json", 0, NULL, "print JSON"},
    {"--help", 'h', NULL, "print the help of this verb"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option no_options[] = {{NULL, 0, NULL, NULL}};

static const struct cli_option create_options[] = {
    {"--no-wait", 0, NULL, "return once the guest runs, not when it is ready"},
    {"--timeout", 0, "S", "seconds until the guest must be ready (10)"},
    {"--console", 'c', NULL, "use its console from its first byte on; implies --no-wait"},
    {"--timing", 0, NULL, "print how long each phase took, in microseconds"},
    {"--cold", 0, NULL, "build it anew, take no shell of the pool"},
    {"--count", 'n', "N", "create N guests, NAME-1 to NAME-N"},
    {"--publish", 'p', "HOST:GUEST[/PROTO]", "publish a port of the guest; may be repeated"},
    {"--quiet", 'q', NULL, "print nothing"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option destroy_options[] = {
    {"--wait", 0, NULL, "wait until the memory is free again"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option shutdown_options[] = {
    {"--timeout", 0, "S", "seconds until the guest must have stopped (10)"},
    {"--force", 0, NULL, "then destroy it"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option start_options[] = {
    {"--no-wait", 0, NULL, "return once the guest runs, not when it is ready"},
    {"--timeout", 0, "S", "seconds until the guest must be ready (10)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option restart_options[] = {
    {"--force", 0, NULL, "destroy it instead of asking it to power off"},
    {"--no-wait", 0, NULL, "return once the guest runs, not when it is ready"},
    {"--timeout", 0, "S", "seconds until the guest must have stopped, and be ready (10)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option net_attach_options[] = {
    {"--timeout", 0, "S", "seconds until the guest must have taken it (10)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option net_detach_options[] = {
    {"--timeout", 0, "S", "seconds until it is taken from a guest that keeps it (10)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option console_options[] = {
    {"--no-follow", 0, NULL, "print what the console holds and return"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option logs_options[] = {
    {"--follow", 'f', NULL, "go on with what it prints, until it ends"},
    {"--since", 0, "AGE", "only what it printed in the last 30s, 10m, 2h or 1d"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option events_options[] = {
    {"--follow", 'f', NULL, "go on with those that come"},
    {"--since", 0, "ID", "only those after the one with this id"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option wait_options[] = {
    {"--for", 0, "STATE",
     "ready, stopped (in any way), gone, running, paused, ...; fails with 16 if it ends instead"},
    {"--timeout", 0, "S", "seconds to wait, then it fails with 14 (for ever)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option dump_core_options[] = {
    {"--force", 0, NULL, "write FILE even if it exists"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option mem_set_options[] = {
    {"--timeout", 0, "S", "seconds until the guest must have answered (10)"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option sched_options[] = {
    {"--weight", 0, "N", "set its weight against others: 1 to 65535, by default 256; for root"},
    {"--cap", 0, "N", "set how many percent of one CPU it may use, 0: no bound; for root"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option dmesg_options[] = {
    {"--clear", 'c', NULL, "forget what was shown"},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option top_options[] = {
    {"--batch", 'b', NULL, "print for a script, not live on the terminal"},
    {"--count", 'n', "N", "samples to show (--batch: 1)"},
    {"--delay", 'd', "S", "seconds between two samples (2)"},
    {"--sort", 's', "KEY", "cpu, memory, rx, tx or name; live: keys c, m, r, t, n; q ends"},
    {NULL, 0, NULL, NULL},
};

const struct cli_verb cli_verbs[] = {
    {"create", cmd_create, "FILE [KEY=VALUE]...", "create a guest and wait until it is ready",
     create_options, 1, 1000},
    {"destroy", cmd_destroy, "GUEST...", "destroy guests at once", destroy_options, 1, 100000},
    {"list", cmd_list, "", "list the guests", no_options, 0, 0},
    {"top", cmd_top, "", "show what guests use, the largest first", top_options, 0, 0},
    {"info", cmd_info, "GUEST", "show one guest", no_options, 1, 1},
    {"pause", cmd_pause, "GUEST...", "stop the virtual CPUs of guests", no_options, 1, 100000},
    {"unpause", cmd_unpause, "GUEST...", "let paused guests run on", no_options, 1, 100000},
    {"shutdown", cmd_shutdown, "GUEST...", "ask guests to power off, and wait", shutdown_options, 1,
     100000},
    {"reboot", cmd_reboot, "GUEST...", "ask guests to reboot, and wait until they have stopped",
     shutdown_options, 1, 100000},
    {"rename", cmd_rename, "GUEST NAME", "give a guest another name", no_options, 2, 2},
    {"define", cmd_define, "FILE [KEY=VALUE]...",
     "keep a guest's configuration and image, to start it by its name", no_options, 1, 1000},
    {"undefine", cmd_undefine, "GUEST...", "forget definitions", no_options, 1, 100000},
    {"start", cmd_start, "GUEST...", "start guests that are defined, and wait until they are ready",
     start_options, 1, 100000},
    {"restart", cmd_restart, "GUEST...", "stop guests that are defined, and start them again",
     restart_options, 1, 100000},
    {"console", cmd_console, "GUEST", "show and use a guest's console", console_options, 1, 1},
    {"logs", cmd_logs, "GUEST", "show what a guest has printed", logs_options, 1, 1},
    {"events", cmd_events, "", "show what has happened to guests", events_options, 0, 0},
    {"wait", cmd_wait, "GUEST", "wait until a guest is ready, has stopped or is gone", wait_options,
     1, 1},
    {"dump-core", cmd_dump_core, "GUEST FILE",
     "write a guest's memory and registers into FILE, for gdb", dump_core_options, 2, 2},
    {"net-attach", cmd_net_attach, "GUEST [VIF]",
     "attach a network interface, 'mac=..,ip=..,bridge=..' as vif has", net_attach_options, 1, 2},
    {"net-detach", cmd_net_detach, "GUEST SLOT|MAC",
     "detach a network interface, by what net-list shows", net_detach_options, 2, 2},
    {"net-list", cmd_net_list, "GUEST", "list a guest's network interfaces", no_options, 1, 1},
    {"noxs", cmd_noxs, "GUEST", "show a guest's noxs page, decoded", no_options, 1, 1},
    {"mem-set", cmd_mem_set, "GUEST MIB",
     "set what memory a guest has, up to what it was created with", mem_set_options, 2, 2},
    {"vcpu-pin", cmd_vcpu_pin, "GUEST VCPU CPUS",
     "let a virtual CPU, or all, run on these CPUs only: 0, 2-5,^3 or all", no_options, 3, 3},
    {"sched", cmd_sched, "GUEST", "show or set a guest's share of the CPUs", sched_options, 1, 1},
    {"dmesg", cmd_dmesg, "", "show Xen's messages", dmesg_options, 0, 0},
    {"pool", cmd_pool, "[set KEY=VALUE...]",
     "show the shells that are built ahead, or set the pool", no_options, 0, 12},
    {"version", cmd_version, "", "show the versions of chaos, chaosd and Xen", no_options, 0, 0},
    {"help", cmd_help, "[VERB|exit-codes]", "show help", no_options, 0, 1},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};

/* Output that could not be written is a failure, whatever the verb says. */
static int finish(const struct cli *cli, int rc)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && rc == 0)
        rc = cli_error(cli, -UKVM_E_INTERNAL, "cannot write the output");
    return -rc;
}

static int run_verb(const struct cli_verb *verb, int argc, char **argv)
{
    struct cli cli = {.verb = NULL};
    int rc = cli_parse(&cli, verb, argc, argv);

    if (rc == 0 && cli_flag(&cli, "--help"))
        help_verb(stdout, verb);
    else if (rc == 0)
        rc = verb->run(&cli);
    rc = finish(&cli, rc);
    cli_fini(&cli);
    return rc;
}

/* From what the kernel gave with the program; jansson would read a file for it. */
static void seed_hashes(void)
{
    const void *random = (const void *)getauxval(AT_RANDOM);
    unsigned seed;

    if (random == NULL)
        return;
    memcpy(&seed, random, sizeof(seed));
    json_object_seed(seed);
}

int main(int argc, char **argv)
{
    /* stdio would ask what stdout is and take a page for its buffer. */
    static char output[512];
    const char *name = argc > 1 ? argv[1] : NULL;

    setvbuf(stdout, output, _IOFBF, sizeof(output));
    if (name == NULL) {
        help_verbs(stderr);
        return UKVM_E_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct cli_verb *verb = help_find_verb(name);
    if (verb == NULL)
        return UKVM_E_USAGE;
    seed_hashes();
    return run_verb(verb, argc - 2, argv + 2);
}
