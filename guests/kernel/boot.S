/*
 * PVH entry (Xen docs/misc/pvh.pandoc): 32-bit protected mode, flat segments, paging off,
 * interrupts off, ebx = hvm_start_info. Builds the smallest identity map that reaches the image
 * and shared_info, and enters long mode. Every page of low memory used here is named in layout.h.
 */
#include "layout.h"

#define PTE_PRESENT  0x001
#define PTE_WRITABLE 0x002
#define PDE_2M       0x080

#define CR4_PAE 0x020
#define CR4_SSE 0x600 /* OSFXSR, OSXMMEXCPT */

#define CR0 0x80010033 /* PG, WP, NE, ET, MP, PE */

#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800 /* every x86-64 CPU that Xen runs on has it */

/* The directory entry of the 2 MiB that hold shared_info and, under xl, the special pages. */
#define HIGH_2M       0xfee00000
#define HIGH_2M_INDEX ((HIGH_2M >> 21) & 511)

    .section .text.boot, "ax", @progbits
    .code32
    .globl _start
_start:
    cld
    mov $(CR4_PAE | CR4_SSE), %eax
    mov %eax, %cr4

    /* Low memory holds whatever was there before: clear the four tables in use. */
    mov $LAYOUT_PML4, %edi
    xorps %xmm0, %xmm0
1:  movaps %xmm0, (%edi)
    movaps %xmm0, 16(%edi)
    movaps %xmm0, 32(%edi)
    movaps %xmm0, 48(%edi)
    add $64, %edi
    cmp $(LAYOUT_PD3 + LAYOUT_PAGE), %edi
    jb 1b

    movl $(LAYOUT_PDPT + PTE_PRESENT + PTE_WRITABLE), LAYOUT_PML4
    movl $(LAYOUT_PD0 + PTE_PRESENT + PTE_WRITABLE), LAYOUT_PDPT
    movl $(LAYOUT_PD3 + PTE_PRESENT + PTE_WRITABLE), LAYOUT_PDPT + 3 * 8
    movl $(PTE_PRESENT + PTE_WRITABLE + PDE_2M), LAYOUT_PD0
    movl $(HIGH_2M + PTE_PRESENT + PTE_WRITABLE + PDE_2M), LAYOUT_PD3 + HIGH_2M_INDEX * 8
    movl $0x80000000, LAYOUT_PD3 + HIGH_2M_INDEX * 8 + 4 /* not executable */

    mov $LAYOUT_PML4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $(EFER_LME | EFER_NXE), %eax
    xor %edx, %edx
    wrmsr
    mov $CR0, %eax
    mov %eax, %cr0

    lgdt gdt_pointer
    ljmp $LAYOUT_CODE_SELECTOR, $enter_long_mode

    .code64
    /* For a debugger: here the stack ends. */
    .cfi_sections .debug_frame
    .cfi_startproc simple
    .cfi_def_cfa %rsp, 0
    .cfi_undefined %rip
enter_long_mode:
    mov $LAYOUT_DATA_SELECTOR, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $LAYOUT_STACK_TOP, %esp
    xor %ebp, %ebp
    mov %ebx, %edi /* also clears the upper half, undefined after the mode switch */
    call kernel_start
    ud2
    .cfi_endproc

    .section .data
    .balign 8
    .globl gdt
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0, 0               /* task state, filled in by trap_init() */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt

    .section .note.GNU-stack, "", @progbits
