/*
 * Lives of guests and shells, step by step. Together they pass through every row of every state
 * machine and send every message: test_faults.c fails when one is missing, and says which.
 */
#include "faults_scenarios.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/destroy.h"
#include "fixture/fault_check.h"
#include "fixture/fd_kept.h"
#include "noxs/access.h"

#define EMPTY_SHELLS "memory=2 nics=1 target=2 low=2 max=2"

static struct guest_spec published(const char *name)
{
    struct guest_spec spec = world_spec(name);

    spec.vif[0].publish_count = 1;
    spec.vif[0].publish[0] =
        (struct spec_publish){.protocol = 6, .host_port = 8080, .guest_port = 80};
    return spec;
}

static struct guest_spec preserved(const char *name)
{
    struct guest_spec spec = world_spec(name);

    spec.on_poweroff = spec.on_reboot = spec.on_crash = SPEC_PRESERVE;
    return spec;
}

static bool boot(struct world *world, const char *name)
{
    struct guest_spec spec = world_spec(name);
    return world_boot(world, &spec) != NULL;
}

static bool boot_preserved(struct world *world, const char *name)
{
    struct guest_spec spec = preserved(name);
    return world_boot(world, &spec) != NULL;
}

static bool start(struct world *world, const char *name)
{
    struct guest_spec spec = world_spec(name);
    return world_start(world, &spec) != NULL;
}

static const char *loaded_shells(const struct world *world)
{
    static char line[160];

    snprintf(line, sizeof(line), "memory=2 nics=1 target=2 low=2 max=2 image=/proc/self/fd/%d",
             world->rig.image_fd);
    return line;
}

/* ---- creates and destroys ----------------------------------------------------------- */

static void cold(struct world *world)
{
    struct guest_spec spec = published("web");

    world_boot(world, &spec);
    boot(world, "neighbour");
    world_destroy(world, "web", false);
    world_wait(world, 100);
    world_boot(world, &spec);
    world_destroy(world, "web", true);
}

static void bridged(struct world *world)
{
    struct guest_spec spec = world_spec("web");

    spec.vif_count = 2;
    snprintf(spec.vif[1].bridge, sizeof(spec.vif[1].bridge), "br0");
    world_boot(world, &spec);
    world_restart(world);
    world_destroy(world, "web", true);
}

static void empty_shells(struct world *world)
{
    struct guest_spec spec = published("web");

    world_pool(world, EMPTY_SHELLS, 2);
    world_boot(world, &spec);
    world_wait(world, 2000);
    world_destroy(world, "web", true);
}

static void loaded(struct world *world)
{
    struct guest_spec spec = published("web");

    world_pool(world, loaded_shells(world), 2);
    world_boot(world, &spec);
    start(world, "second");
    world_wait(world, 2000);
    world_destroy(world, "web", false);
    world_wait(world, 1000);
}

static void learned(struct world *world)
{
    /* A flavour without shells is not remembered. */
    world->shells = WORLD_SHELLS_ANY;
    world->rig.config.pool.learn = 1;
    world_restart(world);
    boot(world, "first");
    world_wait(world, 2000);
    boot(world, "second");
    world_wait(world, 2000);
}

static void fewer_shells(struct world *world)
{
    world_pool(world, EMPTY_SHELLS, 2);
    boot(world, "web");
    world_pool(world, "memory=2 nics=1 target=0", 0);
    world_wait(world, 1000);
}

static void refused(struct world *world)
{
    struct guest_spec spec = published("web");

    boot(world, "neighbour");
    /* Not when it has died: the neighbour may not be attached yet. */
    world->rig.iod.attach_status = world_struck(world) ? 0 : -ENOMEM;
    /* Another chaos-iod would not refuse it. */
    world_expect(world, "web", ABSENT | BOOTING | RUNNING);
    rig_create(&world->rig, &spec, true);
    world_wait(world, 12000);
    world->rig.iod.attach_status = 0;
    if (rig_find(&world->rig, "web") == NULL)
        world_boot(world, &spec);
}

/* Its creator's time is up, before and after it has begun to run. */
static void late(struct world *world)
{
    struct guest_spec spec = world_spec("web");

    world_expect(world, "web", ABSENT | BOOTING);
    rig_create(&world->rig, &spec, true);
    world_wait(world, 12000);
    world_expect(world, "web", ABSENT);
    world->rig.iod.silent = true;
    rig_create(&world->rig, &spec, true);
    world_wait(world, 1000);
    struct guest *guest = rig_find(&world->rig, "web");
    if (guest != NULL)
        destroy_guest(guest, NULL);
    world->rig.iod.silent = false;
    world_wait(world, 12000);
}

/* ---- pauses and shutdowns ----------------------------------------------------------- */

static void pauses(struct world *world)
{
    boot(world, "web");
    world_pause(world, "web");
    world_unpause(world, "web");
    world_pause(world, "web");
    if (!start(world, "early"))
        return;
    /* To Xen it looks like one that was never unpaused. */
    hv_fake_starve(world->rig.hv, rig_find(&world->rig, "early")->domid);
    world_pause(world, "early");
    world_restart(world);
    world_unpause(world, "early");
    world_unpause(world, "web");
    world_pause(world, "web");
    world_destroy(world, "web", true);
}

static void ack(struct world *world, const char *name, uint32_t status)
{
    struct guest *guest = rig_find(&world->rig, name);

    if (guest == NULL || guest->control.port.n == 0)
        return;
    uint64_t request = rig_page(&world->rig, guest)->request;
    noxs_write64(&rig_page(&world->rig, guest)->ack, noxs_pair(noxs_high(request), status));
    hv_fake_raise_control(world->rig.hv, guest->domid);
    loop_fake_run(world->rig.loop);
}

static void shutdowns(struct world *world)
{
    if (!boot(world, "web"))
        return;
    if (world_shutdown(world, "web", 5000, false)) {
        ack(world, "web", NOXS_ACK_REFUSED);
        world_expect(world, "web", RUNNING);
    }
    if (world_shutdown(world, "web", 300, false))
        world_wait(world, 1000);
    world_expect(world, "web", RUNNING);
    if (world_shutdown(world, "web", 5000, false)) {
        ack(world, "web", NOXS_ACK_OK);
        world_end(world, "web", HV_SHUTDOWN_POWEROFF, ABSENT);
    }
}

static void shutdowns_of_one_that_boots(struct world *world)
{
    if (!start(world, "web"))
        return;
    if (world_shutdown(world, "web", 300, false))
        world_wait(world, 1000);
    world_expect(world, "web", BOOTING | RUNNING);
    if (world_shutdown(world, "web", 5000, false))
        world_destroy(world, "web", true);
}

static void forced(struct world *world)
{
    boot(world, "web");
    if (!world_shutdown(world, "web", 300, true))
        return;
    world_expect(world, "web", world_expected(world, "web") | ABSENT);
    world_wait(world, 1000);
    world_expect(world, "web", ABSENT);
}

static void shutdowns_that_end_otherwise(struct world *world)
{
    boot_preserved(world, "off");
    boot_preserved(world, "crash");
    if (world_shutdown(world, "off", 5000, false))
        world_end(world, "off", HV_SHUTDOWN_POWEROFF, STOPPED);
    if (world_shutdown(world, "crash", 5000, false))
        world_end(world, "crash", HV_SHUTDOWN_CRASH, CRASHED);
    world_restart(world);
    world_destroy(world, "off", true);
}

/* ---- ends --------------------------------------------------------------------------- */

static void ends(struct world *world)
{
    struct guest_spec spec = published("web");

    world_boot(world, &spec);
    world_end(world, "web", HV_SHUTDOWN_POWEROFF, ABSENT);
    world_boot(world, &spec);
    world_end(world, "web", HV_SHUTDOWN_CRASH, CRASHED);
    /* The record makes room. */
    world_boot(world, &spec);
    world_end(world, "web", HV_SHUTDOWN_REBOOT, ABSENT);
}

static void ends_that_are_kept(struct world *world)
{
    boot_preserved(world, "off");
    boot_preserved(world, "crash");
    world_end(world, "off", HV_SHUTDOWN_POWEROFF, STOPPED);
    world_end(world, "crash", HV_SHUTDOWN_CRASH, CRASHED);
    world_restart(world);
    world_destroy(world, "off", true);
    world_destroy(world, "crash", true);
}

static void early_ends(struct world *world)
{
    start(world, "off");
    start(world, "crash");
    world_end(world, "off", HV_SHUTDOWN_POWEROFF, ABSENT);
    world_end(world, "crash", HV_SHUTDOWN_CRASH, CRASHED);
    start(world, "gone");
    world_destroy(world, "gone", false);
    world_wait(world, 500);
}

static void ends_of_paused_ones(struct world *world)
{
    boot(world, "off");
    boot(world, "crash");
    world_pause(world, "off");
    world_pause(world, "crash");
    world_end(world, "off", HV_SHUTDOWN_POWEROFF, ABSENT);
    world_end(world, "crash", HV_SHUTDOWN_CRASH, CRASHED);
}

static void ends_before_ready(struct world *world)
{
    struct guest_spec spec = published("web");

    world_expect(world, "web", ABSENT | BOOTING | CRASHED);
    rig_create(&world->rig, &spec, true);
    struct guest *guest = rig_find(&world->rig, "web");
    if (guest != NULL && guest_alive(guest))
        hv_fake_guest_shutdown(world->rig.hv, guest->domid, HV_SHUTDOWN_CRASH);
    world_wait(world, 12000);
    world_expect(world, "web", ABSENT);
}

static void faults(struct world *world)
{
    boot(world, "web");
    boot(world, "neighbour");
    const struct guest *guest = rig_find(&world->rig, "web");
    if (guest == NULL)
        return;
    /* chaos-iod says it once; it is said again to the next chaosd, but not by the fake. */
    world_expect(world, "web", RUNNING | CRASHED);
    iod_fake_fault(&world->rig.iod, guest->id, "net tx: producer index out of range");
    world_wait(world, 500);
}

/* ---- chaos-iod ---------------------------------------------------------------------- */

static void iod_dies(struct world *world)
{
    boot(world, "web");
    world_pool(world, EMPTY_SHELLS, 2);
    world_iod_dies(world);
    world_restart(world);
    world_iod_dies(world);
}

static void iod_hangs(struct world *world)
{
    boot(world, "web");
    boot(world, "leaves");
    world->rig.iod.silent = true;
    world_destroy(world, "leaves", false);
    world_wait(world, 6000);
    /* The one in its place does not greet either. */
    world_wait(world, 6000);
    world->rig.iod.silent = false;
    world_iod_dies(world);
    world_wait(world, 12000);
}

static void iod_does_not_start(struct world *world)
{
    boot(world, "web");
    world->rig.iod.will_not_start = true;
    world_iod_dies(world);
    world->rig.iod.will_not_start = false;
    world_iod_dies(world);
}

static void iod_was_replaced(struct world *world)
{
    boot(world, "web");
    boot(world, "gone");
    const struct guest *guest = rig_find(&world->rig, "web");
    if (guest != NULL)
        iod_fake_forget(&world->rig.iod, guest->id);
    world_restart(world);
    world_destroy(world, "gone", true);
}

static void console(struct world *world)
{
    const struct iod_console_want want = {.follow = true, .input = true};
    struct error error;
    int ends[2];

    boot(world, "web");
    const struct guest *guest = rig_find(&world->rig, "web");
    if (guest == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return;
    iod_console(&world->rig.core.iod, guest->id, ends[0], &want, &error);
    close(ends[0]);
    close(ends[1]);
    world_wait(world, 100);
}

/* ---- chaosd ------------------------------------------------------------------------- */

/* Of everything that one can leave behind. */
static void restarts(struct world *world)
{
    struct guest_spec spec = published("web");

    world_boot(world, &spec);
    boot(world, "paused");
    boot(world, "crashed");
    boot_preserved(world, "kept");
    start(world, "boots");
    world_pool(world, loaded_shells(world), 2);
    world_pause(world, "paused");
    world_end(world, "crashed", HV_SHUTDOWN_CRASH, CRASHED);
    world_end(world, "kept", HV_SHUTDOWN_POWEROFF, STOPPED);
    hv_fake_calls_reset(world->rig.hv);
    world_restart(world);
    if (!world_struck(world) && hv_fake_count(world->rig.hv, "domain_create") != 0)
        fault_wrong("shells are built that were there");
}

/* What went on while there was none. */
static void ends_without_chaosd(struct world *world)
{
    static const struct {
        const char *name;
        enum hv_shutdown_reason reason;
        unsigned states;
    } guests[] = {
        {"off", HV_SHUTDOWN_POWEROFF, ABSENT},
        {"crash", HV_SHUTDOWN_CRASH, CRASHED},
        {"reboot", HV_SHUTDOWN_REBOOT, ABSENT},
    };

    for (unsigned i = 0; i < 3; i++)
        boot(world, guests[i].name);
    boot(world, "vanished");
    for (unsigned i = 0; i < 3; i++) {
        const struct guest *guest = rig_find(&world->rig, guests[i].name);
        if (guest == NULL)
            continue;
        world_expect(world, guests[i].name, RUNNING | guests[i].states);
        hv_fake_guest_shutdown(world->rig.hv, guest->domid, guests[i].reason);
    }
    world_restart(world);
    for (unsigned i = 0; i < 3; i++)
        if ((world_expected(world, guests[i].name) & RUNNING) != 0)
            world_expect(world, guests[i].name, guests[i].states);
}

static void shells_that_fit_no_more(struct world *world)
{
    world_pool(world, EMPTY_SHELLS, 2);
    boot(world, "web");
    world->rig.flavour = NULL;
    world->shells = 0;
    world_restart(world);
}

static void leaves(struct world *world)
{
    boot(world, "web");
    world_pool(world, EMPTY_SHELLS, 2);
    core_leave(&world->rig.core);
    world_wait(world, 1000);
    world_restart(world);
}

/* ------------------------------------------------------------------------------------- */

const struct scenario fault_scenarios[] = {
    {"cold", cold},
    {"bridged", bridged},
    {"empty-shells", empty_shells},
    {"loaded", loaded},
    {"learned", learned},
    {"fewer-shells", fewer_shells},
    {"refused", refused},
    {"late", late},
    {"pauses", pauses},
    {"shutdowns", shutdowns},
    {"early-shutdowns", shutdowns_of_one_that_boots},
    {"forced", forced},
    {"other-shutdowns", shutdowns_that_end_otherwise},
    {"ends", ends},
    {"kept-ends", ends_that_are_kept},
    {"early-ends", early_ends},
    {"paused-ends", ends_of_paused_ones},
    {"not-ready", ends_before_ready},
    {"faults", faults},
    {"iod-dies", iod_dies},
    {"iod-hangs", iod_hangs},
    {"iod-does-not-start", iod_does_not_start},
    {"iod-was-replaced", iod_was_replaced},
    {"console", console},
    {"restarts", restarts},
    {"ends-alone", ends_without_chaosd},
    {"misfits", shells_that_fit_no_more},
    {"leaves", leaves},
};

const unsigned fault_scenario_count = sizeof(fault_scenarios) / sizeof(fault_scenarios[0]);
