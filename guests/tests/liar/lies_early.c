/*
 * What goes wrong before the application runs: the linker puts these functions in front of the
 * kernel's own (--wrap), so the kernel needs no hooks for tests.
 */
#include <string.h>

#include "kernel/event.h"
#include "kernel/hypercall.h"
#include "kernel/noxs_front.h"
#include "ukg.h"

#include <xen/arch-x86/hvm/start_info.h>

_Noreturn void __wrap_kernel_start(uint64_t info_address);
_Noreturn void __real_kernel_start(uint64_t info_address);
void __wrap_noxs_open_slot(unsigned slot);
void __real_noxs_open_slot(unsigned slot);
void __wrap_noxs_set_state(enum noxs_guest_state state, int exit_code);
void __real_noxs_set_state(enum noxs_guest_state state, int exit_code);

static const struct hvm_start_info *info;

static bool mode_is(const char *mode)
{
    const char *cmdline = (const char *)(uintptr_t)info->cmdline_paddr;
    return cmdline != NULL && strcmp(cmdline, mode) == 0;
}

void __wrap_kernel_start(uint64_t info_address)
{
    info = (const struct hvm_start_info *)(uintptr_t)info_address;
    __real_kernel_start(info_address);
}

void __wrap_noxs_open_slot(unsigned slot)
{
    if (mode_is("die-before-open"))
        hypercall_shutdown(SHUTDOWN_crash);
    __real_noxs_open_slot(slot);
    if (mode_is("die-after-open"))
        hypercall_shutdown(SHUTDOWN_crash);
}

static void before_ready(void)
{
    if (mode_is("die-before-ready"))
        hypercall_shutdown(SHUTDOWN_crash);
    if (mode_is("poweroff-before-ready"))
        hypercall_shutdown(SHUTDOWN_poweroff);
    if (mode_is("exit-before-ready")) {
        __real_noxs_set_state(NOXS_GUEST_EXITING, 7);
        hypercall_shutdown(SHUTDOWN_poweroff);
    }
    while (mode_is("never-ready"))
        event_poll(UKG_FOREVER);
    while (mode_is("spin-before-ready"))
        __asm__ volatile("pause");
}

void __wrap_noxs_set_state(enum noxs_guest_state state, int exit_code)
{
    if (state == NOXS_GUEST_READY)
        before_ready();
    __real_noxs_set_state(state, exit_code);
    if (state == NOXS_GUEST_READY && mode_is("die-after-ready"))
        hypercall_shutdown(SHUTDOWN_crash);
}
