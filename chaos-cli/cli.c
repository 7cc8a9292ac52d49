#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 16

__attribute__((format(printf, 2, 0))) static void print_error(const struct cli *cli,
                                                              const char *format, va_list list)
{
    char message[UKVM_MESSAGE_MAX + 256];

    /* What the message quotes may hold anything; stderr is often a terminal. */
    vsnprintf(message, sizeof(message), format, list);
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    fflush(stdout);
    fprintf(stderr, "chaos: %s: %s\n", cli->verb->name, message);
}

int cli_error(const struct cli *cli, int code, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    print_error(cli, format, list);
    va_end(list);
    return code;
}

int cli_failed(const struct cli *cli, int code)
{
    return cli_error(cli, code, "%s", ukvm_error_message(cli->handle));
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    print_error(cli, format, list);
    va_end(list);
    return -UKVM_E_USAGE;
}

/* ---- options ---- */

static const struct cli_option *find_in(const struct cli_option *options, const char *name,
                                        size_t length)
{
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    }
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *options, char letter)
{
    for (; options->name != NULL; options++) {
        if (options->letter == letter)
            return options;
    }
    return NULL;
}

static int unknown_option(const struct cli *cli, const char *given)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;

    for (const struct cli_option *o = cli->verb->options; o->name != NULL; o++)
        names[count++] = o->name;
    for (const struct cli_option *o = cli_common_options; o->name != NULL; o++)
        names[count++] = o->name;
    return cli_usage(cli, "unknown option '%s', did you mean '%s'? (see 'chaos help %s')", given,
                     ukvm_nearest(given, names, count), cli->verb->name);
}

/* Takes argv[*at], and argv[*at + 1] if that is its value. */
static int take_option(struct cli *cli, char **argv, int argc, int *at)
{
    const char *text = argv[*at];
    bool is_long = text[1] == '-';
    size_t length = is_long ? strcspn(text, "=") : 2;
    const struct cli_option *option;

    if (is_long)
        option = find_in(cli->verb->options, text, length);
    else
        option = find_letter(cli->verb->options, text[1]);
    if (option == NULL)
        option = is_long ? find_in(cli_common_options, text, length)
                         : find_letter(cli_common_options, text[1]);
    if (option == NULL)
        return unknown_option(cli, text);
    const char *value = text[length] != '\0' ? text + length + (is_long ? 1 : 0) : NULL;
    if (option->argument == NULL && value != NULL)
        return cli_usage(cli, "option '%.*s' takes no value", (int)length, text);
    if (option->argument != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return cli_usage(cli, "option '%s' needs a value: %s", text, option->argument);
        value = argv[++*at];
    }
    cli->given[cli->given_count++] = (struct cli_given){option, value};
    return 0;
}

static int check_count(const struct cli *cli)
{
    if (cli_flag(cli, "--help"))
        return 0;
    if (cli->argument_count < cli->verb->min)
        return cli_usage(cli, "missing argument: %s", cli->verb->usage);
    if (cli->argument_count > cli->verb->max)
        return cli_usage(cli, "unexpected argument '%s' (see 'chaos help %s')",
                         cli->arguments[cli->verb->max], cli->verb->name);
    return 0;
}

int cli_parse(struct cli *cli, const struct cli_verb *verb, int argc, char **argv)
{
    bool options_end = false;

    *cli = (struct cli){.verb = verb};
    cli->given = calloc((size_t)argc + 1, sizeof(cli->given[0]));
    cli->arguments = calloc((size_t)argc + 1, sizeof(cli->arguments[0]));
    if (cli->given == NULL || cli->arguments == NULL)
        return cli_error(cli, -UKVM_E_INTERNAL, "out of memory");
    for (int i = 0; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            int rc = take_option(cli, argv, argc, &i);
            if (rc != 0)
                return rc;
        } else {
            cli->arguments[cli->argument_count++] = argv[i];
        }
    }
    cli->json = cli_flag(cli, "--json");
    return check_count(cli);
}

void cli_fini(struct cli *cli)
{
    ukvm_close(cli->handle);
    cli->handle = NULL;
    free(cli->given);
    cli->given = NULL;
    free(cli->arguments);
    cli->arguments = NULL;
}

static const struct cli_given *find_given(const struct cli *cli, const char *name)
{
    for (size_t i = cli->given_count; i-- > 0;) {
        if (strcmp(cli->given[i].option->name, name) == 0)
            return &cli->given[i];
    }
    return NULL;
}

bool cli_flag(const struct cli *cli, const char *name)
{
    return find_given(cli, name) != NULL;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    const struct cli_given *given = find_given(cli, name);

    return given != NULL ? given->value : NULL;
}

int cli_number(const struct cli *cli, const char *name, long min, long max, long *number_out)
{
    const char *text = cli_value(cli, name);
    char *end;

    if (text == NULL)
        return 0;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < min || number > max)
        return cli_usage(cli, "%s takes a number from %ld to %ld, not '%s'", name, min, max, text);
    *number_out = number;
    return 0;
}

int cli_milliseconds(const struct cli *cli, const char *name, uint32_t *ms_out)
{
    const char *text = cli_value(cli, name);
    char *end;

    if (text == NULL)
        return 0;
    double seconds = strtod(text, &end);
    /* Also false for NaN. */
    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= 3600))
        return cli_usage(cli, "%s takes seconds from 0.001 to 3600, not '%s'", name, text);
    *ms_out = (uint32_t)(seconds * 1000);
    return 0;
}

int cli_connect(struct cli *cli)
{
    char message[UKVM_MESSAGE_MAX];
    int rc = ukvm_open(NULL, &cli->handle, message);

    return rc != 0 ? cli_error(cli, rc, "%s", message) : 0;
}

int cli_each(struct cli *cli, int (*call)(struct cli *cli, const char *guest))
{
    json_t *done = json_array();
    int first = cli_connect(cli);

    for (int i = 0; cli->handle != NULL && i < cli->argument_count; i++) {
        int rc = call(cli, cli->arguments[i]);
        if (rc == 0)
            json_array_append_new(done, json_string(cli->arguments[i]));
        else
            cli_failed(cli, rc);
        if (first == 0)
            first = rc;
    }
    if (cli->json && cli->handle != NULL)
        out_json(json_pack("{s:s, s:O}", "verb", cli->verb->name, "guests", done));
    json_decref(done);
    return first;
}

int cli_load_config(const struct cli *cli, struct ukvm_config **config_out)
{
    char message[UKVM_MESSAGE_MAX];
    int rc = ukvm_config_load(cli->arguments[0], config_out, message);

    for (int i = 1; rc == 0 && i < cli->argument_count; i++)
        rc = ukvm_config_set(*config_out, cli->arguments[i], message);
    return rc != 0 ? cli_error(cli, rc, "%s", message) : 0;
}
