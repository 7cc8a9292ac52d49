#include <stdlib.h>

#include "cli.h"

static void print_row(const char *label, const char *text)
{
    if (text[0] != '\0')
        printf("%-8s %s\n", label, out_clean(text));
}

static void print_vif(const struct ukvm_vif *vif, uint32_t index)
{
    printf("vif %-4u mac %s", index, out_clean(vif->mac));
    if (vif->ip[0] != '\0')
        printf(", ip %s/%u", out_clean(vif->ip), vif->prefix_len);
    if (vif->gateway[0] != '\0')
        printf(", gateway %s", out_clean(vif->gateway));
    if (vif->bridge[0] != '\0')
        printf(", bridge %s", out_clean(vif->bridge));
    putchar('\n');
}

static void print_guest(const struct ukvm_guest *guest)
{
    print_row("name", guest->name);
    if (guest->domid != 0)
        printf("%-8s %u\n", "domid", guest->domid);
    print_row("uuid", guest->uuid);
    print_row("state", guest->state);
    print_row("reason", guest->reason);
    printf("%-8s %llu KiB\n", "memory", (unsigned long long)(guest->memory_bytes >> 10));
    printf("%-8s %u\n", "vcpus", guest->vcpus);
    print_row("kernel", guest->kernel);
    for (uint32_t i = 0; i < guest->vif_count; i++)
        print_vif(&guest->vifs[i], i);
}

static int print_json(struct cli *cli)
{
    char *text;
    int rc = ukvm_info_json(cli->handle, cli->arguments[0], &text);

    if (rc != 0)
        return cli_failed(cli, rc);
    json_t *guest = json_loads(text, 0, NULL);
    free(text);
    return out_json(guest);
}

int cmd_info(struct cli *cli)
{
    struct ukvm_guest guest;
    int rc = cli_connect(cli);

    if (rc == 0 && cli->json)
        return print_json(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_info(cli->handle, cli->arguments[0], &guest);
    if (rc != 0)
        return cli_failed(cli, rc);
    print_guest(&guest);
    return 0;
}
