# libukvm, its configuration files, and the command line.
find_library(XLUTIL xlutil REQUIRED)

chaos_unit_test(config_differential ukvm_private ${XLUTIL})
target_sources(test_config_differential PRIVATE fixture/config_differ.c)

chaos_unit_test(config_keys ukvm_private)
target_compile_definitions(test_config_keys PRIVATE CONFIG_DOC="${PROJECT_SOURCE_DIR}/docs/config.md")

# The parsers are compiled into the fuzz target, and so the linker takes only what they stand on
# from the library.
include(fuzz/fuzz.cmake)
chaos_fuzz_target(config
  PARSER libukvm/src/config_lex.c libukvm/src/config_xl.c libukvm/src/config_json.c
         libukvm/src/config_keys.c libukvm/src/config_vif.c libukvm/src/config_publish.c
         libukvm/src/config_cpus.c
  LIBS ukvm_private ${XLUTIL})
foreach(target fuzz_config fuzz_config_planted)
  if(TARGET ${target})
    target_sources(${target} PRIVATE fixture/config_differ.c)
  endif()
endforeach()

add_executable(config_print golden/config_print.c)
target_link_libraries(config_print PRIVATE chaos::options ukvm PkgConfig::JANSSON)
add_library(fake_chaosd_fixture STATIC fixture/fake_chaosd.c)
target_include_directories(fake_chaosd_fixture
  PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE ${PROJECT_SOURCE_DIR}/libukvm/include)
target_link_libraries(fake_chaosd_fixture PUBLIC chaos::options PkgConfig::JANSSON)
add_executable(fake_chaosd fixture/fake_chaosd_main.c)
target_link_libraries(fake_chaosd PRIVATE fake_chaosd_fixture)

set(GOLDEN ${CMAKE_CURRENT_SOURCE_DIR}/golden/run.sh)
add_test(NAME golden.config COMMAND ${GOLDEN} config $<TARGET_FILE:config_print>)
add_test(NAME golden.cli
         COMMAND ${GOLDEN} cli $<TARGET_FILE:fake_chaosd> $<TARGET_FILE_DIR:chaos>
                 $<TARGET_FILE_DIR:boot>)
set_tests_properties(golden.config golden.cli PROPERTIES LABELS golden)

foreach(name ukvm_client ukvm_bad_daemon ukvm_stats)
  chaos_unit_test(${name} ukvm_private fake_chaosd_fixture)
  target_sources(test_${name} PRIVATE fixture/fake_client.c)
endforeach()
add_test(NAME unit.ukvm_install
         COMMAND_EXPAND_LISTS
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/ukvm_install.sh ${PROJECT_BINARY_DIR}
                 ${PROJECT_SOURCE_DIR}/libukvm/examples/boot.c ${CMAKE_C_COMPILER}
                 $<$<BOOL:${CHAOS_SANITIZE}>:-fsanitize=address,undefined>)
set_tests_properties(unit.ukvm_install PROPERTIES LABELS unit)

chaos_unit_test(top)
target_sources(test_top PRIVATE ${PROJECT_SOURCE_DIR}/chaos-cli/top.c)
target_include_directories(test_top PRIVATE ${PROJECT_SOURCE_DIR}/chaos-cli
                                            ${PROJECT_SOURCE_DIR}/libukvm/include)
chaos_unit_test(cli_terminal fake_chaosd_fixture)
add_dependencies(test_cli_terminal chaos)
target_compile_definitions(test_cli_terminal PRIVATE CHAOS_PROGRAM="$<TARGET_FILE:chaos>")

chaos_unit_test(config ukvm_private)
chaos_unit_test(ukvm_record ukvm_private)
target_compile_definitions(test_ukvm_record PRIVATE
  PROTOCOL_DOC="${PROJECT_SOURCE_DIR}/docs/protocol.md")

# The n-th allocation fails: calls from the objects of these go through fail_alloc.c.
foreach(target test_config test_ukvm_client)
  target_sources(${target} PRIVATE fixture/fail_alloc.c)
  target_link_libraries(${target} PRIVATE PkgConfig::JANSSON)
  foreach(call malloc calloc realloc reallocarray strdup strndup asprintf)
    target_link_options(${target} PRIVATE -Wl,--wrap=${call})
  endforeach()
endforeach()
