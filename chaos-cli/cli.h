/*
 * The command line: verbs, their options and what they print. Private to chaos, which sees only
 * ukvm.h of the project.
 */
#ifndef CLI_H
#define CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <ukvm.h>

struct cli_option {
    const char *name;     /* "--timeout" */
    char letter;          /* 'n' of -n, or 0 */
    const char *argument; /* "S", or NULL for a flag */
    const char *help;
};

struct cli;

struct cli_verb {
    const char *name;
    int (*run)(struct cli *cli);
    const char *usage; /* what follows the verb and its options */
    const char *help;
    const struct cli_option *options; /* to a row without name; --json is in every verb */
    int min, max;                     /* arguments, without options */
};

/* The table, in the order of the help text, to a row without name: main.c. */
extern const struct cli_verb cli_verbs[];
extern const struct cli_option cli_common_options[];

struct cli_given {
    const struct cli_option *option;
    const char *value; /* NULL for a flag */
};

/* One invocation. */
struct cli {
    const struct cli_verb *verb;
    struct cli_given *given;
    size_t given_count;
    const char **arguments;
    int argument_count;
    bool json;
    struct ukvm *handle; /* once cli_connect has succeeded */
};

/*
 * Split argv into options and arguments. On a usage error the line is printed and -UKVM_E_USAGE
 * returned; cli_fini frees what was made, also then.
 */
int cli_parse(struct cli *cli, const struct cli_verb *verb, int argc, char **argv);
void cli_fini(struct cli *cli);

bool cli_flag(const struct cli *cli, const char *name);
/* The value of an option given last, or NULL. */
const char *cli_value(const struct cli *cli, const char *name);
/* A number within bounds, *number_out kept if the option is absent. Prints its usage errors. */
int cli_number(const struct cli *cli, const char *name, long min, long max, long *number_out);
/* Seconds, with fractions, as milliseconds; likewise. */
int cli_milliseconds(const struct cli *cli, const char *name, uint32_t *ms_out);

/* Connect to chaosd; prints the error. */
int cli_connect(struct cli *cli);

/* Print "chaos: VERB: ..." on stderr and return code, a negated error. */
int cli_error(const struct cli *cli, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the message of the library's last failed call. */
int cli_failed(const struct cli *cli, int code);
int cli_usage(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The configuration of the first argument, with the assignments of the others. Prints the error. */
int cli_load_config(const struct cli *cli, struct ukvm_config **config_out);

/*
 * Connect, and do one call for every argument, a guest. A guest that fails is reported and the
 * others are still done; returns the first failure. With --json prints {"verb", "guests"}, those
 * that were done.
 */
int cli_each(struct cli *cli, int (*call)(struct cli *cli, const char *guest));

/* ---- help: help.c ---- */

void help_verbs(FILE *to);
void help_verb(FILE *to, const struct cli_verb *verb);
void help_exit_codes(FILE *to);
const struct cli_verb *help_find_verb(const char *name);

/* ---- output: out.c ---- */

/* Print a value as JSON with a line end, and free it. */
int out_json(json_t *value);
/* The protocol's guest object. */
json_t *out_guest(const struct ukvm_guest *guest);
/* What may go to a terminal of a text that others wrote, in a static buffer of 256 bytes. */
const char *out_clean(const char *text);

/* A table of texts, sized to its content and cut to the width of a terminal. */
struct out_table {
    size_t columns; /* at most OUT_COLUMNS_MAX */
    size_t count;   /* of cells, row by row */
    char **cells;
};

#define OUT_COLUMNS_MAX 10

void out_table_init(struct out_table *table, size_t columns);
void out_table_fini(struct out_table *table);
/* The next cell; a row is complete after columns of them. */
void out_cell(struct out_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void out_table_print(const struct out_table *table);

/* ---- a console's stream: cmd_console.c ---- */

/* Copy it to stdout until its end; with interactive, keys or stdin to it. */
int console_copy(const struct cli *cli, int console_fd, bool interactive);
/* Show and use a guest's console until it ends or is left. The connection is there. */
int console_use(struct cli *cli, const char *guest);
/* Print all of it as JSON, with the guest by the name that was given. */
int console_json(const struct cli *cli, int console_fd);

/* ---- verbs: cmd_<verb>.c ---- */

int cmd_create(struct cli *cli);
int cmd_events(struct cli *cli);
int cmd_destroy(struct cli *cli);
int cmd_dmesg(struct cli *cli);
int cmd_dump_core(struct cli *cli);
int cmd_mem_set(struct cli *cli);
int cmd_vcpu_pin(struct cli *cli);
int cmd_sched(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_info(struct cli *cli);
int cmd_pause(struct cli *cli);
int cmd_pool(struct cli *cli);
int cmd_unpause(struct cli *cli);
int cmd_shutdown(struct cli *cli);
int cmd_reboot(struct cli *cli);
int cmd_rename(struct cli *cli);
int cmd_define(struct cli *cli);
int cmd_undefine(struct cli *cli);
int cmd_start(struct cli *cli);
int cmd_restart(struct cli *cli);
int cmd_console(struct cli *cli);
int cmd_logs(struct cli *cli);
int cmd_net_attach(struct cli *cli);
int cmd_net_detach(struct cli *cli);
int cmd_net_list(struct cli *cli);
int cmd_noxs(struct cli *cli);
int cmd_top(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_wait(struct cli *cli);
int cmd_help(struct cli *cli);

#endif
