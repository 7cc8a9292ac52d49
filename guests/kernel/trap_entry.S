/*
 * Exception entry. Builds struct trap_frame (trap.h) and calls trap_handle(), which does not
 * return: this kernel has no exception to recover from.
 */
    .text
    .code64

/* The CPU pushes an error code for vectors 8, 10 to 14, 17, 21, 29 and 30 only. */
#define HAS_ERROR_CODE(vector) ((0x60227d00 >> (vector)) & 1)

    .globl trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 32
    .balign 16
    .if HAS_ERROR_CODE(vector) == 0
    push $0
    .endif
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    push %r15
    push %r14
    push %r13
    push %r12
    push %r11
    push %r10
    push %r9
    push %r8
    push %rbp
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rbx
    push %rax
    /* For a debugger: where in struct trap_frame the registers of who was interrupted are. */
    .cfi_sections .debug_frame
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa %rbx, 0
    .cfi_offset %rax, 0
    .cfi_offset %rbx, 8
    .cfi_offset %rcx, 16
    .cfi_offset %rdx, 24
    .cfi_offset %rsi, 32
    .cfi_offset %rdi, 40
    .cfi_offset %rbp, 48
    .cfi_offset %r8, 56
    .cfi_offset %r9, 64
    .cfi_offset %r10, 72
    .cfi_offset %r11, 80
    .cfi_offset %r12, 88
    .cfi_offset %r13, 96
    .cfi_offset %r14, 104
    .cfi_offset %r15, 112
    .cfi_offset %rip, 136
    .cfi_offset %rsp, 160
    mov %rsp, %rbx /* stays, whatever trap_handle() calls */
    mov %rsp, %rdi
    and $-16, %rsp
    cld
    call trap_handle
    ud2
    .cfi_endproc

    .section .note.GNU-stack, "", @progbits
