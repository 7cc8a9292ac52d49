/* Finding the hypercall page, and the one call that does not return. */
#include "hypercall.h"

#include <stdbool.h>

#include "layout.h"

#include <xen/arch-x86/cpuid.h>

static bool page_is_filled;

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

/* Where the hypercall MSR is when no other interface comes before Xen's: nearly always. */
#define USUAL_LEAVES XEN_CPUID_FIRST_LEAF
#define USUAL_MSR    0x40000000u

/* Xen's leaves start at a multiple of 0x100: another interface may come first. 0: not Xen. */
static uint32_t find_xen_leaves(void)
{
    for (uint32_t leaf = XEN_CPUID_FIRST_LEAF; leaf < 0x40010000; leaf += 0x100) {
        struct cpuid id = cpuid(leaf);
        if (id.ebx == XEN_CPUID_SIGNATURE_EBX && id.ecx == XEN_CPUID_SIGNATURE_ECX &&
            id.edx == XEN_CPUID_SIGNATURE_EDX)
            return leaf;
    }
    return 0;
}

static uint32_t find_msr(void)
{
    /* Each CPUID leaves the guest: in the usual place the answer itself tells, without a search. */
    uint32_t msr = cpuid(USUAL_LEAVES + 2).ebx;
    if (msr == USUAL_MSR)
        return msr;
    uint32_t leaves = find_xen_leaves();
    return leaves == 0 ? 0 : cpuid(leaves + 2).ebx;
}

int hypercall_init(void)
{
    uint32_t msr = find_msr();
    if (msr == 0)
        return -1;
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(LAYOUT_HYPERCALL), "d"(0) : "memory");
    page_is_filled = true;
    return 0;
}

_Noreturn void hypercall_shutdown(unsigned reason)
{
    struct sched_shutdown shutdown = {.reason = reason};
    if (page_is_filled)
        hypercall_sched(SCHEDOP_shutdown, &shutdown);
    /* Before the page is filled: with interrupts off, a halt stops the vCPU, and so the domain. */
    for (;;)
        __asm__ volatile("cli; hlt");
}
