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

const struct cli_verb cli_verbs[] = {
    {"create", cmd_create, "FILE [KEY=VALUE]...", "create a guest and wait until it is ready",
     create_options, 1, 1000},
    {"destroy", cmd_destroy, "GUEST...", "destroy guests at once", destroy_options, 1, 100000},
    {"list", cmd_list, "", "list the guests", no_options, 0, 0},
    {"info", cmd_info, "GUEST", "show one guest", no_options, 1, 1},
    {"pause", cmd_pause, "GUEST...", "stop the virtual CPUs of guests", no_options, 1, 100000},
    {"unpause", cmd_unpause, "GUEST...", "let paused guests run on", no_options, 1, 100000},
    {"shutdown", cmd_shutdown, "GUEST...", "ask guests to power off, and wait", shutdown_options, 1,
     100000},
    {"console", cmd_console, "GUEST", "show and use a guest's console", console_options, 1, 1},
    {"logs", cmd_logs, "GUEST", "show what a guest has printed", logs_options, 1, 1},
    {"net-attach", cmd_net_attach, "GUEST [VIF]",
     "attach a network interface, 'mac=..,ip=..,bridge=..' as vif has", net_attach_options, 1, 2},
    {"net-detach", cmd_net_detach, "GUEST SLOT|MAC",
     "detach a network interface, by what net-list shows", net_detach_options, 2, 2},
    {"net-list", cmd_net_list, "GUEST", "list a guest's network interfaces", no_options, 1, 1},
    {"noxs", cmd_noxs, "GUEST", "show a guest's noxs page, decoded", no_options, 1, 1},
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
