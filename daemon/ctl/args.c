#include "ctl/args.h"

#include <string.h>

static const struct arg *find(const struct arg *args, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(args[i].name, name) == 0)
            return &args[i];
    return NULL;
}

static bool skipped(const struct args_context *context, const char *name)
{
    for (const char *const *skip = context->skip; skip != NULL && *skip != NULL; skip++)
        if (strcmp(*skip, name) == 0)
            return true;
    return false;
}

static int wrong(const struct args_context *context, const struct arg *arg, const char *expected,
                 struct error *error)
{
    return error_set(error, context->code, "%s: %s: must be %s", context->where, arg->name,
                     expected);
}

static int read_number(json_t *value, const struct args_context *context, const struct arg *arg,
                       struct error *error)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0)
        return wrong(context, arg, "a number from 0 on", error);
    if ((uint64_t)number > arg->max)
        return error_set(error, context->code, "%s: %s: must be at most %llu", context->where,
                         arg->name, (unsigned long long)arg->max);
    *(uint64_t *)arg->out = (uint64_t)number;
    return 0;
}

static int read_one(json_t *value, const struct args_context *context, const struct arg *arg,
                    struct error *error)
{
    switch (arg->type) {
    case ARG_STRING:
        if (!json_is_string(value))
            return wrong(context, arg, "a string", error);
        *(const char **)arg->out = json_string_value(value);
        break;
    case ARG_BOOL:
        if (!json_is_boolean(value))
            return wrong(context, arg, "true or false", error);
        *(bool *)arg->out = json_is_true(value);
        break;
    case ARG_NUMBER:
        return read_number(value, context, arg, error);
    case ARG_OBJECT:
        if (!json_is_object(value))
            return wrong(context, arg, "an object", error);
        *(json_t **)arg->out = value;
        break;
    case ARG_ARRAY:
        if (!json_is_array(value))
            return wrong(context, arg, "an array", error);
        *(json_t **)arg->out = value;
        break;
    }
    return 0;
}

int args_read(json_t *object, const struct args_context *context, const struct arg *args,
              size_t count, struct error *error)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return error_set(error, context->code, "%s: must be an object", context->where);
    json_object_foreach(object, name, value)
    {
        const struct arg *arg = find(args, count, name);
        if (arg == NULL && skipped(context, name))
            continue;
        if (arg == NULL)
            return error_set(error, context->code, "%s: unknown member '%.40s'", context->where,
                             name);
        int rc = read_one(value, context, arg, error);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < count; i++)
        if (args[i].required && json_object_get(object, args[i].name) == NULL)
            return error_set(error, context->code, "%s: %s is missing", context->where,
                             args[i].name);
    return 0;
}
