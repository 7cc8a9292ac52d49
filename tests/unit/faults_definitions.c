/* Scenarios: what is defined, started by its name, with the host and again, and renamed. */
#include <errno.h>

#include "faults_scenarios.h"
#include "fixture/fault_definitions.h"

static const struct world_definition plain = {.name = "web", .max_restarts = 5};
static const struct world_definition restarted = {
    .name = "web", .restarts = true, .max_restarts = 5};
static const struct world_definition restarted_once = {
    .name = "web", .restarts = true, .max_restarts = 1};

static void defines(struct world *world)
{
    struct world_definition later = plain;

    later.max_restarts = 7;
    world_define(world, &plain);
    world_define(world, &later);
    world_start_defined(world, "web", false);
    world_end(world, "web", HV_SHUTDOWN_POWEROFF, ABSENT);
    world_start_defined(world, "web", true);
    world_restart(world);
    world_destroy(world, "web", true);
    world_undefine(world, "web");
}

static void is_started_again(struct world *world)
{
    world_define(world, &restarted);
    if (!world_start_defined(world, "web", true))
        return;
    world_crash_again(world, "web");
    /* It waits for a while now, in which another chaosd comes. */
    world_crash(world, "web");
    world_restart(world);
    world_advance(world, 1000);
    world_destroy(world, "web", true);
    world_undefine(world, "web");
}

static void is_given_up(struct world *world)
{
    world_define(world, &restarted_once);
    if (!world_start_defined(world, "web", true))
        return;
    world_crash_again(world, "web");
    world_crash_at_last(world, "web");
}

static void is_called_off(struct world *world)
{
    world_define(world, &restarted);
    if (!world_start_defined(world, "web", true))
        return;
    world_crash_again(world, "web");
    world_crash(world, "web");
    world_cease(world, "web");
}

/* By chaos-iod: at first, and when it is started again. */
static void cannot_start(struct world *world)
{
    world_define(world, &restarted);
    world->rig.iod.attach_status = world_struck(world) ? 0 : -ENOMEM;
    world_try_start(world, "web", false, true);
    world->rig.iod.attach_status = 0;
    if (rig_find(&world->rig, "web") == NULL && !world_start_defined(world, "web", true))
        return;
    world->rig.iod.attach_status = world_struck(world) ? 0 : -ENOMEM;
    world_crash(world, "web");
    world_wait(world, 200);
    world->rig.iod.attach_status = 0;
    world_advance(world, 4000);
}

static void restarted_by_its_user(struct world *world)
{
    world_define(world, &plain);
    if (!world_start_defined(world, "web", true))
        return;
    world_restart_defined(world, "web", false);
    world_restart_defined(world, "web", true);
}

static void renamed(struct world *world)
{
    struct guest_spec spec = world_spec("bare");

    world_boot(world, &spec);
    world_rename(world, "bare", "blank");
    world_define(world, &plain);
    world_rename(world, "web", "shop");
    world_start_defined(world, "shop", true);
    world_rename(world, "shop", "web");
    world_restart(world);
    world_destroy(world, "web", true);
}

static void for_one_guest(struct world *world)
{
    world_boot_restarted(world, &restarted);
    world_crash_again(world, "web");
    world_restart(world);
    world_advance(world, 1000);
    world_destroy_restarted(world, "web");
}

static void for_one_guest_that_is_given_up(struct world *world)
{
    world_boot_restarted(world, &restarted_once);
    world_crash_again(world, "web");
    world_crash_at_last(world, "web");
}

static void with_the_host(struct world *world)
{
    struct world_definition db = {.name = "db", .autostart = true};
    struct world_definition web = {.name = "web", .autostart = true, .after = "db"};

    if (!world_define(world, &db) || !world_define(world, &web))
        return;
    /* One whose call fails is left, and tried by its user. */
    unsigned states = BOOTING | RUNNING | (world_fails_calls(world) ? ABSENT : 0);
    world->ready = true;
    world_expect(world, "db", states);
    world_expect(world, "web", states);
    world_restart_host(world);
    world_advance(world, 2000);
    world_destroy(world, "db", true);
    /* Only with the host. */
    world_restart(world);
}

const struct scenario fault_definition_scenarios[] = {
    {"defines", defines},
    {"restarted", is_started_again},
    {"given-up", is_given_up},
    {"called-off", is_called_off},
    {"cannot-start", cannot_start},
    {"restart-verb", restarted_by_its_user},
    {"renamed", renamed},
    {"one-guest", for_one_guest},
    {"one-guest-given-up", for_one_guest_that_is_given_up},
    {"autostart", with_the_host},
};

const unsigned fault_definition_scenario_count =
    sizeof(fault_definition_scenarios) / sizeof(fault_definition_scenarios[0]);
