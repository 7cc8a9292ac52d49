/* A guest's share of the CPUs, and which CPUs it may use. */
#include "core/pin.h"
#include "core/sched.h"
#include "ctl/ops.h"
#include "ctl/spec_json.h"

static void reply_sched(struct ctl_request *request, const struct hv_sched *sched)
{
    ctl_reply(request,
              json_pack("{s:{s:s, s:I, s:I}}", "sched", "scheduler", sched->name, "weight",
                        (json_int_t)sched->weight, "cap", (json_int_t)sched->cap),
              -1);
}

void op_sched(struct ctl_request *request)
{
    struct hv_sched sched = {0};
    struct error error;
    int rc = ctl_request_args(request, NULL, 0, &error);

    if (rc == 0)
        rc = verb_sched(request->guest, &sched, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        reply_sched(request, &sched);
}

void op_sched_set(struct ctl_request *request)
{
    struct hv_sched sched = {0};
    struct error error;
    uint64_t weight = UINT64_MAX, cap = UINT64_MAX; /* not given */
    const struct arg args[] = {
        {.name = "weight", .type = ARG_NUMBER, .out = &weight, .max = UINT32_MAX},
        {.name = "cap", .type = ARG_NUMBER, .out = &cap, .max = UINT32_MAX},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = verb_sched_set(request->guest, weight == UINT64_MAX ? NULL : &weight,
                            cap == UINT64_MAX ? NULL : &cap, &sched, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        reply_sched(request, &sched);
}

void op_vcpu_pin(struct ctl_request *request)
{
    struct spec_cpus cpus = {.kind = SPEC_CPUS_ANY};
    struct error error;
    uint64_t vcpu = PIN_ALL_VCPUS;
    json_t *json = NULL;
    const struct arg args[] = {
        {.name = "vcpu", .type = ARG_NUMBER, .out = &vcpu, .max = UINT32_MAX},
        {.name = "cpus", .type = ARG_OBJECT, .out = &json, .required = true},
    };
    int rc = ctl_request_args(request, args, 2, &error);

    if (rc == 0)
        rc = spec_cpus_from_json(json, &cpus, &error);
    if (rc == 0)
        rc = verb_vcpu_pin(request->guest, (uint32_t)vcpu, &cpus, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        ctl_reply(request, NULL, -1);
}
