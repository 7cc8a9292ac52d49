# Faults at every point that the code has: core and what it stands on, compiled with CHAOS_FAULTS.
find_package(Threads REQUIRED)
get_target_property(fault_sources chaos_core SOURCES)
list(TRANSFORM fault_sources PREPEND ${PROJECT_SOURCE_DIR}/daemon/core/)
# How many state machines there are: each must have been seen, so none can be forgotten.
set(fault_machines 0)
foreach(source ${fault_sources})
  file(STRINGS ${source} types REGEX "^static const struct sm_type ")
  list(LENGTH types count)
  math(EXPR fault_machines "${fault_machines} + ${count}")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${fault_sources})

# Objects, so that they are linked instead of those in the libraries.
add_library(fault_core OBJECT ${fault_sources} ${PROJECT_SOURCE_DIR}/daemon/util/sm.c
                              ${PROJECT_SOURCE_DIR}/daemon/util/hash.c
                              ${PROJECT_SOURCE_DIR}/daemon/util/keyval.c)
target_compile_definitions(fault_core PUBLIC CHAOS_FAULTS)
target_compile_options(fault_core PRIVATE
  -DFAULT_ALLOC_REDIRECT -include ${CMAKE_CURRENT_SOURCE_DIR}/fixture/fault_alloc.h)
target_include_directories(fault_core PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}
                           PUBLIC ${PROJECT_SOURCE_DIR}/libukvm/include)
target_link_libraries(fault_core PUBLIC chaos::options chaos_util chaos_hv chaos_hostnet chaos_image
                      noxs PRIVATE PkgConfig::LMDB Threads::Threads)

# chaos_fault_program(NAME OBJECT...): all scenarios.
function(chaos_fault_program name)
  add_executable(${name} unit/test_faults.c unit/faults_scenarios.c unit/faults_vifs.c
                 unit/faults_definitions.c fixture/fault_world.c fixture/fault_points.c
                 fixture/fault_vifs.c fixture/fault_definitions.c fixture/fault_check.c
                 fixture/fault_check_definitions.c fixture/fault_alloc.c fixture/fd_closer_fake.c
                 ${ARGN})
  target_compile_definitions(${name} PRIVATE CHAOS_FAULTS FAULTS_MACHINES=${fault_machines}u)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE chaos::options core_rig PkgConfig::LMDB PkgConfig::JANSSON)
endfunction()

chaos_fault_program(test_faults $<TARGET_OBJECTS:fault_core>)
foreach(mode chaosd iod both twice hypercall hostnet alloc)
  add_test(NAME unit.faults.${mode} COMMAND test_faults ${mode})
  set_tests_properties(unit.faults.${mode} PROPERTIES LABELS unit TIMEOUT 900 PROCESSORS 2)
endforeach()

# chaos_fault_program_with(NAME SOURCE DEFINITION): the same, and one of core's sources with a bug.
function(chaos_fault_program_with name source definition)
  add_library(${name}_bug OBJECT ${PROJECT_SOURCE_DIR}/daemon/core/${source}.c)
  target_compile_definitions(${name}_bug PRIVATE CHAOS_FAULTS ${definition})
  target_link_libraries(${name}_bug PRIVATE chaos_core)
  chaos_fault_program(${name} $<TARGET_OBJECTS:${name}_bug>
    $<FILTER:$<TARGET_OBJECTS:fault_core>,EXCLUDE,/${source}\\.c\\.>)
endfunction()

# chaos_fault_planted(NAME SOURCE DEFINITION SCENARIO WHY): which the scenario must show, by these
# words.
function(chaos_fault_planted name source definition scenario why)
  set(program test_faults_without_${name})
  chaos_fault_program_with(${program} ${source} ${definition})
  add_test(NAME unit.faults.without.${name} COMMAND ${program} chaosd ${scenario})
  set_tests_properties(unit.faults.without.${name} PROPERTIES LABELS unit TIMEOUT 900
                       PASS_REGULAR_EXPRESSION "${why}")
endfunction()

# Without the write of one state (0: without the removal of records).
function(chaos_fault_without_state state scenario why)
  chaos_fault_planted(${state} store CHAOS_PLANTED_BUG_STATE_WRITE=${state} ${scenario} "${why}")
endfunction()

# Not STORE_STOPPED: Xen says the same of a domain that has stopped and is kept.
chaos_fault_without_state(STORE_SHELL restarts "shells are built that were there")
chaos_fault_without_state(STORE_GUEST restarts "guest web is gone, and should be running")
chaos_fault_without_state(STORE_PAUSED pauses "early: is gone")
chaos_fault_without_state(STORE_CRASHED restarts "guest crashed ended because")
chaos_fault_without_state(0 restarts "records instead of")
chaos_fault_planted(RUN definition_run CHAOS_PLANTED_BUG_RUN_RECORD restarted
                    "web: is gone")
