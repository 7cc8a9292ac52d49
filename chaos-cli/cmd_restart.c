#include "cli.h"

static int restart_one(struct cli *cli, const char *guest)
{
    struct ukvm_start_options options = {.size = sizeof(options),
                                         .no_wait = cli_flag(cli, "--no-wait"),
                                         .force = cli_flag(cli, "--force")};
    int rc = cli_milliseconds(cli, "--timeout", &options.timeout_ms);

    return rc != 0 ? rc : ukvm_restart(cli->handle, guest, &options, NULL);
}

int cmd_restart(struct cli *cli)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : cli_each(cli, restart_one);
}
