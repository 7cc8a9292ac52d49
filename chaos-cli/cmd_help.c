#include <string.h>

#include "cli.h"

static json_t *options_json(const struct cli_option *options)
{
    json_t *array = json_array();

    for (; options->name != NULL; options++)
        json_array_append_new(array,
                              json_pack("{s:s, s:s?, s:s}", "option", options->name, "argument",
                                        options->argument, "help", options->help));
    return array;
}

static int print_json(void)
{
    json_t *array = json_array();

    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o}", "verb", verb->name, "usage",
                                               verb->usage, "help", verb->help, "options",
                                               options_json(verb->options)));
    return out_json(array);
}

int cmd_help(struct cli *cli)
{
    const struct cli_verb *verb;

    if (cli->json)
        return print_json();
    if (cli->argument_count == 0) {
        help_verbs(stdout);
        return 0;
    }
    if (strcmp(cli->arguments[0], "exit-codes") == 0) {
        help_exit_codes(stdout);
        return 0;
    }
    verb = help_find_verb(cli->arguments[0]);
    if (verb == NULL)
        return -UKVM_E_USAGE;
    help_verb(stdout, verb);
    return 0;
}
