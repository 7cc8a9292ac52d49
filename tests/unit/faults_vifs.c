/* Scenarios: interfaces that come to a running guest and go, and what they have counted. */
#include <errno.h>

#include "faults_scenarios.h"
#include "fixture/fault_vifs.h"

static const struct spec_vif plain;
static const struct spec_vif published = {
    .publish_count = 1, .publish = {{.protocol = 6, .host_port = 8080, .guest_port = 80}}};
static const struct spec_vif bridged = {.bridge = "br0"};

static bool boot(struct world *world, const char *name)
{
    struct guest_spec spec = world_spec(name);
    return world_boot(world, &spec) != NULL;
}

static void come_and_go(struct world *world)
{
    boot(world, "web");
    world_attach(world, "web", &published, FOLLOWS, false);
    world_restart(world);
    world_detach(world, "web", 1, FOLLOWS);
    world_detach(world, "web", 0, FOLLOWS);
    world_attach(world, "web", &bridged, FOLLOWS, false);
    world_restart(world);
    world_destroy(world, "web", true);
}

/* By the host, chaos-iod and the guest. */
static void refused(struct world *world)
{
    boot(world, "web");
    boot(world, "other");
    world_attach(world, "web", &published, FOLLOWS, false);
    world_attach(world, "other", &published, FOLLOWS, true);
    world_attach(world, "other", &plain, REFUSES, true);
    world->rig.iod.add_status = world_struck(world) ? 0 : -ENOMEM;
    world_attach(world, "other", &plain, FOLLOWS, true);
    world->rig.iod.add_status = 0;
    world_attach(world, "other", &plain, FOLLOWS, world_struck(world));
}

static void unanswered(struct world *world)
{
    boot(world, "web");
    world_attach(world, "web", &plain, IS_SILENT, true);
    world_detach(world, "web", 0, IS_SILENT);
}

static void of_one_whose_iod_dies(struct world *world)
{
    boot(world, "web");
    world_attach(world, "web", &plain, FOLLOWS, false);
    world_iod_dies(world);
    world_detach(world, "web", 1, FOLLOWS);
    world_end(world, "web", HV_SHUTDOWN_CRASH, CRASHED);
}

static void counters(struct world *world)
{
    boot(world, "web");
    boot(world, "other");
    world_stats(world);
}

const struct scenario fault_vif_scenarios[] = {
    {"vifs", come_and_go},           {"vifs-refused", refused},
    {"vifs-unanswered", unanswered}, {"vifs-iod-dies", of_one_whose_iod_dies},
    {"counters", counters},
};

const unsigned fault_vif_scenario_count =
    sizeof(fault_vif_scenarios) / sizeof(fault_vif_scenarios[0]);
