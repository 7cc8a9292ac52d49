#include "core/policy.h"

#include <string.h>

#include "core/core.h"

/* Ports below are for services that root runs. */
#define FIRST_USER_PORT 1024u

/* bridges: names with a space between them. */
static bool is_listed(const char *bridges, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = bridges; *at != '\0'; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (strcspn(at, " ") == length && strncmp(at, name, length) == 0)
            return true;
    }
    return false;
}

static int check_vif(const struct core *core, const char *name, const struct spec_vif *vif,
                     struct error *error)
{
    if (vif->bridge[0] != '\0' && !is_listed(core->config.bridges, vif->bridge))
        return error_set(error, UKVM_E_PERMISSION,
                         "%s: bridge %s: only root may use it; 'bridges' in chaosd's configuration "
                         "opens it to users",
                         name, vif->bridge);
    for (unsigned i = 0; i < vif->publish_count; i++)
        if (vif->publish[i].host_port < FIRST_USER_PORT)
            return error_set(error, UKVM_E_PERMISSION,
                             "%s: publish port %u: ports below %u are root's", name,
                             vif->publish[i].host_port, FIRST_USER_PORT);
    return 0;
}

int policy_check_rights(const struct core *core, const struct guest_spec *spec, uid_t owner,
                        struct error *error)
{
    int rc = 0;

    /* A busy guest there takes its time from whatever else is pinned to it, this dom0 above all. */
    if (owner != 0 && spec->cpus.kind != SPEC_CPUS_ANY)
        return error_set(error, UKVM_E_PERMISSION, "%s: cpus: only root may choose them",
                         spec->name);
    for (unsigned i = 0; rc == 0 && owner != 0 && i < spec->vif_count; i++)
        rc = check_vif(core, spec->name, &spec->vif[i], error);
    return rc;
}

struct share {
    uint64_t guests;
    uint64_t published;
    uint64_t memory_mib;
    uint64_t vcpus;
    uint64_t mapped_pages;
};

/* Rules of an interface that is just being attached are not in place yet, and count. */
static unsigned published(const struct guest_vif *vif)
{
    return guest_vif_state(vif) == GUEST_VIF_JOINING ? vif->publish_count : vif->published;
}

/* The window's, and those of interfaces that have come to the running guest. */
static uint64_t pages_held(const struct guest *guest)
{
    uint64_t pages = guest->layout.window_pages;

    for (unsigned i = 0; i < guest->vif_count; i++)
        if (guest->layout.vif[i].hot && guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT)
            pages += layout_vif_pages(&guest->layout, i);
    return pages;
}

/* What an owner's guests have. The record of a crash is a guest, and has nothing else. */
static struct share share_of(const struct core *core, uid_t owner)
{
    struct share share = {0};

    LIST_FOR_EACH(node, &core->guests.all)
    {
        const struct guest *guest = LIST_OWNER(node, struct guest, all);
        if (guest->owner != owner || guest_state(guest) == GUEST_GONE)
            continue;
        share.guests++;
        if (guest_hold(guest) != GUEST_RELEASED) {
            share.memory_mib += guest->memory_mib;
            share.vcpus += guest->vcpus;
            share.mapped_pages += pages_held(guest);
        }
        for (unsigned i = 0; i < guest->vif_count; i++)
            share.published += published(&guest->vif[i]);
    }
    return share;
}

static int check(enum limit_id id, uint64_t used, uint64_t asked, struct error *error)
{
    return used + asked > limit_of(id) ? limit_used_up(error, id, used, asked) : 0;
}

static uint64_t pages_of(const struct guest_spec *spec)
{
    struct layout layout;

    layout_init(&layout, spec->memory_mib, spec->vif_count);
    return layout.window_pages;
}

int policy_check_share(const struct core *core, const struct guest_spec *spec, uid_t owner,
                       struct error *error)
{
    unsigned published = 0;
    int rc = check(LIMIT_ID_GUESTS, core->guests.named, 1, error);

    if (rc < 0 || owner == 0)
        return rc;
    struct share share = share_of(core, owner);
    for (unsigned i = 0; i < spec->vif_count; i++)
        published += spec->vif[i].publish_count;
    rc = check(LIMIT_ID_USER_GUESTS, share.guests, 1, error);
    if (rc == 0)
        rc = check(LIMIT_ID_USER_PUBLISH, share.published, published, error);
    if (rc == 0)
        rc = check(LIMIT_ID_USER_MEMORY_MIB, share.memory_mib, spec->memory_mib, error);
    if (rc == 0)
        rc = check(LIMIT_ID_USER_VCPUS, share.vcpus, spec->vcpus, error);
    if (rc == 0)
        rc = check(LIMIT_ID_USER_MAPPED_PAGES, share.mapped_pages, pages_of(spec), error);
    return rc;
}

int policy_check_host(const struct core *core, const struct guest_spec *spec, struct error *error)
{
    int rc = check(LIMIT_ID_VCPUS, core->guests.vcpus, spec->vcpus, error);

    if (rc == 0)
        rc = check(LIMIT_ID_MAPPED_PAGES, core->guests.mapped_pages, pages_of(spec), error);
    return rc;
}

/* What one more interface maps: in the first place that is free. */
static uint64_t pages_of_next(const struct guest *guest)
{
    unsigned i = 0;

    while (i < guest->vif_count && guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT)
        i++;
    return i < LIMIT_VIFS && guest->layout.vif[i].hot ? layout_vif_pages(&guest->layout, i) : 0;
}

int policy_check_vif(const struct guest *guest, const struct spec_vif *vif, uid_t caller,
                     struct error *error)
{
    int rc = caller == 0 ? 0 : check_vif(guest->core, guest->name, vif, error);

    if (rc < 0 || guest->owner == 0)
        return rc;
    struct share share = share_of(guest->core, guest->owner);
    rc = check(LIMIT_ID_USER_PUBLISH, share.published, vif->publish_count, error);
    return rc < 0
               ? rc
               : check(LIMIT_ID_USER_MAPPED_PAGES, share.mapped_pages, pages_of_next(guest), error);
}
