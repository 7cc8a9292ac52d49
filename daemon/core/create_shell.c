/* The steps that only shells have: those of their builds, and those that make a guest of one. */
#include <errno.h>
#include <string.h>

#include "core/create_internal.h"
#include "core/definition.h"
#include "core/pool.h"

const char *create_path_text(enum create_path path, enum create_cold cold)
{
    static const char *const why[] = {
        [CREATE_COLD_UNKNOWN] = "cold: no shell of this flavour",
        [CREATE_COLD_EMPTY] = "cold: no shell of this flavour is ready",
        [CREATE_COLD_ASKED] = "cold: asked for",
        [CREATE_COLD_ADDRESS] = "cold: mac or ip is given",
        [CREATE_COLD_BRIDGE] = "cold: an interface is on a bridge",
    };

    switch (path) {
    case CREATE_CLAIM_LOADED:
        return "loaded";
    case CREATE_CLAIM_SHELL:
        return "shell";
    default:
        return why[cold];
    }
}

/* The image is in the shell already, or goes in now: the same that the file would give. */
int create_take(struct create *create)
{
    int rc = create_check_fit(create);

    if (rc < 0)
        return rc;
    /* Not before: what is refused anyway must not keep the pool from its work. */
    pool_note_request(&create->core->pool);
    struct guest *guest =
        pool_take(&create->core->pool, &create->spec, &create->key, create->from, &create->cold);

    if (guest == NULL)
        return 0;
    create->path = guest->flavour->loaded ? CREATE_CLAIM_LOADED : CREATE_CLAIM_SHELL;
    guest->flavour = NULL;
    guest->create = create;
    create->guest = guest;
    if (create->path == CREATE_CLAIM_LOADED) {
        create_release_image(create);
        create->trim = false;
    }
    return 0;
}

int create_name(struct create *create)
{
    struct guest *guest = create->guest;
    int rc = create_admit(create);

    if (rc < 0)
        return rc;
    rc = guest_adopt(guest, &create->spec, create->owner);
    if (rc == 0)
        rc = guest_table_name(&create->core->guests, guest, create->spec.name);
    if (rc < 0)
        return create_failed(create, rc, "guest");
    if (create->definition != NULL)
        definition_take(create->definition, guest);
    events_tell(guest);
    return 0;
}

/*
 * From here on a chaosd that is started anew finds a guest, or destroys what never ran. A claim is
 * recorded before its name, image or command line are in the shell, which no other guest may see.
 */
int create_record(struct create *create)
{
    struct guest *guest = create->guest;

    guest->untrimmed = create->trim;
    int rc = store_save(guest, STORE_GUEST);
    if (rc < 0)
        return create_failed(create, rc, "it cannot be recorded");
    if (create->path != CREATE_COLD)
        memcpy(guest->control.page->name, guest->name, sizeof(guest->name));
    return 0;
}

/* An empty shell is attached before its image comes, so its rings must hold zeroes by then. */
int create_window(struct create *create)
{
    return create_load_with(create, NULL, false);
}

int create_cmdline(struct create *create)
{
    if (create->spec.cmdline[0] == '\0')
        return 0;
    create->trim = true;
    return create_load_with(create, NULL, true);
}

int create_trim(struct create *create)
{
    struct hv *hv = create->core->hv;
    const struct guest *guest = create->guest;
    struct hv_domain_params params;

    guest_domain_params(guest, &params);
    int rc = hv->ops->domain_trim(hv, guest->domid, &params);
    return rc < 0 ? create_failed(create, rc, "trim") : 0;
}
