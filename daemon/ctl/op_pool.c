/* The pool of shells: what it holds, and what it should. */
#include "core/core.h"
#include "ctl/ops.h"

/* CPU time of its shells: 0, as long as no instruction of one has run. */
static uint64_t cpu_time_ns(const struct core *core, const struct pool_flavour *flavour)
{
    uint64_t sum_ns = 0;

    LIST_FOR_EACH(node, &flavour->shells)
    {
        const struct guest *guest = LIST_OWNER(node, struct guest, shell);
        struct hv_domain_info info;
        if (core->hv->ops->domain_list(core->hv, guest->domid, &info, 1) == 1 &&
            info.domid == guest->domid)
            sum_ns += info.cpu_time_ns;
    }
    return sum_ns;
}

static json_t *flavour_json(const struct core *core, const struct pool_flavour *flavour)
{
    const struct pool_setting *setting = &flavour->setting;
    bool building = core->pool.building == flavour;
    json_t *image = flavour->loaded ? json_string(setting->image) : json_null();
    json_t *note = flavour->note[0] != '\0' ? json_string(flavour->note) : json_null();

    return json_pack(
        "{s:I, s:I, s:I, s:o, s:b, s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:I, s:i, s:I, s:I, s:o}",
        "memory", (json_int_t)setting->memory_mib, "vcpus", (json_int_t)setting->vcpus, "nics",
        (json_int_t)setting->nics, "image", image, "learned", (int)flavour->learned, "target",
        (json_int_t)setting->target, "low", (json_int_t)setting->low, "max",
        (json_int_t)setting->max, "ready", (int)flavour->ready, "building", (int)building, "hits",
        (json_int_t)flavour->hits, "misses", (json_int_t)flavour->misses, "built",
        (json_int_t)flavour->built, "refills_per_minute", (int)pool_refills(&core->pool, flavour),
        "memory_bytes", (json_int_t)pool_flavour_bytes(flavour), "cpu_ns",
        (json_int_t)cpu_time_ns(core, flavour), "note", note);
}

static void reply_pool(struct ctl_request *request)
{
    const struct core *core = request->core;
    const struct pool *pool = &core->pool;
    json_t *flavours = json_array();

    LIST_FOR_EACH(node, &pool->flavours)
    json_array_append_new(flavours, flavour_json(core, LIST_OWNER(node, struct pool_flavour, all)));
    ctl_reply(request,
              json_pack("{s:I, s:I, s:I, s:I, s:o}", "budget_bytes",
                        (json_int_t)pool->setting.budget_mib << 20, "held_bytes",
                        (json_int_t)pool_held_bytes(pool), "rate", (json_int_t)pool->setting.rate,
                        "learn", (json_int_t)pool->setting.learn, "flavours", flavours),
              -1);
}

void op_pool(struct ctl_request *request)
{
    struct error error;

    if (ctl_request_args(request, NULL, 0, &error) < 0)
        ctl_fail(request, &error);
    else
        reply_pool(request);
}

void op_pool_set(struct ctl_request *request)
{
    struct pool_setting setting;
    struct error error;
    const char *text = NULL;
    const struct arg args[] = {
        {.name = "setting", .type = ARG_STRING, .out = &text, .required = true},
    };
    int rc = ctl_request_args(request, args, 1, &error);

    if (rc == 0)
        rc = pool_setting_parse("pool", text, &setting, &error);
    if (rc == 0)
        rc = pool_set(&request->core->pool, &setting, &error);
    if (rc < 0)
        ctl_fail(request, &error);
    else
        reply_pool(request);
}
