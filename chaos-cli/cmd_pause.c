#include "cli.h"

static int pause_one(struct cli *cli, const char *guest)
{
    return ukvm_pause(cli->handle, guest);
}

int cmd_pause(struct cli *cli)
{
    return cli_each(cli, pause_one);
}
