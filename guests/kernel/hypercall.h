/*
 * Hypercalls, through the page that Xen fills: never a raw vmcall or vmmcall, which would tie an
 * image to one CPU vendor. May be included by the kernel and by test guests.
 *
 * Every call returns what Xen returns: 0 or more, or a negative Xen error number.
 */
#ifndef UKG_HYPERCALL_H
#define UKG_HYPERCALL_H

#include <stdint.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/xen.h>

/* Finds the page's MSR and has Xen fill LAYOUT_HYPERCALL. Returns 0, or -1: this is not Xen. */
int hypercall_init(void);

/* `nr` must be a constant: its entry is 32 bytes further into the page. */
#define hypercall2(nr, first, second)                                                              \
    __extension__({                                                                                \
        long result_;                                                                              \
        uint64_t first_ = (uint64_t)(first);                                                       \
        uint64_t second_ = (uint64_t)(second);                                                     \
        __asm__ volatile("call hypercall_page + %c[entry]"                                         \
                         : "=a"(result_), "+D"(first_), "+S"(second_)                              \
                         : [entry] "i"((nr)*32)                                                    \
                         : "memory", "rcx", "rdx", "r8", "r9", "r10", "r11");                      \
        result_;                                                                                   \
    })

static inline long hypercall_sched(unsigned op, void *argument)
{
    return hypercall2(__HYPERVISOR_sched_op, op, argument);
}

static inline long hypercall_event_channel(unsigned op, void *argument)
{
    return hypercall2(__HYPERVISOR_event_channel_op, op, argument);
}

static inline long hypercall_memory(unsigned op, void *argument)
{
    return hypercall2(__HYPERVISOR_memory_op, op, argument);
}

static inline long hypercall_hvm(unsigned op, void *argument)
{
    return hypercall2(__HYPERVISOR_hvm_op, op, argument);
}

/* Returns the value of one of our own HVM parameters, 0 if it cannot be read. */
static inline uint64_t hypercall_hvm_param(unsigned index)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};
    return hypercall_hvm(HVMOP_get_param, &param) == 0 ? param.value : 0;
}

/* Stops this domain. `reason` is one of SHUTDOWN_*. */
_Noreturn void hypercall_shutdown(unsigned reason);

#endif
