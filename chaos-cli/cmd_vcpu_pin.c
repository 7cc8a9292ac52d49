#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* A number or "all". */
static bool read_vcpu(const char *text, uint32_t *vcpu_out)
{
    char *end;

    if (strcmp(text, "all") == 0) {
        *vcpu_out = UKVM_ALL_VCPUS;
        return true;
    }
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || number >= UKVM_ALL_VCPUS)
        return false;
    *vcpu_out = (uint32_t)number;
    return true;
}

int cmd_vcpu_pin(struct cli *cli)
{
    const char *guest = cli->arguments[0], *cpus = cli->arguments[2];
    uint32_t vcpu;

    if (!read_vcpu(cli->arguments[1], &vcpu))
        return cli_usage(cli, "VCPU is a number from 0 on or all, not '%s'", cli->arguments[1]);
    int rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    rc = ukvm_vcpu_pin(cli->handle, guest, vcpu, cpus);
    if (rc != 0)
        return cli_failed(cli, rc);
    if (cli->json)
        return out_json(json_pack("{s:s, s:o, s:s}", "guest", guest, "vcpu",
                                  vcpu == UKVM_ALL_VCPUS ? json_null() : json_integer(vcpu), "cpus",
                                  cpus));
    return 0;
}
