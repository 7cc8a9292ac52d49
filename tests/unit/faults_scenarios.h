/* What chaosd is in the middle of when a fault comes: for test_faults.c. */
#ifndef CHAOS_TESTS_FAULTS_SCENARIOS_H
#define CHAOS_TESTS_FAULTS_SCENARIOS_H

#include "fixture/fault_world.h"

extern const struct scenario fault_scenarios[];
extern const unsigned fault_scenario_count;
extern const struct scenario fault_vif_scenarios[];
extern const unsigned fault_vif_scenario_count;
extern const struct scenario fault_definition_scenarios[];
extern const unsigned fault_definition_scenario_count;

#endif
