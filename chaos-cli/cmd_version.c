#include <stdlib.h>

#include "cli.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return out_clean(text != NULL ? text : "unknown");
}

/* What chaosd says of itself, or NULL with the reason in *rc_out. */
static json_t *ask_daemon(struct cli *cli, int *rc_out)
{
    char *text = NULL;
    json_t *version;

    *rc_out = cli_connect(cli);
    if (*rc_out != 0)
        return NULL;
    *rc_out = ukvm_version_json(cli->handle, &text);
    if (*rc_out != 0) {
        cli_failed(cli, *rc_out);
        return NULL;
    }
    version = json_loads(text, 0, NULL);
    free(text);
    return version;
}

/* Our own version is printed also when chaosd does not answer. */
int cmd_version(struct cli *cli)
{
    int rc;

    if (!cli->json)
        printf("chaos      %s\n", ukvm_version());
    json_t *version = ask_daemon(cli, &rc);
    if (cli->json) {
        out_json(json_pack("{s:s, s:o}", "chaos", ukvm_version(), "chaosd",
                           version != NULL ? version : json_null()));
        return rc;
    }
    if (version != NULL) {
        printf("chaosd     %s\n", text_of(version, "version"));
        printf("protocol   %lld\n",
               (long long)json_integer_value(json_object_get(version, "protocol")));
        printf("hypervisor %s\n", text_of(version, "hypervisor"));
    }
    json_decref(version);
    return rc;
}
