/* Operations on definitions: define, undefine, start, restart; and rename. */
#include <string.h>

#include "core/define.h"
#include "ctl/guest_json.h"
#include "ctl/op_create.h"
#include "ctl/ops.h"
#include "ctl/spec_json.h"

/* ---- define ------------------------------------------------------------------------- */

static void on_defined(void *arg, struct definition *definition, const struct error *error)
{
    struct ctl_request *request = arg;

    if (definition == NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, json_pack("{s:o}", "guest", definition_guest_json(definition)), -1);
}

static int define(struct ctl_request *request, struct error *error)
{
    json_t *config = NULL;
    struct guest_spec spec;
    struct spec_terms terms;
    const struct arg args[] = {
        {.name = "config", .type = ARG_OBJECT, .out = &config, .required = true}};
    int rc = ctl_request_args(request, args, 1, error);

    if (rc == 0)
        rc = spec_from_json(config, &spec, &terms, error);
    if (rc == 0)
        rc = ctl_request_define(request, config, &terms, error);
    if (rc < 0)
        return rc;
    struct define_request define = {.spec = &spec,
                                    .terms = &terms,
                                    .text = request->terms->text,
                                    .image_fd = request->fd,
                                    .owner = request->uid,
                                    .persistent = true,
                                    .done = on_defined,
                                    .arg = request};
    request->fd = -1;
    core_define(request->core, &define);
    return 0;
}

void op_define(struct ctl_request *request)
{
    struct error error;

    if (define(request, &error) < 0)
        ctl_fail(request, &error);
}

static int need_definition(const struct ctl_request *request, struct error *error)
{
    if (request->definition != NULL)
        return 0;
    return error_set(
        error, UKVM_E_BAD_STATE,
        "%s: has no definition: 'define' it, or create it with on_reboot = \"restart\"",
        request->guest->name);
}

void op_undefine(struct ctl_request *request)
{
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0)
        rc = need_definition(request, &error);
    if (rc == 0)
        rc = core_undefine(request->definition, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        ctl_reply(request, NULL, -1);
}

/* ---- start and restart -------------------------------------------------------------- */

static int read_how(struct ctl_request *request, bool *force, struct create_request *how,
                    struct error *error)
{
    bool wait = true;
    uint64_t timeout_ms = CTL_DEFAULT_TIMEOUT_MS;
    const struct arg args[] = {
        {.name = "wait", .type = ARG_BOOL, .out = &wait},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
        {.name = "force", .type = ARG_BOOL, .out = force},
    };
    int rc = ctl_request_args(request, args, force == NULL ? 2 : 3, error);

    *how = (struct create_request){.wait = wait,
                                   .timeout_ns = timeout_ms * 1000000,
                                   .received_ns = request->received_ns,
                                   .done = op_create_on_created,
                                   .arg = request};
    return rc < 0 ? rc : need_definition(request, error);
}

void op_start(struct ctl_request *request)
{
    struct create_request how;
    struct error error;
    int rc = read_how(request, NULL, &how, &error);

    if (rc == 0)
        rc = definition_start(request->definition, &how, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}

void op_restart(struct ctl_request *request)
{
    struct create_request how;
    struct error error;
    bool force = false;
    int rc = read_how(request, &force, &how, &error);

    if (rc == 0)
        rc = definition_restart(request->definition, &how, force, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}

/* ---- rename ------------------------------------------------------------------------- */

static void on_renamed(void *arg, const struct error *error)
{
    struct ctl_request *request = arg;

    if (error != NULL)
        ctl_fail(request, error);
    else
        ctl_reply(request, NULL, -1);
}

void op_rename(struct ctl_request *request)
{
    struct error error;
    const char *name = NULL;
    const struct arg args[] = {
        {.name = "name", .type = ARG_STRING, .out = &name, .required = true}};
    int rc = ctl_request_args(request, args, 1, &error);

    if (rc == 0)
        rc = core_rename(request->core, request->guest, request->definition, name, on_renamed,
                         request, &error);
    if (rc < 0)
        ctl_fail(request, &error);
}
