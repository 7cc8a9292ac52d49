#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Guests can write into the log, and it is shown on a terminal. */
static void print_clean(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((*c < ' ' && *c != '\n' && *c != '\t') || *c > '~')
            *c = *c == '\r' ? ' ' : '?';
    fputs(text, stdout);
}

int cmd_dmesg(struct cli *cli)
{
    char *text = NULL;
    int rc = cli_connect(cli);

    if (rc == 0) {
        rc = ukvm_dmesg(cli->handle, cli_flag(cli, "--clear"), &text);
        if (rc != 0)
            cli_failed(cli, rc);
    }
    if (rc == 0 && cli->json)
        rc = out_json(json_pack("{s:s}", "text", text));
    else if (rc == 0)
        print_clean(text);
    free(text);
    return rc;
}
