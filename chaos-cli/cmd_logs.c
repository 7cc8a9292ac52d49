#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define SECONDS_MAX (UINT64_C(365) * 86400)

static const struct {
    char letter;
    uint32_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

/* A number and its unit: "10m". 0: it is none. */
static uint64_t age_ms(const char *text)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return 0;
    uint64_t number = strtoul(text, &end, 10);
    if (strlen(end) != 1 || number > SECONDS_MAX)
        return 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        uint64_t seconds = number * units[i].seconds;
        if (*end == units[i].letter && seconds <= SECONDS_MAX)
            return seconds * 1000;
    }
    return 0;
}

int cmd_logs(struct cli *cli)
{
    struct ukvm_logs_options options = {.size = sizeof(options),
                                        .follow = cli_flag(cli, "--follow")};
    const char *since = cli_value(cli, "--since");
    int fd;

    if (options.follow && cli->json)
        return cli_usage(cli, "--follow cannot be had with --json");
    if (since != NULL) {
        options.since_ms = age_ms(since);
        if (options.since_ms == 0)
            return cli_usage(
                cli, "--since takes an age such as 30s, 10m, 2h or 1d, at most 365d, not '%s'",
                since);
    }
    int rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_logs(cli->handle, cli->arguments[0], &options, &fd);
    if (rc != 0)
        return cli_failed(cli, rc);
    rc = cli->json ? console_json(cli, fd) : console_copy(cli, fd, false);
    close(fd);
    return rc;
}
