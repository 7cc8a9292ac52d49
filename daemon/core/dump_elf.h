/*
 * What stands in front of the memory in a core dump: ELF header, program headers and notes. Pure
 * computation. May be included by core only.
 *
 *     0      ELF64 header, of type core, for x86-64
 *            PT_NOTE, and PT_LOAD of all RAM, virtual and physical address 0: guests of this
 *            project see memory where it is
 *            "CORE" NT_PRSTATUS, one for each vCPU: registers; pr_pid is its number + 1
 *            "noxs" DUMP_ELF_NOTE: who it was, as lines of KEY=VALUE
 *     page   memory, from frame 0 on
 */
#ifndef CHAOS_CORE_DUMP_ELF_H
#define CHAOS_CORE_DUMP_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "hv/hv.h"

/* "noxs": none of the numbers that gdb knows, for it does not look whose they are. */
#define DUMP_ELF_NOTE 0x73786f6eu

struct dump_elf_vcpu {
    uint32_t number;
    struct hv_registers registers;
};

struct dump_elf {
    const struct dump_elf_vcpu *vcpus;
    size_t vcpu_count;
    const char *text; /* of the noxs note */
    uint64_t ram_pages;
};

/* Bytes in front of the memory: whole pages. */
size_t dump_elf_size(const struct dump_elf *elf);
/* out: dump_elf_size bytes, all of which are written. */
void dump_elf_write(const struct dump_elf *elf, uint8_t *out);

#endif
