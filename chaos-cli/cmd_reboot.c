#include "cli.h"

static int reboot_one(struct cli *cli, const char *guest)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : ukvm_reboot(cli->handle, guest, timeout_ms, cli_flag(cli, "--force"));
}

int cmd_reboot(struct cli *cli)
{
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    return rc != 0 ? rc : cli_each(cli, reboot_one);
}
