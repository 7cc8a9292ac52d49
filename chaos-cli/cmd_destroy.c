#include "cli.h"

static int destroy_one(struct cli *cli, const char *guest)
{
    return ukvm_destroy(cli->handle, guest, cli_flag(cli, "--wait"));
}

int cmd_destroy(struct cli *cli)
{
    return cli_each(cli, destroy_one);
}
