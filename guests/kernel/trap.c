/* Exceptions: each is fatal and leaves a dump. */
#include "trap.h"

#include "hypercall.h"
#include "layout.h"
#include "log.h"

#define VECTORS             32u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT   14u
#define GATE_INTERRUPT      0x8e00u
#define TRAP_STACK_INDEX    1u
#define DUMP_WORDS          12u

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t flags; /* stack index, type, present */
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct __attribute__((packed)) task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t stack[7]; /* stack[0] is index 1 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
};

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t address;
};

extern char trap_stubs[]; /* 16 bytes each */
extern uint64_t gdt[];

static struct gate gates[VECTORS];
static struct task_state task_state = {
    .stack = {LAYOUT_TRAP_STACK + LAYOUT_PAGE},
    .io_map = sizeof(struct task_state),
};

static void load_task_state(void)
{
    uint64_t base = (uintptr_t)&task_state, limit = sizeof task_state - 1;
    unsigned index = LAYOUT_TSS_SELECTOR / 8;
    const uint64_t present_tss = UINT64_C(0x89) << 40;
    gdt[index] = limit | (base & 0xffffff) << 16 | present_tss | (base >> 24 & 0xff) << 56;
    gdt[index + 1] = base >> 32;
    __asm__ volatile("ltr %0" : : "r"((uint16_t)LAYOUT_TSS_SELECTOR) : "memory");
}

void trap_init(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uintptr_t stub = (uintptr_t)&trap_stubs[i * 16];
        unsigned stack = i == VECTOR_DOUBLE_FAULT ? TRAP_STACK_INDEX : 0;
        gates[i] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = LAYOUT_CODE_SELECTOR,
            .flags = (uint16_t)(GATE_INTERRUPT | stack),
            .offset_middle = (uint16_t)(stub >> 16),
        };
    }
    struct table_pointer pointer = {sizeof gates - 1, (uintptr_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    load_task_state();
}

static const char *vector_name(uint64_t vector)
{
    switch (vector) {
    case 0:
        return "divide error";
    case 1:
        return "debug";
    case 2:
        return "NMI";
    case 3:
        return "breakpoint";
    case 6:
        return "invalid opcode";
    case 7:
        return "no FPU";
    case VECTOR_DOUBLE_FAULT:
        return "double fault";
    case 12:
        return "stack fault";
    case 13:
        return "general protection fault";
    case VECTOR_PAGE_FAULT:
        return "page fault";
    default:
        return "exception";
    }
}

static uint64_t fault_address(void)
{
    uint64_t cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    return cr2;
}

static const char *place_of(uint64_t address)
{
    if (address < LAYOUT_PAGE)
        return " (null pointer?)";
    return address >= LAYOUT_GUARD && address < LAYOUT_STACK ? " (stack overflow)" : "";
}

static void explain_page_fault(uint64_t address, uint64_t error)
{
    const char *access = error & 0x10 ? "fetch from" : error & 2 ? "write to" : "read of";
    log_print("  %s %lx, %s%s\n", access, address, error & 1 ? "not permitted" : "not mapped",
              place_of(address));
}

/* The words above the stack pointer, as far as they are known to be mapped. */
static void dump_stack(uint64_t rsp)
{
    if (rsp % 8 != 0 || rsp < LAYOUT_STACK || rsp >= LAYOUT_STACK_TOP)
        return;
    log_print("  stack:");
    for (unsigned i = 0; i < DUMP_WORDS && rsp + i * 8 < LAYOUT_STACK_TOP; i++)
        log_print("%s %016lx", i % 4 == 0 && i > 0 ? "\n        " : "",
                  ((const uint64_t *)(uintptr_t)rsp)[i]);
    log_print("\n");
}

static void dump(const struct trap_frame *f)
{
    log_print("panic: %s (vector %lu, error %lx) at %lx\n", vector_name(f->vector), f->vector,
              f->error, f->rip);
    if (f->vector == VECTOR_PAGE_FAULT)
        explain_page_fault(fault_address(), f->error);
    if (f->vector == VECTOR_DOUBLE_FAULT) /* most likely after a page fault */
        log_print("  last page fault at %lx%s\n", fault_address(), place_of(fault_address()));
    log_print("  rax %016lx rbx %016lx rcx %016lx\n", f->rax, f->rbx, f->rcx);
    log_print("  rdx %016lx rsi %016lx rdi %016lx\n", f->rdx, f->rsi, f->rdi);
    log_print("  rbp %016lx rsp %016lx r8  %016lx\n", f->rbp, f->rsp, f->r8);
    log_print("  r9  %016lx r10 %016lx r11 %016lx\n", f->r9, f->r10, f->r11);
    log_print("  r12 %016lx r13 %016lx r14 %016lx\n", f->r12, f->r13, f->r14);
    log_print("  r15 %016lx flags %lx\n", f->r15, f->rflags);
    dump_stack(f->rsp);
}

_Noreturn void trap_handle(const struct trap_frame *frame)
{
    static bool dumping;
    /* A fault in the dump itself: give up on it, not on stopping. */
    if (!dumping) {
        dumping = true;
        dump(frame);
        log_flush();
    }
    hypercall_shutdown(SHUTDOWN_crash);
}
