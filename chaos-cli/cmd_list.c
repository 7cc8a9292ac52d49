#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int print_json(const struct ukvm_guest *guests, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, out_guest(&guests[i]));
    return out_json(array);
}

static void print_table(const struct ukvm_guest *guests, size_t count)
{
    static const char *const heads[] = {"NAME",  "DOMID", "STATE", "MEMORY",
                                        "VCPUS", "IP",    "REASON"};
    struct out_table table;

    out_table_init(&table, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < table.columns; i++)
        out_cell(&table, "%s", heads[i]);
    for (size_t i = 0; i < count; i++) {
        const struct ukvm_guest *guest = &guests[i];
        bool has_ip = guest->vif_count > 0 && guest->vifs[0].ip[0] != '\0';
        out_cell(&table, "%s", guest->name);
        if (guest->domid != 0)
            out_cell(&table, "%u", guest->domid);
        else
            out_cell(&table, "-");
        out_cell(&table, "%s", guest->state);
        out_cell(&table, "%llu MiB", (unsigned long long)(guest->memory_bytes >> 20));
        out_cell(&table, "%u", guest->vcpus);
        out_cell(&table, "%s", has_ip ? guest->vifs[0].ip : "-");
        out_cell(&table, "%s", guest->reason);
    }
    out_table_print(&table);
    out_table_fini(&table);
}

int cmd_list(struct cli *cli)
{
    struct ukvm_guest *guests;
    size_t count;
    int rc = cli_connect(cli);

    if (rc != 0)
        return rc;
    rc = ukvm_list(cli->handle, &guests, &count);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        rc = print_json(guests, count);
    else
        print_table(guests, count);
    free(guests);
    return rc;
}
