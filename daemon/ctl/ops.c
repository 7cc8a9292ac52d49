#include "ctl/ops.h"

#include <string.h>

static const struct ctl_op ops[] = {
    {"version", op_version, false, CTL_ANYONE, 0}, {"create", op_create, false, CTL_ANYONE, 1},
    {"list", op_list, false, CTL_ANYONE, 0},       {"info", op_info, true, CTL_ANYONE, 0},
    {"destroy", op_destroy, true, CTL_OWNER, 0},   {"pause", op_pause, true, CTL_OWNER, 0},
    {"unpause", op_unpause, true, CTL_OWNER, 0},   {"shutdown", op_shutdown, true, CTL_OWNER, 0},
    {"console", op_console, true, CTL_OWNER, 0},   {"noxs", op_noxs, true, CTL_OWNER, 0},
    {"pool", op_pool, false, CTL_ANYONE, 0},       {"pool-set", op_pool_set, false, CTL_ROOT, 0},
};

const struct ctl_op *ctl_op_find(const char *name)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
