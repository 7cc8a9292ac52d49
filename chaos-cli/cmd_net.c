/* net-attach, net-detach and net-list. */
#include <string.h>

#include "cli.h"

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

/* What chaosd says of it. */
static json_t *net_json(const struct ukvm_net *net)
{
    const struct ukvm_vif *vif = &net->vif;

    return json_pack("{s:i, s:s, s:s, s:o, s:i, s:o, s:o, s:o}", "slot", (int)net->slot, "state",
                     net->state, "mac", vif->mac, "ip", text_or_null(vif->ip), "prefix_len",
                     (int)vif->prefix_len, "gateway", text_or_null(vif->gateway), "bridge",
                     text_or_null(vif->bridge), "publish", text_or_null(net->publish));
}

static int read_options(struct cli *cli, struct ukvm_net_options *options)
{
    *options = (struct ukvm_net_options){.size = sizeof(*options)};
    int rc = cli_milliseconds(cli, "--timeout", &options->timeout_ms);

    return rc != 0 ? rc : cli_connect(cli);
}

int cmd_net_attach(struct cli *cli)
{
    struct ukvm_net_options options;
    struct ukvm_net net;
    const char *vif = cli->argument_count > 1 ? cli->arguments[1] : "";
    int rc = read_options(cli, &options);

    if (rc != 0)
        return rc;
    rc = ukvm_net_attach(cli->handle, cli->arguments[0], vif, &options, &net);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return out_json(net_json(&net));
    printf("slot %u: mac %s", net.slot, out_clean(net.vif.mac));
    if (net.vif.ip[0] != '\0')
        printf(", ip %s/%u", out_clean(net.vif.ip), net.vif.prefix_len);
    if (net.vif.bridge[0] != '\0')
        printf(", bridge %s", out_clean(net.vif.bridge));
    putchar('\n');
    return 0;
}

int cmd_net_detach(struct cli *cli)
{
    struct ukvm_net_options options;
    int rc = read_options(cli, &options);

    if (rc != 0)
        return rc;
    rc = ukvm_net_detach(cli->handle, cli->arguments[0], cli->arguments[1], &options);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return out_json(json_pack("{s:s, s:s, s:s, s:o}", "verb", cli->verb->name, "guest",
                                  cli->arguments[0], "interface", cli->arguments[1], "forced",
                                  text_or_null(options.forced)));
    /* Done, but not with the guest's help: its own business, and worth knowing. */
    if (options.forced[0] != '\0')
        cli_error(cli, 0, "%s: the interface was taken from the guest: %s", cli->arguments[0],
                  options.forced);
    return 0;
}

static int print_json(const struct ukvm_net *nets, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, net_json(&nets[i]));
    return out_json(array);
}

static void print_row(struct out_table *table, const struct ukvm_net *net)
{
    const struct ukvm_vif *vif = &net->vif;

    out_cell(table, "%u", net->slot);
    out_cell(table, "%s", net->state);
    out_cell(table, "%s", vif->mac);
    if (vif->ip[0] != '\0')
        out_cell(table, "%s/%u", vif->ip, vif->prefix_len);
    else
        out_cell(table, "-");
    out_cell(table, "%s", vif->bridge[0] != '\0' ? vif->bridge : "-");
    out_cell(table, "%s", net->publish[0] != '\0' ? net->publish : "-");
}

static void print_table(const struct ukvm_net *nets, size_t count)
{
    static const char *const heads[] = {"SLOT", "STATE", "MAC", "IP", "BRIDGE", "PUBLISH"};
    struct out_table table;

    out_table_init(&table, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < table.columns; i++)
        out_cell(&table, "%s", heads[i]);
    for (size_t i = 0; i < count; i++)
        print_row(&table, &nets[i]);
    out_table_print(&table);
    out_table_fini(&table);
}

int cmd_net_list(struct cli *cli)
{
    struct ukvm_net nets[UKVM_VIFS_MAX];
    size_t count;
    int rc = cli_connect(cli);

    if (rc != 0)
        return rc;
    rc = ukvm_net_list(cli->handle, cli->arguments[0], nets, &count);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return print_json(nets, count);
    print_table(nets, count);
    return 0;
}
