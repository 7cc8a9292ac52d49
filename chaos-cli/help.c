#include <string.h>

#include "cli.h"

#define VERBS_MAX 64

void help_verbs(FILE *to)
{
    fprintf(to, "usage: chaos VERB [OPTION]... [ARGUMENT]...\n\n");
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
        fprintf(to, "  %-10s %-20s %s\n", verb->name, verb->usage, verb->help);
    fprintf(to, "\nGUEST is a name, a domain id or the beginning of a UUID.\n"
                "'chaos help VERB' shows the options of a verb, 'chaos help exit-codes' the exit "
                "codes.\n"
                "CHAOS_SOCKET names the socket of chaosd, if not " UKVM_SOCKET ".\n");
}

static void print_options(FILE *to, const struct cli_option *options)
{
    char left[64];

    for (; options->name != NULL; options++) {
        int length = options->letter != 0 ? snprintf(left, sizeof(left), "-%c, ", options->letter)
                                          : snprintf(left, sizeof(left), "    ");
        snprintf(left + length, sizeof(left) - (size_t)length, "%s%s%s", options->name,
                 options->argument != NULL ? " " : "",
                 options->argument != NULL ? options->argument : "");
        fprintf(to, "  %-32s %s\n", left, options->help);
    }
}

void help_verb(FILE *to, const struct cli_verb *verb)
{
    fprintf(to, "usage: chaos %s [OPTION]...%s%s\n\n%s\n\n", verb->name,
            verb->usage[0] != '\0' ? " " : "", verb->usage, verb->help);
    print_options(to, verb->options);
    print_options(to, cli_common_options);
}

void help_exit_codes(FILE *to)
{
    fprintf(to, "%4d  %-16s %s\n", 0, "ok", "done");
#define HELP_ROW(symbol, number, name, meaning)                                                    \
    fprintf(to, "%4d  %-16s %s\n", number, name, meaning);
    UKVM_ERRORS(HELP_ROW)
#undef HELP_ROW
}

const struct cli_verb *help_find_verb(const char *name)
{
    const char *names[VERBS_MAX];
    size_t count = 0;

    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0)
            return verb;
        names[count++] = verb->name;
    }
    fprintf(stderr, "chaos: unknown verb '%s', did you mean '%s'? (see 'chaos help')\n",
            out_clean(name), ukvm_nearest(name, names, count));
    return NULL;
}
