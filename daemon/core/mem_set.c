#include "core/mem_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/core.h"
#include "noxs/access.h"
#include "util/log.h"

#define PAGES_PER_MIB 256u
#define PAGE_KIB      (HV_PAGE_SIZE / 1024)

struct mem_set {
    struct guest *guest;
    struct loop_timer *timer;
    uint64_t timeout_ns;
    uint64_t pages; /* that it should have */
    bool grows;
    uint32_t seq; /* of the request */
    mem_set_done_fn *done;
    void *arg;
};

static unsigned long long present_kib(const struct guest *guest)
{
    return guest->present_pages * PAGE_KIB;
}

/* ---- what there is ------------------------------------------------------------------ */

void mem_set_present(struct guest *guest, uint64_t memory_bytes)
{
    uint64_t pages = memory_bytes / HV_PAGE_SIZE;

    guest->present_pages = pages < guest->layout.ram_pages ? pages : guest->layout.ram_pages;
}

/* Ask Xen, and have it see to it that the guest takes no more by itself. */
static void settle(struct guest *guest)
{
    struct hv *hv = guest->core->hv;
    struct hv_domain_info info;
    int count = hv->ops->domain_list(hv, guest->domid, &info, 1);

    if (count != 1 || info.domid != guest->domid ||
        memcmp(info.uuid, guest->uuid, sizeof(guest->uuid)) != 0)
        return;
    mem_set_present(guest, info.memory_bytes);
    int rc = hv->ops->domain_max_memory(hv, guest->domid, guest->present_pages);
    if (rc < 0)
        log_warning("%s: memory cannot be bounded: %s", guest->name, strerror(-rc));
}

/* ---- the end ------------------------------------------------------------------------ */

static void mem_set_free(struct mem_set *mem_set)
{
    struct guest *guest = mem_set->guest;

    guest->mem_set = NULL;
    if (mem_set->timer != NULL)
        guest->core->loop->ops->timer_destroy(mem_set->timer);
    free(mem_set);
}

static void end(struct mem_set *mem_set, const struct error *error)
{
    mem_set_done_fn *done = mem_set->done;
    void *arg = mem_set->arg;

    mem_set_free(mem_set);
    done(arg, error);
}

static int refused(const struct mem_set *mem_set, struct error *error)
{
    const struct guest *guest = mem_set->guest;

    if (mem_set->grows)
        return error_set(error, UKVM_E_NO_MEMORY,
                         "%s: could not take all of it: it has %llu KiB now", guest->name,
                         present_kib(guest));
    return error_set(error, UKVM_E_BAD_STATE,
                     "%s: refused: it uses too much of its memory; it has %llu KiB", guest->name,
                     present_kib(guest));
}

/* What the answer comes to: Xen has been asked. */
static int judge(const struct mem_set *mem_set, uint32_t status, struct error *error)
{
    const struct guest *guest = mem_set->guest;

    if (guest->present_pages == mem_set->pages)
        return 0;
    switch (status) {
    case NOXS_ACK_UNSUPPORTED:
        return error_set(error, UKVM_E_NOT_SUPPORTED,
                         "%s: its kernel cannot give memory back, or take it", guest->name);
    case NOXS_ACK_REFUSED:
        return refused(mem_set, error);
    default:
        return error_set(error, UKVM_E_GUEST_FAILED, "%s: says that it is done, and has %llu KiB",
                         guest->name, present_kib(guest));
    }
}

void mem_set_on_ack(struct guest *guest, uint32_t seq, uint32_t status)
{
    struct mem_set *mem_set = guest->mem_set;
    struct error error;
    int rc;

    if (mem_set == NULL) {
        /* Late, but done. */
        if (seq == noxs_high(guest->control.request) &&
            noxs_low(guest->control.request) == NOXS_OP_MEMORY)
            settle(guest);
        return;
    }
    if (seq < mem_set->seq)
        return;
    settle(guest);
    if (seq == mem_set->seq)
        rc = judge(mem_set, status, &error);
    else
        rc = error_set(&error, UKVM_E_BAD_STATE,
                       "%s: was asked for something else meanwhile; it has %llu KiB", guest->name,
                       present_kib(guest));
    end(mem_set, rc < 0 ? &error : NULL);
}

static void on_deadline(void *arg)
{
    struct mem_set *mem_set = arg;
    struct guest *guest = mem_set->guest;
    struct error error;

    settle(guest);
    error_set(&error, UKVM_E_TIMEOUT, "%s: did not answer within %u ms; it has %llu KiB",
              guest->name, (unsigned)(mem_set->timeout_ns / 1000000), present_kib(guest));
    end(mem_set, &error);
}

void mem_set_abort(struct guest *guest)
{
    struct error error;

    if (guest->mem_set == NULL)
        return;
    error_set(&error, UKVM_E_BAD_STATE, "%s: ended before it answered", guest->name);
    end(guest->mem_set, &error);
}

void mem_set_abandon(struct guest *guest)
{
    struct error error;

    if (guest->mem_set == NULL)
        return;
    error_set(&error, UKVM_E_NO_DAEMON, "%s: chaosd is stopping; the guest was asked", guest->name);
    end(guest->mem_set, &error);
}

void mem_set_forget(struct guest *guest)
{
    if (guest->mem_set != NULL)
        mem_set_free(guest->mem_set);
}

/* ---- the beginning ------------------------------------------------------------------ */

static int check(const struct guest *guest, uint64_t mib, struct error *error)
{
    if (guest_state(guest) != GUEST_RUNNING)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; only a running guest can be asked",
                         guest->name, guest_state_name(guest));
    if (guest->dump != NULL || guest->mem_set != NULL)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; try again when that is done",
                         guest->name, guest->dump != NULL ? "being dumped" : "being asked already");
    if (mib == 0)
        return error_set(error, UKVM_E_CONFIG, "%s: memory must be at least 1 MiB", guest->name);
    if (mib > guest->memory_mib)
        return error_set(error, UKVM_E_CONFIG,
                         "%s: was created with %llu MiB, and cannot have more", guest->name,
                         (unsigned long long)guest->memory_mib);
    return 0;
}

static int check_host(const struct guest *guest, uint64_t pages, struct error *error)
{
    struct hv *hv = guest->core->hv;
    uint64_t needed = (pages - guest->present_pages) * HV_PAGE_SIZE;
    struct hv_host_info info;
    int rc = hv->ops->host_info(hv, &info);

    if (rc < 0)
        return error_from_errno(error, -rc, "host memory");
    if (needed > info.free_bytes)
        return error_set(error, UKVM_E_NO_MEMORY,
                         "%s: needs %llu KiB more, the host has %llu KiB free", guest->name,
                         (unsigned long long)(needed >> 10),
                         (unsigned long long)(info.free_bytes >> 10));
    return 0;
}

static int ask(struct mem_set *mem_set)
{
    struct guest *guest = mem_set->guest;
    struct hv *hv = guest->core->hv;
    int rc = 0;

    if (mem_set->grows)
        rc = hv->ops->domain_max_memory(hv, guest->domid, mem_set->pages);
    if (rc < 0)
        return rc;
    noxs_write64(&guest->control.page->request_argument, mem_set->pages);
    rc = control_request(guest, NOXS_OP_MEMORY);
    mem_set->seq = noxs_high(guest->control.request);
    if (rc < 0)
        settle(guest);
    return rc;
}

int verb_mem_set(struct guest *guest, uint64_t mib, uint64_t timeout_ns, mem_set_done_fn *done,
                 void *arg, struct error *error)
{
    struct loop *loop = guest->core->loop;
    uint64_t pages = mib * PAGES_PER_MIB;
    int rc = check(guest, mib, error);

    if (rc == 0 && pages > guest->present_pages)
        rc = check_host(guest, pages, error);
    if (rc < 0)
        return rc;
    struct mem_set *mem_set = calloc(1, sizeof(*mem_set));
    if (mem_set == NULL)
        return error_from_errno(error, ENOMEM, "mem-set");
    *mem_set = (struct mem_set){.guest = guest,
                                .timeout_ns = timeout_ns,
                                .pages = pages,
                                .grows = pages > guest->present_pages,
                                .done = done,
                                .arg = arg};
    guest->mem_set = mem_set;
    mem_set->timer = loop->ops->timer_create(loop, on_deadline, mem_set);
    rc = mem_set->timer == NULL ? -ENOMEM : ask(mem_set);
    if (rc < 0) {
        mem_set_free(mem_set);
        return error_from_errno(error, -rc, "mem-set");
    }
    loop->ops->timer_set(mem_set->timer, timeout_ns);
    return 0;
}
