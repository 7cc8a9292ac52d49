#include "ctl/ops.h"

#include <string.h>

static const struct ctl_op ops[] = {
    {"version", op_version, false, CTL_ANYONE}, {"create", op_create, false, CTL_ANYONE},
    {"list", op_list, false, CTL_ANYONE},       {"info", op_info, true, CTL_ANYONE},
    {"destroy", op_destroy, true, CTL_OWNER},   {"pause", op_pause, true, CTL_OWNER},
    {"unpause", op_unpause, true, CTL_OWNER},   {"shutdown", op_shutdown, true, CTL_OWNER},
    {"console", op_console, true, CTL_OWNER},   {"noxs", op_noxs, true, CTL_OWNER},
};

const struct ctl_op *ctl_op_find(const char *name)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
