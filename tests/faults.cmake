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

# chaos_fault_test(NAME [DEFINITION...]): a program of all scenarios; with its store.c compiled anew.
set(fault_modes chaosd iod both twice hypercall hostnet alloc)
add_executable(test_faults unit/test_faults.c unit/faults_scenarios.c fixture/fault_world.c
               fixture/fault_check.c fixture/fault_alloc.c fixture/fd_closer_fake.c)
target_compile_definitions(test_faults PRIVATE FAULTS_MACHINES=${fault_machines}u)
target_include_directories(test_faults PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_faults PRIVATE chaos::options fault_core core_rig PkgConfig::LMDB)
foreach(mode ${fault_modes})
  add_test(NAME unit.faults.${mode} COMMAND test_faults ${mode})
  set_tests_properties(unit.faults.${mode} PROPERTIES LABELS unit TIMEOUT 600)
endforeach()
