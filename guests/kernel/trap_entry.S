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
    mov %rsp, %rdi
    and $-16, %rsp
    cld
    call trap_handle
    ud2

    .section .note.GNU-stack, "", @progbits
