/* What a core dump is made of: memory and registers. */
#include <string.h>
#include <sys/mman.h>

#include "hv/xen/hv_xen_priv.h"

/* Copies the frames that could be mapped, zeroes the others. Returns how many there were. */
static int copy_frames(const uint8_t *from, const int *errors, size_t pages, uint8_t *out)
{
    int count = 0;

    for (size_t i = 0; i < pages; i++, from += HV_PAGE_SIZE, out += HV_PAGE_SIZE) {
        if (errors[i] == 0)
            memcpy(out, from, HV_PAGE_SIZE);
        else
            memset(out, 0, HV_PAGE_SIZE);
        count += errors[i] == 0;
    }
    return count;
}

int hv_xen_domain_copy(struct hv *hv, uint32_t domid, struct hv_gfn first, size_t pages, void *out)
{
    xenforeignmemory_handle *memory = hv_xen_of(hv)->memory;
    xen_pfn_t gfns[HV_XEN_BATCH];
    int errors[HV_XEN_BATCH];

    if (pages == 0 || pages > HV_XEN_BATCH)
        return -EINVAL;
    for (size_t i = 0; i < pages; i++)
        gfns[i] = first.n + i;
    void *addr = xenforeignmemory_map(memory, domid, PROT_READ, pages, gfns, errors);
    if (addr == NULL)
        return hv_xen_rc(-1);
    int count = copy_frames(addr, errors, pages, out);
    xenforeignmemory_unmap(memory, addr, pages);
    return count;
}

int hv_xen_vcpu_registers(struct hv *hv, uint32_t domid, uint32_t vcpu, struct hv_registers *out)
{
    HVM_SAVE_TYPE(CPU) cpu;
    int rc = hv_xen_rc(xc_domain_hvm_getcontext_partial(
        hv_xen_of(hv)->xc, domid, HVM_SAVE_CODE(CPU), (uint16_t)vcpu, &cpu, sizeof(cpu)));

    if (rc != 0)
        return rc;
    *out = (struct hv_registers){
        .rax = cpu.rax,
        .rbx = cpu.rbx,
        .rcx = cpu.rcx,
        .rdx = cpu.rdx,
        .rsi = cpu.rsi,
        .rdi = cpu.rdi,
        .rbp = cpu.rbp,
        .rsp = cpu.rsp,
        .r8 = cpu.r8,
        .r9 = cpu.r9,
        .r10 = cpu.r10,
        .r11 = cpu.r11,
        .r12 = cpu.r12,
        .r13 = cpu.r13,
        .r14 = cpu.r14,
        .r15 = cpu.r15,
        .rip = cpu.rip,
        .rflags = cpu.rflags,
        .fs_base = cpu.fs_base,
        .gs_base = cpu.gs_base,
        .cs = (uint16_t)cpu.cs_sel,
        .ss = (uint16_t)cpu.ss_sel,
        .ds = (uint16_t)cpu.ds_sel,
        .es = (uint16_t)cpu.es_sel,
        .fs = (uint16_t)cpu.fs_sel,
        .gs = (uint16_t)cpu.gs_sel,
    };
    return 0;
}
