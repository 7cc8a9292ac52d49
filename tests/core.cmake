# util, core, ctl and chaosd.
add_library(core_rig STATIC
  fixture/core_rig.c fixture/hostnet_fake.c fixture/iod_fake.c fixture/lingering.c
  fixture/loop_fake.c)
target_include_directories(core_rig PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(core_rig PUBLIC chaos_core chaos_ctl chaos_keyval hv_fake elf_build PRIVATE chaos::options)

foreach(name adopt control create dead death death_watch definition destroy dump dump_elf guest_table hotnet image_cache iod mem_set pool stats verbs)
  chaos_unit_test(${name} core_rig)
endforeach()
chaos_unit_test(sm chaos_util)
chaos_unit_test(util chaos_util)
chaos_unit_test(event_log chaos_core)
chaos_unit_test(events core_rig)
chaos_unit_test(wait core_rig)
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
chaos_unit_test(bad_input server_rig)
target_compile_definitions(test_bad_input PRIVATE
  PROTOCOL_MD="${PROJECT_SOURCE_DIR}/docs/protocol.md")
chaos_unit_test(limits server_rig)
chaos_unit_test(create_many server_rig)
chaos_unit_test(event_stream server_rig)
chaos_unit_test(op_hv server_rig)
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
# The file of a definition. Its rules for guests come from core's library.
chaos_fuzz_target(definition PARSER daemon/ctl/definition_json.c LIBS core_rig chaos_ctl)
# The file of the history of events.
chaos_fuzz_target(event_log PARSER daemon/core/event_log.c)
