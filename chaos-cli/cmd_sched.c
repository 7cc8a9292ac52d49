#include "cli.h"

#define WEIGHT_MAX 65535
/* More than all CPUs that a guest can have. */
#define CAP_MAX    102400

static int print(const struct cli *cli, const struct ukvm_sched *sched)
{
    if (cli->json)
        return out_json(json_pack("{s:s, s:I, s:I}", "scheduler", sched->scheduler, "weight",
                                  (json_int_t)sched->weight, "cap", (json_int_t)sched->cap));
    printf("%-9s %s\n", "scheduler", out_clean(sched->scheduler));
    printf("%-9s %u\n", "weight", sched->weight);
    if (sched->cap != 0)
        printf("%-9s %u %% of a CPU\n", "cap", sched->cap);
    else
        printf("%-9s none\n", "cap");
    return 0;
}

int cmd_sched(struct cli *cli)
{
    const char *guest = cli->arguments[0];
    bool set_weight = cli_flag(cli, "--weight"), set_cap = cli_flag(cli, "--cap");
    struct ukvm_sched sched;
    long weight = 0, cap = 0;
    int rc = cli_number(cli, "--weight", 1, WEIGHT_MAX, &weight);

    if (rc == 0)
        rc = cli_number(cli, "--cap", 0, CAP_MAX, &cap);
    if (rc == 0)
        rc = cli_connect(cli);
    if (rc != 0)
        return rc;
    const uint32_t weight_wanted = (uint32_t)weight, cap_wanted = (uint32_t)cap;
    if (set_weight || set_cap)
        rc = ukvm_sched_set(cli->handle, guest, set_weight ? &weight_wanted : NULL,
                            set_cap ? &cap_wanted : NULL, &sched);
    else
        rc = ukvm_sched(cli->handle, guest, &sched);
    if (rc != 0)
        return cli_failed(cli, rc);
    /* Who sets need not be told, but a script may want it. */
    return (set_weight || set_cap) && !cli->json ? 0 : print(cli, &sched);
}
