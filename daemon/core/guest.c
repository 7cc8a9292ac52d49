#include "core/guest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/hotnet.h"

#define LIVE_ENDS (SM_BIT(GUEST_STOPPED) | SM_BIT(GUEST_CRASHED) | SM_BIT(GUEST_GONE))

static const struct sm_state life_states[] = {
    [GUEST_CREATING] = {"creating",
                        SM_BIT(GUEST_SHELL) | SM_BIT(GUEST_BOOTING) | SM_BIT(GUEST_GONE)},
    [GUEST_SHELL] = {"shell", SM_BIT(GUEST_CREATING) | SM_BIT(GUEST_GONE)},
    [GUEST_BOOTING] = {"booting", SM_BIT(GUEST_RUNNING) | SM_BIT(GUEST_PAUSED) |
                                      SM_BIT(GUEST_SHUTTING_DOWN) | LIVE_ENDS},
    [GUEST_RUNNING] = {"running", SM_BIT(GUEST_PAUSED) | SM_BIT(GUEST_SHUTTING_DOWN) | LIVE_ENDS},
    [GUEST_PAUSED] = {"paused", SM_BIT(GUEST_BOOTING) | SM_BIT(GUEST_RUNNING) | LIVE_ENDS},
    /* Not GONE: who destroys it answers those who wait for its shutdown first. */
    [GUEST_SHUTTING_DOWN] = {"shutting-down", SM_BIT(GUEST_BOOTING) | SM_BIT(GUEST_RUNNING) |
                                                  SM_BIT(GUEST_STOPPED) | SM_BIT(GUEST_CRASHED)},
    [GUEST_STOPPED] = {"stopped", SM_BIT(GUEST_GONE)},
    [GUEST_CRASHED] = {"crashed", SM_BIT(GUEST_GONE)},
    [GUEST_GONE] = {"gone", 0},
};

static bool life_invariant(const void *owner, unsigned state)
{
    const struct guest *guest = owner;

    switch (state) {
    case GUEST_CREATING:
        return guest->unpaused_ns == 0;
    case GUEST_SHELL:
        return guest_is_shell(guest) && guest->unpaused_ns == 0 && guest->create == NULL &&
               guest->io.sm.state == GUEST_IO_ATTACHED;
    case GUEST_BOOTING:
        return guest->unpaused_ns != 0 && guest->ready_ns == 0 && !guest_is_shell(guest);
    case GUEST_RUNNING:
        return guest->ready_ns != 0 && guest_hold(guest) == GUEST_HELD;
    case GUEST_CRASHED:
        return guest->reason[0] != '\0';
    case GUEST_GONE:
        return guest->create == NULL && list_empty(&guest->shutdowns);
    default:
        return true;
    }
}

static const struct sm_type life_type = {"guest", life_states, GUEST_GONE + 1, life_invariant};

static const struct sm_state hold_states[] = {
    [GUEST_HELD] = {"held", SM_BIT(GUEST_DETACHING)},
    [GUEST_DETACHING] = {"detaching", SM_BIT(GUEST_DYING)},
    [GUEST_DYING] = {"dying", SM_BIT(GUEST_RELEASED)},
    [GUEST_RELEASED] = {"released", 0},
};

static bool hold_invariant(const void *owner, unsigned hold)
{
    const struct guest *guest = owner;

    /* A mapping or port that is left keeps the domain a zombie. */
    if (hold == GUEST_DYING || hold == GUEST_RELEASED)
        return guest->control.page == NULL && guest->control.port.n == 0 &&
               guest->io.channel_fd < 0;
    return true;
}

static const struct sm_type hold_type = {"hold", hold_states, GUEST_RELEASED + 1, hold_invariant};

static const struct sm_state io_states[] = {
    [GUEST_IO_NONE] = {"none", SM_BIT(GUEST_IO_ATTACHING) | SM_BIT(GUEST_IO_RECORDED)},
    [GUEST_IO_ATTACHING] = {"attaching", SM_BIT(GUEST_IO_ATTACHED) | SM_BIT(GUEST_IO_DETACHING) |
                                             SM_BIT(GUEST_IO_NONE)},
    [GUEST_IO_ATTACHED] = {"attached", SM_BIT(GUEST_IO_DETACHING) | SM_BIT(GUEST_IO_ATTACHING)},
    [GUEST_IO_DETACHING] = {"detaching", SM_BIT(GUEST_IO_NONE)},
    [GUEST_IO_RECORDED] = {"recorded", SM_BIT(GUEST_IO_ATTACHED) | SM_BIT(GUEST_IO_ATTACHING) |
                                           SM_BIT(GUEST_IO_DETACHING)},
};

static const struct sm_type io_type = {"io", io_states, GUEST_IO_RECORDED + 1, NULL};

static const struct sm_state vif_states[] = {
    [GUEST_VIF_UP] = {"up", SM_BIT(GUEST_VIF_ASKED)},
    [GUEST_VIF_JOINING] = {"attaching", SM_BIT(GUEST_VIF_OFFERED) | SM_BIT(GUEST_VIF_LEAVING) |
                                            SM_BIT(GUEST_VIF_ABSENT)},
    [GUEST_VIF_OFFERED] = {"attaching", SM_BIT(GUEST_VIF_UP) | SM_BIT(GUEST_VIF_LEAVING)},
    [GUEST_VIF_ASKED] = {"detaching", SM_BIT(GUEST_VIF_LEAVING)},
    [GUEST_VIF_LEAVING] = {"detaching", SM_BIT(GUEST_VIF_ABSENT)},
    [GUEST_VIF_ABSENT] = {"absent", 0},
};

static bool vif_invariant(const void *owner, unsigned state)
{
    const struct guest_vif *vif = owner;

    return state != GUEST_VIF_ABSENT || (!vif->mac.held && !vif->ip_held && vif->tap_fd < 0 &&
                                         vif->publish == NULL && vif->published == 0);
}

static const struct sm_type vif_type = {"vif", vif_states, GUEST_VIF_ABSENT + 1, vif_invariant};

void guest_vif_init(struct guest *guest, unsigned index, const struct spec_vif *spec,
                    enum guest_vif_state state)
{
    struct guest_vif *vif = &guest->vif[index];

    *vif = (struct guest_vif){
        .generation = 1, .ip = spec->ip, .prefix_len = spec->prefix_len, .tap_fd = -1};
    memcpy(vif->mac.octet, spec->mac, sizeof(spec->mac));
    memcpy(vif->bridge, spec->bridge, sizeof(vif->bridge));
    sm_init(&vif->sm, &vif_type, vif, state, core_now_ns(guest->core));
}

enum guest_vif_state guest_vif_state(const struct guest_vif *vif)
{
    return (enum guest_vif_state)vif->sm.state;
}

void guest_vif_move(struct guest *guest, unsigned index, enum guest_vif_state state)
{
    sm_move(&guest->vif[index].sm, state, core_now_ns(guest->core));
}

bool guest_vif_is_in_table(const struct guest_vif *vif)
{
    return guest_vif_state(vif) == GUEST_VIF_UP || guest_vif_state(vif) == GUEST_VIF_OFFERED;
}

bool guest_vif_is_in_iod(const struct guest_vif *vif)
{
    return guest_vif_state(vif) != GUEST_VIF_LEAVING && guest_vif_state(vif) != GUEST_VIF_ABSENT;
}

unsigned guest_vifs_present(const struct guest *guest)
{
    unsigned present = 0;

    for (unsigned i = 0; i < guest->vif_count; i++)
        present += guest_vif_state(&guest->vif[i]) != GUEST_VIF_ABSENT;
    return present;
}

int guest_vif_publish(struct guest_vif *vif, const struct spec_vif *spec)
{
    size_t size = spec->publish_count * sizeof(*spec->publish);

    if (size == 0)
        return 0;
    vif->publish = malloc(size);
    if (vif->publish == NULL)
        return -ENOMEM;
    memcpy(vif->publish, spec->publish, size);
    vif->publish_count = spec->publish_count;
    return 0;
}

static void init_machines(struct guest *guest)
{
    uint64_t now_ns = core_now_ns(guest->core);

    guest->io.channel_fd = -1;
    list_init(&guest->shutdowns);
    list_init(&guest->waits);
    guest->told = GUEST_NEVER_TOLD;
    list_init(&guest->release_waiters);
    sm_init(&guest->hold, &hold_type, guest, GUEST_HELD, now_ns);
    sm_init(&guest->io.sm, &io_type, guest, GUEST_IO_NONE, now_ns);
    sm_init(&guest->life, &life_type, guest, GUEST_CREATING, now_ns);
}

struct guest *guest_create(struct core *core, const struct guest_spec *spec, uid_t owner)
{
    struct guest *guest = calloc(1, sizeof(*guest));

    if (guest == NULL)
        return NULL;
    guest->core = core;
    guest->domid = GUEST_NO_DOMID;
    memcpy(guest->name, spec->name, sizeof(spec->name));
    guest->memory_mib = spec->memory_mib;
    guest->vcpus = (uint32_t)spec->vcpus;
    guest->vif_count = spec->vif_count;
    guest->generation = 1;
    store_uuid(core->config.mark, guest->uuid);
    layout_init(&guest->layout, guest->memory_mib, guest->vif_count);
    guest->present_pages = guest->layout.ram_pages;
    init_machines(guest);
    for (unsigned i = 0; i < guest->vif_count; i++)
        guest_vif_init(guest, i, &spec->vif[i], GUEST_VIF_UP);
    if (guest_adopt(guest, spec, owner) < 0) {
        guest_destroy(guest);
        return NULL;
    }
    return guest;
}

int guest_adopt(struct guest *guest, const struct guest_spec *spec, uid_t owner)
{
    guest->owner = owner;
    guest->on_poweroff = spec->on_poweroff;
    guest->on_reboot = spec->on_reboot;
    guest->on_crash = spec->on_crash;
    free(guest->kernel);
    guest->kernel = strdup(spec->kernel);
    bool complete = guest->kernel != NULL;
    for (unsigned i = 0; i < guest->vif_count; i++)
        complete = guest_vif_publish(&guest->vif[i], &spec->vif[i]) == 0 && complete;
    return complete ? 0 : -ENOMEM;
}

static void destroy_timer(struct guest *guest, struct loop_timer **timer)
{
    if (*timer != NULL)
        guest->core->loop->ops->timer_destroy(*timer);
    *timer = NULL;
}

void guest_destroy(struct guest *guest)
{
    if (guest == NULL)
        return;
    hotnet_forget(guest);
    destroy_timer(guest, &guest->control.exit_timer);
    destroy_timer(guest, &guest->control.throttle_timer);
    for (unsigned i = 0; i < guest->vif_count; i++)
        free(guest->vif[i].publish);
    free(guest->kernel);
    free(guest->record);
    free(guest);
}

bool guest_is_shell(const struct guest *guest)
{
    return guest->name[0] == '\0';
}

const char *guest_label(const struct guest *guest)
{
    return guest_is_shell(guest) ? "a shell" : guest->name;
}

enum guest_state guest_state(const struct guest *guest)
{
    return (enum guest_state)guest->life.state;
}

enum guest_hold guest_hold(const struct guest *guest)
{
    return (enum guest_hold)guest->hold.state;
}

const char *guest_state_name(const struct guest *guest)
{
    return sm_name(&guest->life);
}

const char *guest_state_name_of(unsigned state)
{
    return state <= GUEST_GONE ? life_states[state].name : "unknown";
}

unsigned guest_state_by_name(const char *name)
{
    for (unsigned state = 0; state <= GUEST_GONE; state++)
        if (strcmp(life_states[state].name, name) == 0)
            return state;
    return GUEST_NEVER_TOLD;
}

void guest_move(struct guest *guest, enum guest_state state)
{
    sm_move(&guest->life, state, core_now_ns(guest->core));
    events_tell(guest);
    guest->cause = NULL;
}

void guest_move_for(struct guest *guest, enum guest_state state, const char *cause)
{
    guest->cause = cause;
    guest_move(guest, state);
}

void guest_move_hold(struct guest *guest, enum guest_hold hold)
{
    sm_move(&guest->hold, hold, core_now_ns(guest->core));
    if (hold == GUEST_RELEASED)
        guest_table_release(&guest->core->guests, guest);
}

enum guest_state guest_live_state(const struct guest *guest)
{
    return guest->ready_ns != 0 ? GUEST_RUNNING : GUEST_BOOTING;
}

bool guest_alive(const struct guest *guest)
{
    enum guest_state state = guest_state(guest);
    return state == GUEST_BOOTING || state == GUEST_RUNNING || state == GUEST_PAUSED ||
           state == GUEST_SHUTTING_DOWN;
}

void guest_set_reason(struct guest *guest, const char *reason)
{
    if (guest->reason[0] != '\0')
        return;
    snprintf(guest->reason, sizeof(guest->reason), "%s", reason);
    for (char *c = guest->reason; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
}

bool guest_domain_is(const struct hv_domain_info *info, uint32_t domid, const uint8_t uuid[16])
{
    return info->domid == domid && memcmp(info->uuid, uuid, sizeof(info->uuid)) == 0;
}

/*
 * Bounds on what a guest may allocate: its grant entries fit one frame; its event channels are
 * the two constant ones and a few that it makes for itself.
 */
#define GRANT_FRAMES 1u
#define EVENT_PORTS  64u

void guest_domain_params(const struct guest *guest, struct hv_domain_params *params_out)
{
    *params_out = (struct hv_domain_params){.vcpus = guest->vcpus,
                                            .ram_pages = guest->layout.ram_pages,
                                            .grant_frames = GRANT_FRAMES,
                                            .event_ports = EVENT_PORTS};
    memcpy(params_out->uuid, guest->uuid, sizeof(params_out->uuid));
}

void guest_format_uuid(const struct guest *guest, char text[GUEST_UUID_TEXT])
{
    guest_uuid_text(guest->uuid, text);
}

void guest_uuid_text(const uint8_t uuid[16], char text[GUEST_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 0xf];
    }
    *out = '\0';
}
