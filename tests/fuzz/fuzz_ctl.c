/*
 * Any packet on the control socket, as ctl takes it apart: it gets an error with a text, or what
 * comes out keeps to its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/spec.h"
#include "ctl/args.h"
#include "ctl/message.h"
#include "ctl/spec_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_error(int rc, const struct error *error)
{
    require(rc < 0 && error->code == -rc && error->text[0] != '\0');
    require(strlen(error->text) < sizeof(error->text));
}

static void require_text(const char *text, size_t size)
{
    require(memchr(text, '\0', size) != NULL);
}

static void check_spec(const struct guest_spec *spec)
{
    struct error error = {0};

    require_text(spec->name, sizeof(spec->name));
    require_text(spec->kernel, sizeof(spec->kernel));
    require_text(spec->cmdline, sizeof(spec->cmdline));
    require(spec->vif_count <= LIMIT_VIFS);
    for (unsigned i = 0; i < spec->vif_count; i++) {
        require_text(spec->vif[i].bridge, sizeof(spec->vif[i].bridge));
        require(spec->vif[i].publish_count <= LIMIT_PUBLISH);
    }
    int rc = spec_check(spec, &error);
    if (rc < 0) {
        require_error(rc, &error);
        return;
    }
    require(spec->name[0] != '\0' && spec->memory_mib >= 1 &&
            spec->memory_mib <= LIMIT_MEMORY_MIB && spec->vcpus == 1);
}

static void check_config(json_t *config)
{
    struct guest_spec spec;
    struct error error = {0};
    int rc = spec_from_json(config, &spec, &error);

    if (rc < 0)
        require_error(rc, &error);
    else
        check_spec(&spec);
}

/* Members of every type, as the operations have them. */
static int read_args(const struct message *message, struct error *error)
{
    const struct args_context context = {
        .where = message->op, .code = UKVM_E_PROTOCOL, .skip = message_members};
    json_t *config = NULL;
    bool wait = true;
    uint64_t timeout_ms = 0;
    const struct arg args[] = {
        {.name = "config", .type = ARG_OBJECT, .out = &config},
        {.name = "wait", .type = ARG_BOOL, .out = &wait},
        {.name = "timeout_ms", .type = ARG_NUMBER, .out = &timeout_ms, .max = LIMIT_TIMEOUT_MS},
    };
    int rc = args_read(message->object, &context, args, 3, error);

    if (rc < 0)
        return rc;
    require(timeout_ms <= LIMIT_TIMEOUT_MS);
    if (config != NULL)
        check_config(config);
    return 0;
}

static void check_reply(json_t *reply)
{
    char *text = json_dumps(reply, JSON_COMPACT);

    require(text != NULL);
    free(text);
    json_decref(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message;
    struct error error = {0};
    int rc = message_parse((const char *)data, size, &message, &error);

    if (rc == 0)
        rc = read_args(&message, &error);
    if (rc < 0) {
        require_error(rc, &error);
        check_reply(message_error(&message, &error));
    } else {
        check_reply(message_ok(&message, NULL));
    }
    message_fini(&message);
    return 0;
}
