#include <ctype.h>
#include <stdlib.h>

#include "cli.h"

#define MIB_MAX 16777216 /* 16 TiB */

int cmd_mem_set(struct cli *cli)
{
    const char *guest = cli->arguments[0], *text = cli->arguments[1];
    uint32_t timeout_ms = 0;
    char *end;
    unsigned long mib = strtoul(text, &end, 10);

    if (!isdigit((unsigned char)*text) || *end != '\0' || mib == 0 || mib > MIB_MAX)
        return cli_usage(cli, "MIB is a number from 1 to %d, not '%s'", MIB_MAX, text);
    int rc = cli_milliseconds(cli, "--timeout", &timeout_ms);
    if (rc == 0)
        rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_mem_set(cli->handle, guest, (uint32_t)mib, timeout_ms);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return out_json(json_pack("{s:s, s:I}", "guest", guest, "memory", (json_int_t)mib));
    return 0;
}
