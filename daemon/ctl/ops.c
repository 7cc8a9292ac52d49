#include "ctl/ops.h"

#include <string.h>

static const struct ctl_op ops[] = {
    {"version", op_version, CTL_NOBODY, CTL_ANYONE, 0},
    {"create", op_create, CTL_NOBODY, CTL_ANYONE, 1},
    {"list", op_list, CTL_NOBODY, CTL_ANYONE, 0},
    {"stats", op_stats, CTL_NOBODY, CTL_ANYONE, 0},
    {"info", op_info, CTL_GUEST_OR_DEFINITION, CTL_ANYONE, 0},
    {"destroy", op_destroy, CTL_GUEST_OR_DEFINITION, CTL_OWNER, 0},
    {"pause", op_pause, CTL_GUEST, CTL_OWNER, 0},
    {"unpause", op_unpause, CTL_GUEST, CTL_OWNER, 0},
    {"shutdown", op_shutdown, CTL_GUEST, CTL_OWNER, 0},
    {"reboot", op_reboot, CTL_GUEST, CTL_OWNER, 0},
    {"rename", op_rename, CTL_GUEST_OR_DEFINITION, CTL_OWNER, 0},
    {"define", op_define, CTL_NOBODY, CTL_ANYONE, 1},
    {"undefine", op_undefine, CTL_DEFINITION, CTL_OWNER, 0},
    {"start", op_start, CTL_DEFINITION, CTL_OWNER, 0},
    {"restart", op_restart, CTL_DEFINITION, CTL_OWNER, 0},
    {"console", op_console, CTL_GUEST_OR_DEAD, CTL_OWNER, 0},
    {"events", op_events, CTL_NOBODY, CTL_ANYONE, 0},
    {"wait", op_wait, CTL_GUEST_OR_GONE, CTL_ANYONE, 0},
    {"dump-core", op_dump_core, CTL_GUEST, CTL_OWNER, 1},
    {"net-attach", op_net_attach, CTL_GUEST, CTL_OWNER, 0},
    {"net-detach", op_net_detach, CTL_GUEST, CTL_OWNER, 0},
    {"net-list", op_net_list, CTL_GUEST, CTL_ANYONE, 0},
    {"noxs", op_noxs, CTL_GUEST, CTL_OWNER, 0},
    {"mem-set", op_mem_set, CTL_GUEST, CTL_OWNER, 0},
    {"vcpu-pin", op_vcpu_pin, CTL_GUEST, CTL_ROOT, 0},
    {"sched", op_sched, CTL_GUEST, CTL_ANYONE, 0},
    {"sched-set", op_sched_set, CTL_GUEST, CTL_ROOT, 0},
    {"dmesg", op_dmesg, CTL_NOBODY, CTL_ROOT, 0},
    {"pool", op_pool, CTL_NOBODY, CTL_ANYONE, 0},
    {"pool-set", op_pool_set, CTL_NOBODY, CTL_ROOT, 0},
};

const struct ctl_op *ctl_op_find(const char *name)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

const struct ctl_op *ctl_op_at(size_t index)
{
    return index < sizeof(ops) / sizeof(ops[0]) ? &ops[index] : NULL;
}
