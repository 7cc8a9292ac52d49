#include "cli.h"

static int define(struct cli *cli, struct ukvm_config *config)
{
    struct ukvm_guest guest;
    int rc = cli_connect(cli);

    if (rc != 0)
        return rc;
    rc = ukvm_define(cli->handle, config, 0, &guest);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return out_json(out_guest(&guest));
    printf("%s: defined\n", guest.name);
    return 0;
}

int cmd_define(struct cli *cli)
{
    struct ukvm_config *config = NULL;
    int rc = cli_load_config(cli, &config);

    if (rc == 0)
        rc = define(cli, config);
    ukvm_config_free(config);
    return rc;
}
