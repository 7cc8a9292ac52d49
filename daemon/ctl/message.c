#include "ctl/message.h"

const char *const message_members[] = {"op", "id", "guest", NULL};

static int parse_members(struct message *message, struct error *error)
{
    const json_t *id = json_object_get(message->object, "id");
    const json_t *op = json_object_get(message->object, "op");

    if (id != NULL && !json_is_integer(id))
        return error_set(error, UKVM_E_PROTOCOL, "id: must be an integer");
    message->has_id = id != NULL;
    message->id = json_integer_value(id);
    if (!json_is_string(op))
        return error_set(error, UKVM_E_PROTOCOL, "op: must be the name of an operation");
    message->op = json_string_value(op);
    return 0;
}

int message_parse(const char *data, size_t size, struct message *message_out, struct error *error)
{
    struct message message = {0};
    json_error_t why;
    int rc;

    message.object = json_loadb(data, size, JSON_REJECT_DUPLICATES, &why);
    if (message.object == NULL) {
        rc = error_set(error, UKVM_E_PROTOCOL, "not JSON: %.80s", why.text);
    } else if (!json_is_object(message.object)) {
        rc = error_set(error, UKVM_E_PROTOCOL, "a message is a JSON object");
    } else {
        rc = parse_members(&message, error);
    }
    if (rc < 0)
        message_fini(&message);
    *message_out = message;
    return rc;
}

void message_fini(struct message *message)
{
    json_decref(message->object);
    message->object = NULL;
    message->op = NULL;
}

static json_t *envelope(const struct message *message, const char *key, json_t *value)
{
    json_t *object = json_object();

    if (message->has_id)
        json_object_set_new(object, "id", json_integer(message->id));
    if (json_object_set_new(object, key, value) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *message_ok(const struct message *message, json_t *ok)
{
    return envelope(message, "ok", ok != NULL ? ok : json_object());
}

json_t *message_error(const struct message *message, const struct error *error)
{
    return envelope(
        message, "error",
        json_pack("{s:s, s:s}", "code", error_name(error->code), "message", error->text));
}
