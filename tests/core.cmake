# util, core, ctl and chaosd.
add_library(core_rig STATIC
  fixture/core_rig.c fixture/hostnet_fake.c fixture/iod_fake.c fixture/lingering.c
  fixture/loop_fake.c)
target_include_directories(core_rig PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(core_rig PUBLIC chaos_core chaos_keyval hv_fake elf_build PRIVATE chaos::options)

foreach(name adopt control create dead death destroy guest_table hotnet image_cache iod pool verbs)
  chaos_unit_test(${name} core_rig)
endforeach()
chaos_unit_test(sm chaos_util)
chaos_unit_test(util chaos_util)
chaos_unit_test(fd_closer core_rig)
chaos_unit_test(addr chaos_core)
chaos_unit_test(keyval chaos_keyval)
chaos_unit_test(spec chaos_core)
chaos_unit_test(store_record chaos_core)
chaos_unit_test(throttle chaos_core)
chaos_unit_test(ctl_json core_rig chaos_ctl)
add_library(server_rig STATIC fixture/server_rig.c)
target_link_libraries(server_rig PUBLIC core_rig chaos_ctl PRIVATE chaos::options PkgConfig::CHECK)
chaos_unit_test(server server_rig)
chaos_unit_test(create_many server_rig)
chaos_unit_test(daemon_config chaos_ctl)

include(fuzz/fuzz.cmake)
# Whole requests. The rest of ctl and core comes from their libraries.
chaos_fuzz_target(ctl PARSER daemon/ctl/args.c daemon/ctl/message.c daemon/ctl/request.c
                             daemon/ctl/spec_json.c daemon/ctl/record.c
                  LIBS core_rig chaos_ctl)
# The page as chaosd reads it. The rest of core comes from its library.
chaos_fuzz_target(page PARSER daemon/core/control.c daemon/core/throttle.c
                  LIBS core_rig)
# A record of the state store. Its rules for guests come from core's library.
chaos_fuzz_target(store PARSER daemon/core/store_record.c LIBS chaos_core)
