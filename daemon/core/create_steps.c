/* The steps of a create that end at once. Each leaves what it built in the guest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/control.h"
#include "core/create_internal.h"
#include "core/define.h"
#include "core/devices.h"
#include "core/ending.h"
#include "core/policy.h"
#include "core/pool.h"
#include "core/vif_address.h"

#define MIB (UINT64_C(1) << 20)

static_assert(LIMIT_MEMORY_MIB * MIB == HV_RAM_PAGES_MAX * (uint64_t)HV_PAGE_SIZE,
              "the limit is the port's");

int create_failed(struct create *create, int rc, const char *what)
{
    int code = rc == -ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL;
    return error_set(&create->error, code, "%s: %s: %s", create->label, what, strerror(-rc));
}

/* ---- before anything is built ------------------------------------------------------- */

static int check_count(struct create *create)
{
    return policy_check_share(create->core, &create->spec, create->owner, &create->error);
}

/* Its definition's guest has it, and nobody else. */
static int check_defined(struct create *create)
{
    const char *name = create->spec.name;
    const struct definition *definition = definition_by_name(create->core, name);

    if (definition != create->definition)
        return error_set(&create->error, UKVM_E_EXISTS,
                         "%s: is defined; 'chaos start %s' starts it, or take another name", name,
                         name);
    if (define_is_reserved(create->core, name))
        return error_set(&create->error, UKVM_E_EXISTS,
                         "%s: another guest is about to get that name; take another", name);
    return 0;
}

static int check_name(struct create *create)
{
    const struct guest *other = guest_table_by_name(&create->core->guests, create->spec.name);
    int rc = check_defined(create);

    if (rc < 0)
        return rc;
    if (other == NULL)
        return 0;
    /* The record of a crash makes room, but only for those who may destroy it. */
    bool is_record = list_linked(&other->tombstone);
    if (is_record && (create->owner == 0 || create->owner == other->owner))
        return 0;
    if (is_record)
        return error_set(&create->error, UKVM_E_EXISTS,
                         "%s: user %u had a guest of that name that crashed; take another name",
                         create->spec.name, (unsigned)other->owner);
    if (other->domid == GUEST_NO_DOMID)
        return error_set(&create->error, UKVM_E_EXISTS,
                         "%s: a guest of that name is being created; take another name",
                         create->spec.name);
    return error_set(&create->error, UKVM_E_EXISTS,
                     "%s: a guest of that name exists (domain %u); destroy it or take another name",
                     create->label, other->domid);
}

/* spare_bytes: what could be had beside what is free. */
static int check_memory(struct create *create, uint64_t spare_bytes)
{
    struct hv *hv = create->core->hv;
    struct hv_host_info host;
    uint64_t needed = create->spec.memory_mib * MIB + CREATE_OVERHEAD_BYTES;
    uint64_t reserve = limit_of(LIMIT_ID_HOST_RESERVE_MIB) * MIB;
    int rc = hv->ops->host_info(hv, &host);

    if (rc < 0)
        return create_failed(create, rc, "host memory");
    if (host.free_bytes + spare_bytes < needed + reserve)
        return error_set(&create->error, UKVM_E_NO_MEMORY,
                         "%s: needs %llu MiB with overhead, %llu MiB are free, of which the host "
                         "keeps %llu (limit %s); destroy guests or lower memory",
                         create->label, (unsigned long long)(needed / MIB),
                         (unsigned long long)(host.free_bytes / MIB),
                         (unsigned long long)(reserve / MIB),
                         limits[LIMIT_ID_HOST_RESERVE_MIB].name);
    return 0;
}

int create_check(struct create *create)
{
    int rc;

    if (create->core->stopping)
        return error_set(&create->error, UKVM_E_NO_DAEMON, "chaosd is stopping");
    rc = spec_check(&create->spec, &create->error);
    if (rc == 0)
        rc = policy_check_rights(create->core, &create->spec, create->owner, &create->error);
    if (rc == 0)
        rc = check_count(create);
    if (rc == 0)
        rc = check_name(create);
    if (rc == 0)
        rc = create_check_cpus(create);
    return rc;
}

/* ---- memory ------------------------------------------------------------------------- */

static void on_evicted(struct destroy_waiter *waiter)
{
    create_retry(LIST_OWNER(waiter, struct create, evicted));
}

/* Shells give way, one after the other, until there is room; none does if all would not be enough.
 */
int create_room(struct create *create)
{
    const struct pool *pool = &create->core->pool;
    int rc = check_memory(create, 0);

    if (rc != -UKVM_E_NO_MEMORY || check_memory(create, pool_held_bytes(pool)) < 0)
        return rc;
    struct guest *shell = pool_least_wanted(pool);
    if (shell == NULL)
        return rc;
    create->error = (struct error){0};
    create->evicted.done = on_evicted;
    destroy_guest(shell, &create->evicted);
    return CREATE_WAIT;
}

/* ---- name and addresses ------------------------------------------------------------- */

int create_check_fit(struct create *create)
{
    struct layout layout;
    char text[IMAGE_TEXT_MAX];

    if (create->image == NULL)
        return 0;
    layout_init(&layout, create->spec.memory_mib, create->spec.vif_count);
    if (image_fits(&create->image->image, layout.info_gfn, text) < 0)
        return error_set(&create->error, UKVM_E_CONFIG, "%s: %s", create->label, text);
    /* It is written in one go, and nobody else is served meanwhile. */
    if (image_footprint(&create->image->image) > LIMIT_IMAGE_FOOTPRINT_MIB * MIB)
        return limit_reached(&create->error, LIMIT_ID_IMAGE_FOOTPRINT_MIB);
    return 0;
}

/* Checked anew: reading the image may have taken a while. */
int create_admit(struct create *create)
{
    struct guest *dead = guest_table_by_name(&create->core->guests, create->spec.name);
    int rc = check_count(create);

    if (rc == 0)
        rc = check_name(create);
    if (rc == 0 && dead != NULL)
        ending_bury(dead);
    return rc;
}

static int add_guest(struct create *create)
{
    struct guest_table *guests = &create->core->guests;
    struct guest *guest = guest_create(create->core, &create->spec, create->owner);
    if (guest == NULL)
        return create_failed(create, -ENOMEM, "guest");
    if (create->image != NULL)
        guest->abi = create->image->image.abi;
    int rc = guest_table_add(guests, guest);
    if (rc < 0) {
        guest_destroy(guest);
        return create_failed(create, rc, "guest");
    }
    guest->create = create;
    create->guest = guest;
    if (create->definition != NULL)
        definition_take(create->definition, guest);
    events_tell(guest);
    return 0;
}

int create_reserve(struct create *create)
{
    int rc = create->path == CREATE_COLD ? create_admit(create) : create_check_fit(create);

    if (rc == 0)
        rc = policy_check_host(create->core, &create->spec, &create->error);
    if (rc == 0)
        rc = add_guest(create);
    const struct vif_address_request request = {
        .core = create->core, .label = create->label, .is_cold = create->path == CREATE_COLD};
    for (unsigned i = 0; rc == 0 && i < create->spec.vif_count; i++)
        rc = vif_address_take(&request, &create->guest->vif[i], &create->spec.vif[i],
                              &create->error);
    return rc;
}

int create_publish(struct create *create)
{
    char text[HOSTNET_TEXT_MAX] = "";
    int rc = devices_publish(create->guest, text);

    if (rc < 0)
        return error_set(&create->error,
                         rc == -EADDRINUSE ? UKVM_E_ADDRESS_IN_USE : UKVM_E_INTERNAL, "%s: %s",
                         create->label, text);
    return 0;
}

/* ---- the domain --------------------------------------------------------------------- */

int create_domain(struct create *create)
{
    struct core *core = create->core;
    struct guest *guest = create->guest;
    struct hv_domain_params params;

    guest_domain_params(guest, &params);
    int rc = core->hv->ops->domain_create(core->hv, &params, &guest->domid);
    if (rc < 0)
        return create_failed(create, rc, "create domain");
    /* Xen starts again with low ids after 32,751 of them. */
    struct guest *dead = guest_table_by_domid(&core->guests, guest->domid);
    if (dead != NULL)
        ending_bury(dead);
    rc = guest_table_add_domid(&core->guests, guest);
    return rc < 0 ? create_failed(create, rc, "create domain") : 0;
}

int create_memory(struct create *create)
{
    struct hv *hv = create->core->hv;
    struct guest *guest = create->guest;
    int rc = hv->ops->domain_populate(hv, guest->domid, guest->layout.ram_pages);

    return rc < 0 ? create_failed(create, rc, "memory") : 0;
}

static int allocate_port(struct create *create, uint32_t expected)
{
    struct hv *hv = create->core->hv;
    struct hv_port port;
    int rc = hv->ops->port_alloc(hv, create->guest->domid, &port);

    if (rc < 0)
        return create_failed(create, rc, "event channel");
    if (port.n != expected)
        return error_set(&create->error, UKVM_E_INTERNAL,
                         "%s: the hypervisor gave event channel %u instead of %u", create->label,
                         port.n, expected);
    return 0;
}

int create_channels(struct create *create)
{
    int rc = allocate_port(create, NOXS_PORT_CONTROL);
    return rc < 0 ? rc : allocate_port(create, NOXS_PORT_IO);
}

int create_grants(struct create *create)
{
    struct hv *hv = create->core->hv;
    const struct guest *guest = create->guest;
    int rc = hv->ops->grants_write(hv, guest->domid, (struct hv_gref){NOXS_GREF_FIRST},
                                   (struct hv_gfn){guest->layout.window_first},
                                   guest->layout.window_pages);

    return rc < 0 ? create_failed(create, rc, "grants") : 0;
}

int create_load_with(struct create *create, const struct image *image, bool reserved_kept)
{
    struct hv *hv = create->core->hv;
    const struct guest *guest = create->guest;
    struct hv_load load = {.info_gfn = {guest->layout.info_gfn},
                           .ram_pages = guest->layout.ram_pages,
                           .reserved_first = guest->layout.info_gfn,
                           .reserved_kept = reserved_kept,
                           .cmdline = create->spec.cmdline};

    if (image != NULL) {
        load.segments = image->segments;
        load.segment_count = image->segment_count;
        load.entry = image->entry;
    }
    int rc = hv->ops->domain_load(hv, guest->domid, &load);
    return rc < 0 ? create_failed(create, rc, "load") : 0;
}

int create_load(struct create *create)
{
    struct guest *guest = create->guest;
    bool is_claim = create->path == CREATE_CLAIM_SHELL;

    /* The page of an empty shell could not say it yet. */
    if (is_claim) {
        guest->abi = create->image->image.abi;
        guest->control.page->abi_version = guest->abi;
    }
    int rc = create_load_with(create, &create->image->image, is_claim);
    create_release_image(create);
    return rc;
}

int create_page(struct create *create)
{
    struct hv *hv = create->core->hv;
    struct guest *guest = create->guest;
    void *page;
    int rc = hv->ops->domain_map(hv, guest->domid, (struct hv_gfn){guest->layout.window_first}, 1,
                                 &page);

    if (rc < 0)
        return create_failed(create, rc, "map the noxs page");
    guest->control.page = page;
    layout_fill_page(guest->control.page, guest);
    return 0;
}

int create_clock(struct create *create)
{
    struct hv *hv = create->core->hv;
    int rc = hv->ops->domain_clock(hv, create->guest->domid, (struct hv_gfn){NOXS_SHARED_INFO_GFN});

    return rc < 0 ? create_failed(create, rc, "clock") : 0;
}

int create_params(struct create *create)
{
    struct hv *hv = create->core->hv;
    const struct guest *guest = create->guest;
    int rc = hv->ops->domain_params(hv, guest->domid, (struct hv_gfn){guest->layout.window_first},
                                    (struct hv_port){NOXS_PORT_CONTROL});

    return rc < 0 ? create_failed(create, rc, "parameters") : 0;
}

int create_control(struct create *create)
{
    int rc = control_open(create->guest);
    return rc < 0 ? create_failed(create, rc, "control channel") : 0;
}

/* ---- devices ------------------------------------------------------------------------ */

int create_io(struct create *create)
{
    char text[HOSTNET_TEXT_MAX] = "";
    int rc = devices_open_channel(create->guest);

    if (rc < 0)
        return create_failed(create, rc, "I/O channel");
    rc = devices_open_taps(create->guest, text);
    if (rc < 0)
        return error_set(&create->error, rc == -ENODEV ? UKVM_E_CONFIG : UKVM_E_INTERNAL, "%s: %s",
                         create->label, text);
    return 0;
}

int create_unpause(struct create *create)
{
    struct core *core = create->core;
    struct guest *guest = create->guest;
    int rc = core->hv->ops->domain_unpause(core->hv, guest->domid);

    if (rc < 0)
        return create_failed(create, rc, "unpause");
    guest->unpaused_ns = core_now_ns(core);
    guest_move(guest, GUEST_BOOTING);
    death_watch(core);
    return 0;
}
