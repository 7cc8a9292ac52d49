#include <string.h>

#include "cli.h"

static void add_options(json_t *array, const struct cli_option *options)
{
    for (; options->name != NULL; options++)
        json_array_append_new(array,
                              json_pack("{s:s, s:s?, s:s}", "option", options->name, "argument",
                                        options->argument, "help", options->help));
}

static json_t *verb_json(const struct cli_verb *verb)
{
    json_t *options = json_array();

    add_options(options, verb->options);
    add_options(options, cli_common_options);
    return json_pack("{s:s, s:s, s:s, s:o}", "verb", verb->name, "usage", verb->usage, "help",
                     verb->help, "options", options);
}

static int print_verbs_json(void)
{
    json_t *array = json_array();

    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
        json_array_append_new(array, verb_json(verb));
    return out_json(array);
}

static int print_exit_codes_json(void)
{
    json_t *array = json_array();

#define CODE_JSON(symbol, number, code_name, meaning)                                              \
    json_array_append_new(array, json_pack("{s:i, s:s, s:s}", "exit_code", number, "name",         \
                                           code_name, "meaning", meaning));
    UKVM_ERRORS(CODE_JSON)
#undef CODE_JSON
    return out_json(array);
}

int cmd_help(struct cli *cli)
{
    const char *topic = cli->argument_count > 0 ? cli->arguments[0] : "";
    const struct cli_verb *verb;

    if (strcmp(topic, "exit-codes") == 0) {
        if (cli->json)
            return print_exit_codes_json();
        help_exit_codes(stdout);
        return 0;
    }
    if (topic[0] == '\0') {
        if (cli->json)
            return print_verbs_json();
        help_verbs(stdout);
        return 0;
    }
    verb = help_find_verb(topic);
    if (verb == NULL)
        return -UKVM_E_USAGE;
    if (cli->json)
        return out_json(verb_json(verb));
    help_verb(stdout, verb);
    return 0;
}
