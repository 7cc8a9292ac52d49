#include "cli.h"

static int undefine_one(struct cli *cli, const char *guest)
{
    return ukvm_undefine(cli->handle, guest);
}

int cmd_undefine(struct cli *cli)
{
    return cli_each(cli, undefine_one);
}
