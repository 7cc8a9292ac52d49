/*
 * The entry state of PVH (xen/docs/misc/pvh.pandoc): 32-bit protected mode, paging off, flat
 * segments, ebx = start_info.
 */
#include "hv/xen/context.h"

#include <stdlib.h>
#include <string.h>

#include "hv/xen/hv_xen_priv.h"

#define CR0_PE                  0x01u
#define CR0_ET                  0x10u

/* Access rights as in a VMCS: type, S, present; granularity 4 KiB and 32-bit for the flat ones. */
#define SEGMENT_CODE            0xc9bu
#define SEGMENT_DATA            0xc93u
#define SEGMENT_TSS             0x08bu

#define DR6_RESET               0xffff0ff0u
#define DR7_RESET               0x400u

/* Memory is write-back unless the guest says otherwise. */
#define MTRR_ENABLED_WRITE_BACK (1u << 11 | 6u)

struct entry_context {
    struct hvm_save_descriptor header_at;
    HVM_SAVE_TYPE(HEADER) header;
    struct hvm_save_descriptor cpu_at;
    HVM_SAVE_TYPE(CPU) cpu;
    struct hvm_save_descriptor mtrr_at;
    HVM_SAVE_TYPE(MTRR) mtrr;
    struct hvm_save_descriptor end_at;
} __attribute__((packed));

/* Copy record type out of a context of size bytes. */
static int find_record(const uint8_t *context, size_t size, uint16_t type, void *out, size_t length)
{
    struct hvm_save_descriptor at;

    for (size_t offset = 0; size - offset >= sizeof(at); offset += at.length) {
        memcpy(&at, context + offset, sizeof(at));
        offset += sizeof(at);
        if (at.length > size - offset)
            break;
        if (at.typecode == type && at.length == length) {
            memcpy(out, context + offset, length);
            return 0;
        }
    }
    return -EPROTO;
}

static int read_template(struct hv_xen *xen, uint32_t domid)
{
    struct hv_xen_context_template *template = &xen->context;
    uint8_t *context = NULL;
    int size, rc;

    size = xc_domain_hvm_getcontext(xen->xc, domid, NULL, 0);
    if (size <= 0) {
        rc = hv_xen_rc(-1);
        goto out;
    }
    context = malloc((size_t)size);
    if (context == NULL) {
        rc = -ENOMEM;
        goto out;
    }
    size = xc_domain_hvm_getcontext(xen->xc, domid, context, (uint32_t)size);
    if (size <= 0) {
        rc = hv_xen_rc(-1);
        goto out;
    }
    rc = find_record(context, (size_t)size, HVM_SAVE_CODE(HEADER), &template->header,
                     sizeof(template->header));
    if (rc == 0)
        rc = find_record(context, (size_t)size, HVM_SAVE_CODE(MTRR), &template->mtrr,
                         sizeof(template->mtrr));
    template->valid = rc == 0;

out:
    free(context);
    return rc;
}

static struct hvm_save_descriptor record(uint16_t type, size_t length)
{
    return (struct hvm_save_descriptor){.typecode = type, .length = (uint32_t)length};
}

static void set_cpu(struct hvm_hw_cpu *cpu, uint32_t entry, uint32_t info_paddr)
{
    cpu->cr0 = CR0_PE | CR0_ET;
    cpu->rip = entry;
    cpu->rbx = info_paddr;
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = UINT32_MAX;
    cpu->cs_arbytes = SEGMENT_CODE;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = SEGMENT_DATA;
    cpu->tr_arbytes = SEGMENT_TSS;
    cpu->tr_limit = 0x67;
    cpu->dr6 = DR6_RESET;
    cpu->dr7 = DR7_RESET;
}

int hv_xen_context_set(struct hv_xen *xen, uint32_t domid, uint32_t entry, uint32_t info_paddr)
{
    struct entry_context context = {
        .header_at = record(HVM_SAVE_CODE(HEADER), sizeof(context.header)),
        .cpu_at = record(HVM_SAVE_CODE(CPU), sizeof(context.cpu)),
        .mtrr_at = record(HVM_SAVE_CODE(MTRR), sizeof(context.mtrr)),
        .end_at = record(HVM_SAVE_CODE(END), 0),
    };
    struct hvm_hw_cpu cpu = {0};
    int rc;

    if (!xen->context.valid) {
        rc = read_template(xen, domid);
        if (rc != 0)
            return rc;
    }
    set_cpu(&cpu, entry, info_paddr);
    context.header = xen->context.header;
    context.cpu = cpu;
    context.mtrr = xen->context.mtrr;
    context.mtrr.msr_mtrr_def_type = MTRR_ENABLED_WRITE_BACK;
    return hv_xen_rc(
        xc_domain_hvm_setcontext(xen->xc, domid, (uint8_t *)&context, sizeof(context)));
}
