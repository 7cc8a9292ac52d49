/* A guest's CPUs: which it may use, and how much of them. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "config_keys.h"

/* arguments: NULL if the name cannot be a guest's. */
static int call(struct ukvm *handle, const char *op, const char *guest, json_t *arguments,
                struct client_reply *reply_out)
{
    if (arguments == NULL)
        return error_fail(handle->message, UKVM_E_NOT_FOUND, "no guest '%s'", guest);
    return client_call(handle, op, arguments, -1, reply_out);
}

int ukvm_vcpu_pin(struct ukvm *handle, const char *guest, uint32_t vcpu, const char *cpus)
{
    struct client_reply reply;
    json_t *json;
    int rc = config_parse_cpus(cpus, &json, handle->message);

    if (rc != 0)
        return rc;
    json_t *arguments = json_pack("{s:s, s:o}", "guest", guest, "cpus", json);
    if (arguments != NULL && vcpu != UKVM_ALL_VCPUS)
        client_add_argument(&arguments, "vcpu", json_integer(vcpu));
    rc = call(handle, "vcpu-pin", guest, arguments, &reply);
    if (rc == 0)
        client_reply_fini(&reply);
    return rc;
}

static bool read_number(const json_t *object, const char *name, uint32_t *number_out)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX)
        return false;
    *number_out = (uint32_t)json_integer_value(value);
    return true;
}

static bool read_sched(const json_t *object, struct ukvm_sched *sched_out)
{
    const char *name = json_string_value(json_object_get(object, "scheduler"));
    struct ukvm_sched sched;

    if (name == NULL || !read_number(object, "weight", &sched.weight) ||
        !read_number(object, "cap", &sched.cap))
        return false;
    snprintf(sched.scheduler, sizeof(sched.scheduler), "%s", name);
    *sched_out = sched;
    return true;
}

static int call_sched(struct ukvm *handle, const char *op, const char *guest, json_t *arguments,
                      struct ukvm_sched *sched_out)
{
    struct ukvm_sched sched;
    struct client_reply reply;
    int rc = call(handle, op, guest, arguments, &reply);

    if (rc != 0)
        return rc;
    if (!read_sched(json_object_get(reply.ok, "sched"), &sched))
        rc = client_malformed(handle, "a share of the CPUs");
    else if (sched_out != NULL)
        *sched_out = sched;
    client_reply_fini(&reply);
    return rc;
}

int ukvm_sched(struct ukvm *handle, const char *guest, struct ukvm_sched *sched_out)
{
    return call_sched(handle, "sched", guest, json_pack("{s:s}", "guest", guest), sched_out);
}

int ukvm_sched_set(struct ukvm *handle, const char *guest, const uint32_t *weight,
                   const uint32_t *cap, struct ukvm_sched *sched_out)
{
    json_t *arguments = json_pack("{s:s}", "guest", guest);

    if (arguments != NULL && weight != NULL)
        client_add_argument(&arguments, "weight", json_integer(*weight));
    if (arguments != NULL && cap != NULL)
        client_add_argument(&arguments, "cap", json_integer(*cap));
    return call_sched(handle, "sched-set", guest, arguments, sched_out);
}
