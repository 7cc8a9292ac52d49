/*
 * Where the kernel puts its own pages below the image: fixed addresses, because they are needed
 * before there is an allocator, and outside the image, because the toolstack maps and zeroes
 * every page of an image and these need neither. Physical equals virtual everywhere.
 *
 * May be included by the kernel's C and assembler files and by the linker script.
 */
#ifndef UKG_LAYOUT_H
#define UKG_LAYOUT_H

#define LAYOUT_PAGE          0x1000

/* 0x0000: never mapped, so that a null pointer faults. */
#define LAYOUT_PML4          0x1000
#define LAYOUT_PDPT          0x2000
/* Page directories: 1 GiB each. Those of GiB 0 and 3 are cleared at entry, the others on use. */
#define LAYOUT_PD0           0x3000
#define LAYOUT_PD3           0x4000
#define LAYOUT_PD1           0x5000
#define LAYOUT_PD2           0x6000
/* Page table of the first 2 MiB, where image and stack need different rights. */
#define LAYOUT_PT0           0x7000
/* Filled by Xen. Not writable, so it also stops an overflow of the trap stack. */
#define LAYOUT_HYPERCALL     0x8000
#define LAYOUT_TRAP_STACK    0x9000 /* one page, for double faults */
#define LAYOUT_GUARD         0xa000 /* never mapped: overflow of the stack faults */
#define LAYOUT_STACK         0xb000
#define LAYOUT_STACK_TOP     0x14000
#define LAYOUT_IMAGE         0x14000

#define LAYOUT_CODE_SELECTOR 0x08
#define LAYOUT_DATA_SELECTOR 0x10
#define LAYOUT_TSS_SELECTOR  0x18

#endif
