# util, core, ctl and chaosd.
add_library(core_rig STATIC
  fixture/core_rig.c fixture/hostnet_fake.c fixture/iod_fake.c fixture/loop_fake.c)
target_include_directories(core_rig PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(core_rig PUBLIC chaos_core hv_fake elf_build
                               PRIVATE chaos::options PkgConfig::CHECK)

foreach(name create)
  chaos_unit_test(${name} core_rig)
endforeach()
