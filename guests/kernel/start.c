/* The boot, in the order it happens: boot.S calls kernel_start() on a stack, in long mode. */
#include <stdint.h>

#include "console.h"
#include "hypercall.h"
#include "log.h"
#include "memory.h"
#include "net.h"
#include "noxs_front.h"
#include "paging.h"
#include "shared_info.h"
#include "trap.h"
#include "ukg.h"

#include <xen/arch-x86/hvm/start_info.h>

_Noreturn void kernel_start(uint64_t info_address);

/* A command line or map may run to the end of its page and into the next: map both. */
static void map_start_info(const struct hvm_start_info *info)
{
    uint64_t map_bytes = info->memmap_entries * sizeof(struct hvm_memmap_table_entry);
    if (info->magic != XEN_HVM_START_MAGIC_VALUE || info->version < 1)
        ukg_panic("no PVH start_info with a memory map");
    if (!paging_map(info->memmap_paddr, map_bytes) ||
        (info->cmdline_paddr != 0 && !paging_map(info->cmdline_paddr, 2 * NOXS_PAGE_SIZE)))
        ukg_panic("start_info is out of reach");
}

static void open_devices(void)
{
    const struct noxs_page *page = noxs_page();
    for (unsigned slot = 0; page != NULL && slot < NOXS_DEVICE_SLOTS; slot++) {
        switch (page->device[slot].type) {
        case NOXS_DEV_CONSOLE:
            console_open(slot);
            break;
        case NOXS_DEV_NET:
            net_open(slot);
            break;
        default: /* a type this kernel does not know stays closed */
            break;
        }
    }
}

_Noreturn void kernel_start(uint64_t info_address)
{
    const struct hvm_start_info *info = (const struct hvm_start_info *)(uintptr_t)info_address;

    trap_init();
    if (hypercall_init() != 0)
        ukg_panic("this is not Xen");
    paging_map(info_address, sizeof *info);
    map_start_info(info);
    noxs_front_init(info_address / NOXS_PAGE_SIZE);
    memory_init(info);
    shared_info_init(noxs_page() != NULL);
    open_devices();

    struct ukg_start start = {
        .cmdline = info->cmdline_paddr != 0 ? (const char *)(uintptr_t)info->cmdline_paddr : "",
        .name = noxs_page() != NULL ? noxs_page()->name : "",
        .net_count = net_count(),
        .heap_bytes = memory_free_bytes(),
    };
    noxs_set_state(NOXS_GUEST_READY, 0);
    ukg_exit(ukg_main(&start));
}
