#include <stdlib.h>
#include <string.h>

#include "cli.h"

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name, const char *absent)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : absent;
}

static void print_flavour(struct out_table *table, const json_t *flavour)
{
    out_cell(table, "%lld MiB", number_of(flavour, "memory"));
    out_cell(table, "%lld", number_of(flavour, "nics"));
    out_cell(table, "%s", text_of(flavour, "image", "-"));
    out_cell(table, "%lld", number_of(flavour, "ready"));
    out_cell(table, "%lld", number_of(flavour, "target"));
    out_cell(table, "%lld", number_of(flavour, "hits"));
    out_cell(table, "%lld", number_of(flavour, "misses"));
    out_cell(table, "%lld", number_of(flavour, "refills_per_minute"));
    out_cell(table, "%lld KiB", number_of(flavour, "memory_bytes") >> 10);
    out_cell(table, "%s", text_of(flavour, "note", ""));
}

static void print_table(const json_t *pool)
{
    static const char *const heads[] = {"MEMORY", "NICS",   "IMAGE",      "READY", "TARGET",
                                        "HITS",   "MISSES", "REFILL/MIN", "HELD",  "NOTE"};
    const json_t *flavours = json_object_get(pool, "flavours");
    struct out_table table;

    out_table_init(&table, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < table.columns; i++)
        out_cell(&table, "%s", heads[i]);
    for (size_t i = 0; i < json_array_size(flavours); i++)
        print_flavour(&table, json_array_get(flavours, i));
    out_table_print(&table);
    out_table_fini(&table);
    printf(
        "%lld of %lld MiB held; at most %lld shells a second; %lld kept of a flavour asked for\n",
        number_of(pool, "held_bytes") >> 20, number_of(pool, "budget_bytes") >> 20,
        number_of(pool, "rate"), number_of(pool, "learn"));
}

static int show(struct cli *cli)
{
    char *text;
    int rc = ukvm_pool_json(cli->handle, &text);

    if (rc != 0)
        return cli_failed(cli, rc);
    json_t *pool = json_loads(text, 0, NULL);
    free(text);
    if (cli->json)
        return out_json(pool);
    print_table(pool);
    json_decref(pool);
    return 0;
}

/* The arguments after "set" are one line of chaosd's configuration. */
static int set(struct cli *cli)
{
    char line[1024] = "";

    for (int i = 1; i < cli->argument_count; i++) {
        size_t length = strlen(line);
        int written = snprintf(line + length, sizeof(line) - length, "%s%s", i > 1 ? " " : "",
                               cli->arguments[i]);
        if (written >= (int)(sizeof(line) - length))
            return cli_usage(cli, "the setting is too long");
    }
    int rc = ukvm_pool_set(cli->handle, line);
    if (rc != 0)
        return cli_failed(cli, rc);
    return cli->json ? show(cli) : 0;
}

int cmd_pool(struct cli *cli)
{
    bool sets = cli->argument_count > 0;

    if (sets && (strcmp(cli->arguments[0], "set") != 0 || cli->argument_count < 2))
        return cli_usage(cli, "say 'set' and what to set");
    int rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    return sets ? set(cli) : show(cli);
}
