/* Finding the hypercall page, and the one call that does not return. */
#include "hypercall.h"

#include "layout.h"

#include <xen/arch-x86/cpuid.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid out;
    __asm__ volatile("cpuid"
                     : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
                     : "a"(leaf), "c"(0));
    return out;
}

/* Xen's leaves start at a multiple of 0x100: another interface may come first. */
static uint32_t find_xen_leaves(void)
{
    for (uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpuid id = cpuid(leaf);
        if (id.ebx == XEN_CPUID_SIGNATURE_EBX && id.ecx == XEN_CPUID_SIGNATURE_ECX &&
            id.edx == XEN_CPUID_SIGNATURE_EDX)
            return leaf;
    }
    return 0;
}

int hypercall_init(void)
{
    uint32_t leaves = find_xen_leaves();
    if (leaves == 0)
        return -1;
    uint32_t msr = cpuid(leaves + 2).ebx;
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(LAYOUT_HYPERCALL), "d"(0) : "memory");
    return 0;
}

_Noreturn void hypercall_shutdown(unsigned reason)
{
    struct sched_shutdown shutdown = {.reason = reason};
    hypercall_sched(SCHEDOP_shutdown, &shutdown);
    /* Not reached. With interrupts off, a halt stops the vCPU for good. */
    for (;;)
        __asm__ volatile("cli; hlt");
}
