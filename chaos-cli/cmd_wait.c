#include "cli.h"

int cmd_wait(struct cli *cli)
{
    const char *guest = cli->arguments[0];
    const char *goal = cli_value(cli, "--for");
    uint32_t timeout_ms = 0;
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);

    if (rc == 0 && goal == NULL)
        rc = cli_usage(cli, "say what to wait for: --for ready, stopped, gone or another state");
    if (rc == 0)
        rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_wait(cli->handle, guest, goal, timeout_ms);
    if (rc != 0)
        return cli_failed(cli, rc);
    return cli->json ? out_json(json_pack("{s:s, s:s}", "guest", guest, "for", goal)) : 0;
}
