#include "cli.h"

int cmd_rename(struct cli *cli)
{
    int rc = cli_connect(cli);

    if (rc != 0)
        return rc;
    rc = ukvm_rename(cli->handle, cli->arguments[0], cli->arguments[1]);
    if (rc != 0)
        return cli_failed(cli, rc);
    return cli->json
               ? out_json(json_pack("{s:s, s:s}", "verb", "rename", "name", cli->arguments[1]))
               : 0;
}
