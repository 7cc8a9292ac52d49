/* Exceptions: each is fatal and leaves a dump. Kernel only. */
#ifndef UKG_TRAP_H
#define UKG_TRAP_H

#include <stdint.h>

/* As pushed by trap_entry.S, lowest address first. */
struct trap_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Loads the interrupt table and the stack for double faults. */
void trap_init(void);

/* Called by trap_entry.S: writes the dump and stops the guest as crashed. */
_Noreturn void trap_handle(const struct trap_frame *frame);

#endif
