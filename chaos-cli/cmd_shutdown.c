#include "cli.h"

static int shutdown_one(struct cli *cli, const char *guest)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : ukvm_shutdown(cli->handle, guest, timeout_ms, cli_flag(cli, "--force"));
}

int cmd_shutdown(struct cli *cli)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : cli_each(cli, shutdown_one);
}
