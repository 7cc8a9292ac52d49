#include "cli.h"

static int start_one(struct cli *cli, const char *guest)
{
    struct ukvm_start_options options = {.size = sizeof(options),
                                         .no_wait = cli_flag(cli, "--no-wait")};
    int rc = cli_milliseconds(cli, "--timeout", &options.timeout_ms);

    return rc != 0 ? rc : ukvm_start(cli->handle, guest, &options, NULL);
}

int cmd_start(struct cli *cli)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : cli_each(cli, start_one);
}
