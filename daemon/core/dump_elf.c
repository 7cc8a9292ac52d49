#include "core/dump_elf.h"

#include <assert.h>
#include <elf.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

#define SEGMENTS    2u /* notes, memory */
#define HEADS_BYTES (sizeof(Elf64_Ehdr) + SEGMENTS * sizeof(Elf64_Phdr))
#define NOTE_ALIGN  4u

static_assert(sizeof(struct user_regs_struct) == sizeof(elf_gregset_t), "registers as gdb wants");

static size_t align(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static size_t note_size(const char *owner, size_t size)
{
    return sizeof(Elf64_Nhdr) + align(strlen(owner) + 1, NOTE_ALIGN) + align(size, NOTE_ALIGN);
}

static size_t notes_size(const struct dump_elf *elf)
{
    return elf->vcpu_count * note_size("CORE", sizeof(struct elf_prstatus)) +
           note_size("noxs", strlen(elf->text) + 1);
}

size_t dump_elf_size(const struct dump_elf *elf)
{
    return align(HEADS_BYTES + notes_size(elf), HV_PAGE_SIZE);
}

/* Padding is there already: all of out is zeroes. Returns the end of the note. */
static uint8_t *write_note(uint8_t *out, const char *owner, uint32_t type, const void *data,
                           size_t size)
{
    const Elf64_Nhdr note = {
        .n_namesz = (Elf64_Word)strlen(owner) + 1, .n_descsz = (Elf64_Word)size, .n_type = type};
    memcpy(out, &note, sizeof(note));
    memcpy(out + sizeof(note), owner, note.n_namesz);
    memcpy(out + sizeof(note) + align(note.n_namesz, NOTE_ALIGN), data, size);
    return out + note_size(owner, size);
}

static void fill_registers(const struct hv_registers *from, struct user_regs_struct *to)
{
    *to = (struct user_regs_struct){
        .r15 = from->r15,
        .r14 = from->r14,
        .r13 = from->r13,
        .r12 = from->r12,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .r11 = from->r11,
        .r10 = from->r10,
        .r9 = from->r9,
        .r8 = from->r8,
        .rax = from->rax,
        .rcx = from->rcx,
        .rdx = from->rdx,
        .rsi = from->rsi,
        .rdi = from->rdi,
        /* No system call is to be restarted. */
        .orig_rax = UINT64_MAX,
        .rip = from->rip,
        .cs = from->cs,
        .eflags = from->rflags,
        .rsp = from->rsp,
        .ss = from->ss,
        .fs_base = from->fs_base,
        .gs_base = from->gs_base,
        .ds = from->ds,
        .es = from->es,
        .fs = from->fs,
        .gs = from->gs,
    };
}

static uint8_t *write_vcpu(uint8_t *out, const struct dump_elf_vcpu *vcpu)
{
    struct elf_prstatus status;
    struct user_regs_struct registers;

    fill_registers(&vcpu->registers, &registers);
    memset(&status, 0, sizeof(status));
    status.pr_pid = (pid_t)vcpu->number + 1;
    memcpy(&status.pr_reg, &registers, sizeof(registers));
    return write_note(out, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

static void write_header(uint8_t *out)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = SEGMENTS,
    };
    memcpy(out, &header, sizeof(header));
}

static void write_segments(const struct dump_elf *elf, uint8_t *out)
{
    const uint64_t memory = elf->ram_pages * HV_PAGE_SIZE;
    const Elf64_Phdr segments[SEGMENTS] = {
        {.p_type = PT_NOTE,
         .p_offset = HEADS_BYTES,
         .p_filesz = notes_size(elf),
         .p_align = NOTE_ALIGN},
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_W | PF_X,
         .p_offset = dump_elf_size(elf),
         .p_filesz = memory,
         .p_memsz = memory,
         .p_align = HV_PAGE_SIZE},
    };
    memcpy(out, segments, sizeof(segments));
}

void dump_elf_write(const struct dump_elf *elf, uint8_t *out)
{
    uint8_t *at = out + HEADS_BYTES;

    memset(out, 0, dump_elf_size(elf));
    write_header(out);
    write_segments(elf, out + sizeof(Elf64_Ehdr));
    for (size_t i = 0; i < elf->vcpu_count; i++)
        at = write_vcpu(at, &elf->vcpus[i]);
    write_note(at, "noxs", DUMP_ELF_NOTE, elf->text, strlen(elf->text) + 1);
}
