#include "cli.h"

static int unpause_one(struct cli *cli, const char *guest)
{
    return ukvm_unpause(cli->handle, guest);
}

int cmd_unpause(struct cli *cli)
{
    return cli_each(cli, unpause_one);
}
